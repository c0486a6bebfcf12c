/** Accounts, their device lists, enrolments and security events in PostgreSQL. Devices and their tokens are in devices.ts. */
import type { Sql, TransactionSql } from 'postgres';
import type { Removal, SignedList } from '../../shared/device-list.ts';
import type { Database } from './connect.ts';
import { type AccountRecord, asAccount, bytes } from './rows.ts';
import type { AccountRow, Change, EventKind, ListDevice } from './store.ts';

export const CHANNEL = 'clawtab_changes';
export const hourOf = (ms: number): number => Math.floor(ms / 3_600_000);

/** Ids only: what is notified reaches the server's disk in clear. */
export async function tell(tx: TransactionSql, change: Change): Promise<void> {
  await tx`select pg_notify(${CHANNEL}, ${JSON.stringify(change)})`;
}

const listColumns = (sql: Sql | TransactionSql, list: SignedList) => ({
  body: list.body,
  sig: Buffer.from(list.sig, 'base64url'),
  removals: sql.json(list.removals),
});

async function standing(tx: TransactionSql, account: string, epoch: number, devices: readonly ListDevice[]): Promise<void> {
  for (const d of devices) {
    await tx`insert into devices (account, id, kind, sign_pub, list_epoch) values (${account}, ${d.id}, ${d.kind}, ${d.pub}, ${epoch})
      on conflict (account, id) do update set list_epoch = ${epoch}, revoked_at = null, kind = excluded.kind`;
  }
  const gone = await tx<{ id: string }[]>`update devices set revoked_at = now(), token_hash = null, prev_hash = null, retired_hashes = ''
    where account = ${account} and list_epoch between 1 and ${epoch - 1} and revoked_at is null returning id`;
  for (const { id } of gone) await revoked(tx, account, id);
}

export async function revoked(tx: TransactionSql, account: string, device: string): Promise<void> {
  await tx`delete from sessions where account = ${account} and device = ${device}`;
  await tx`delete from enrolments where account = ${account} and device = ${device}`;
  await tell(tx, { account, device, what: 'revoked' });
}

