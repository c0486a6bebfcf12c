/**
 * The first schema: exactly the list of security.md 2.10, and two things that list does not name. `enrolments` holds what a page leaves for
 * a machine that is about to join: opaque, at most ten minutes, gone once the machine has signed in. `relay_secret` is one random value for
 * false salts, which must be the same after a restart and on every node; it opens nothing.
 *
 * Row-level security is the second wall behind the WHERE clauses: a row is visible only to a transaction that has named its account, or the
 * exact key (address, device, token hash) under which it is looked up; `app.scope = 'tidy'` is for housekeeping.
 */
export const sql = `
create table relay_secret (one boolean primary key default true check (one), secret bytea not null check (length(secret) = 32));

create table accounts (
  id text primary key check (length(id) between 16 and 64),
  email text not null unique check (length(email) <= 254),
  salt bytea not null check (length(salt) = 16),
  kdf_memory_kib integer not null,
  kdf_iterations integer not null,
  auth_hash text not null,
  ask_pub bytea not null check (length(ask_pub) = 65),
  wrapped_account_key bytea not null check (length(wrapped_account_key) <= 1024),
  created_day date not null default current_date
);

create table device_lists (
  account text primary key references accounts on delete cascade,
  epoch integer not null,
  body text not null check (length(body) <= 131072),
  sig bytea not null,
  removals jsonb not null default '[]'
);

create table devices (
  account text not null references accounts on delete cascade,
  id text not null check (length(id) = 43),
  kind text not null check (kind in ('phone', 'daemon')),
  sign_pub bytea not null check (length(sign_pub) = 65),
  list_epoch integer not null default 0,
  token_hash bytea check (length(token_hash) = 32),
  prev_hash bytea check (length(prev_hash) = 32),
  retired_hashes bytea not null default '' check (length(retired_hashes) % 32 = 0),
  generation integer not null default 0,
  rotated_at timestamptz,
  replacements integer not null default 0,
  last_seen_hour integer,
  revoked_at timestamptz,
  quarantined_at timestamptz,
  primary key (account, id)
);
create index devices_by_id on devices (id);
create unique index devices_by_token on devices (token_hash);
create index devices_by_revocation on devices (revoked_at) where revoked_at is not null;
create index devices_by_quarantine on devices (quarantined_at) where quarantined_at is not null;

create table sessions (
  hash bytea primary key check (length(hash) = 32),
  account text not null,
  device text not null,
  expires timestamptz not null,
  fresh_until timestamptz not null,
  foreign key (account, device) references devices on delete cascade
);
create index sessions_by_device on sessions (account, device);
create index sessions_by_expiry on sessions (expires);

create table enrolments (
  account text not null,
  device text not null,
  sealed text not null check (length(sealed) <= 65536),
  expires timestamptz not null,
  primary key (account, device),
  foreign key (account, device) references devices on delete cascade
);
create index enrolments_by_device on enrolments (device);

create table grants (
  id text primary key,
  owner text not null references accounts on delete cascade,
  guest text not null references accounts on delete cascade,
  expires timestamptz not null
);

create table security_events (
  account text not null references accounts on delete cascade,
  kind text not null,
  device text,
  hour integer not null
);
create index security_events_by_account on security_events (account, hour desc);

create function app(name text) returns text language sql stable as $$ select nullif(current_setting('app.' || name, true), '') $$;

alter table accounts enable row level security;
alter table accounts force row level security;
create policy own on accounts using (id = app('account') or email = app('email') or app('scope') = 'tidy') with check (id = app('account'));

alter table device_lists enable row level security;
alter table device_lists force row level security;
create policy own on device_lists using (account = app('account'));

alter table devices enable row level security;
alter table devices force row level security;
create policy own on devices
  using (account = app('account') or id = app('device') or token_hash = decode(app('hash'), 'hex') or app('scope') = 'tidy')
  with check (account = app('account') or id = app('device') or app('scope') = 'tidy');

alter table sessions enable row level security;
alter table sessions force row level security;
create policy own on sessions using (account = app('account') or hash = decode(app('hash'), 'hex') or app('scope') = 'tidy')
  with check (account = app('account'));

alter table enrolments enable row level security;
alter table enrolments force row level security;
create policy own on enrolments using (account = app('account') or device = app('device') or app('scope') = 'tidy')
  with check (account = app('account'));

alter table grants enable row level security;
alter table grants force row level security;
create policy own on grants using (owner = app('account') or app('scope') = 'tidy') with check (owner = app('account'));

alter table security_events enable row level security;
alter table security_events force row level security;
create policy own on security_events using (account = app('account') or app('scope') = 'tidy') with check (account = app('account'));
`;