export class Accounts {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  createAccount(a: AccountRow, list: SignedList, devices: readonly ListDevice[]): Promise<'created' | 'exists'> {
    return this.#db.within({ account: a.id }, async (tx) => {
      const made = await tx`insert into accounts ${tx({
        id: a.id,
        email: a.email,
        salt: a.salt,
        kdf_memory_kib: a.kdf.memoryKiB,
        kdf_iterations: a.kdf.iterations,
        auth_hash: a.authHash,
        ask_pub: a.askPub,
        wrapped_account_key: a.wrappedKey,
      })} on conflict do nothing`;
      if (made.count === 0) return 'exists';
      await tx`insert into device_lists ${tx({ account: a.id, epoch: 1, ...listColumns(tx, list) })}`;
      await standing(tx, a.id, 1, devices);
      return 'created';
    });
  }

  accountByEmail(email: string): Promise<AccountRow | null> {
    return this.#db.within({ email }, async (tx) => {
      const [row] = await tx<AccountRecord[]>`select * from accounts where email = ${email}`;
      return row ? asAccount(row) : null;
    });
  }

  account(id: string): Promise<AccountRow | null> {
    return this.#db.within({ account: id }, async (tx) => {
      const [row] = await tx<AccountRecord[]>`select * from accounts where id = ${id}`;
      return row ? asAccount(row) : null;
    });
  }

  newestList(account: string): Promise<{ epoch: number; list: SignedList } | null> {
    return this.#db.within({ account }, async (tx) => {
      const [row] = await tx<
        { epoch: number; body: string; sig: Uint8Array; removals: Removal[] }[]
      >`select epoch, body, sig, removals from device_lists where account = ${account}`;
      if (!row) return null;
      return {
        epoch: row.epoch,
        list: { body: row.body, sig: Buffer.from(bytes(row.sig)).toString('base64url'), removals: row.removals },
      };
    });
  }

  putList(
    account: string,
    epoch: number,
    list: SignedList,
    devices: readonly ListDevice[],
    removals: number,
  ): Promise<'stored' | 'conflict'> {
    return this.#db.within({ account }, async (tx) => {
      const stored = await tx`update device_lists set ${tx({ epoch, ...listColumns(tx, list) })}
        where account = ${account} and epoch = ${epoch - 1} and jsonb_array_length(removals) = ${removals}`;
      if (stored.count === 0) return 'conflict';
      await standing(tx, account, epoch, devices);
      await tell(tx, { account, device: null, what: 'list', epoch });
      return 'stored';
    });
  }

  removeDevice(account: string, device: string, removal: Removal): Promise<boolean> {
    return this.#db.within({ account }, async (tx) => {
      const [list] = await tx<
        { epoch: number; removals: Removal[] }[]
      >`select epoch, removals from device_lists where account = ${account} for update`;
      const known =
        await tx`update devices set revoked_at = coalesce(revoked_at, now()), token_hash = null, prev_hash = null, retired_hashes = ''
        where account = ${account} and id = ${device}`;
      if (!list || known.count === 0) return false;
      if (!list.removals.some((r) => r.body === removal.body))
        await tx`update device_lists set removals = ${tx.json([...list.removals, removal])} where account = ${account}`;
      await revoked(tx, account, device);
      await tell(tx, { account, device: null, what: 'list', epoch: list.epoch });
      return true;
    });
  }

  leaveEnrolment(account: string, device: string, sealed: string, expiresAtMs: number): Promise<boolean> {
    return this.#db.within({ account }, async (tx) => {
      const [known] =
        await tx`select 1 from devices where account = ${account} and id = ${device} and list_epoch > 0 and revoked_at is null`;
      if (!known) return false;
      await tx`insert into enrolments (account, device, sealed, expires) values (${account}, ${device}, ${sealed}, ${new Date(expiresAtMs)})
        on conflict (account, device) do update set sealed = excluded.sealed, expires = excluded.expires`;
      await tell(tx, { account, device, what: 'enrolment' });
      return true;
    });
  }

  enrolment(device: string, nowMs: number): Promise<{ account: string; sealed: string } | null> {
    return this.#db.within({ device }, async (tx) => {
      const [row] = await tx<{ account: string; sealed: string }[]>`select account, sealed from enrolments
        where device = ${device} and expires > ${new Date(nowMs)} order by expires desc limit 1`;
      return row ? { account: row.account, sealed: row.sealed } : null;
    });
  }

  async endEnrolment(account: string, device: string): Promise<void> {
    await this.#db.within({ account }, (tx) => tx`delete from enrolments where account = ${account} and device = ${device}`);
  }

  async addEvent(account: string, kind: EventKind, device: string | null, nowMs: number): Promise<void> {
    await this.#db.within({ account }, async (tx) => {
      const hour = hourOf(nowMs);
      const [known] = await tx`select 1 from security_events
        where account = ${account} and kind = ${kind} and device is not distinct from ${device} and hour = ${hour} limit 1`;
      // Once an hour: who shows a stolen token again and again wakes nobody again, and fills no list that others stand in.
      if (known) return;
      await tx`insert into security_events (account, kind, device, hour) values (${account}, ${kind}, ${device}, ${hour})`;
      // The devices that are there ask again for what they have not told: by the same word as for a list, which may be the one they know.
      const [list] = await tx<{ epoch: number }[]>`select epoch from device_lists where account = ${account}`;
      if (list) await tell(tx, { account, device: null, what: 'list', epoch: list.epoch });
    });
  }

  events(account: string, sinceHour: number, limit: number): Promise<{ kind: string; device: string | null; hour: number }[]> {
    return this.#db.within({ account }, async (tx) => [
      ...(await tx<{ kind: string; device: string | null; hour: number }[]>`select kind, device, hour from security_events
          where account = ${account} and hour >= ${sinceHour} order by hour desc limit ${limit}`),
    ]);
  }
}
