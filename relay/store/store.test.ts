/**
 * The store on both kinds of server. The schema is a snapshot: a new column fails here until it was read against security.md 2.10, and row-level
 * security is tried without any WHERE clause at all.
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClawError } from '../../shared/errors.ts';
import { removeState } from '../test-relay.ts';
import { type EmbeddedServer, startEmbedded } from './embedded.ts';
import { APP_ROLE } from './migrate.ts';
import { openStore } from './postgres.ts';
import { newAccount, storeSuite } from './store.suite.ts';
import type { Store } from './store.ts';
import { startTestPostgres, type TestPostgres } from './test-postgres.ts';

describe('on the embedded PostgreSQL', () => {
  const state = mkdtempSync(join(tmpdir(), 'clawtab-store-'));
  let server: EmbeddedServer;
  let store: Store;
  beforeAll(async () => {
    server = await startEmbedded(state);
    store = await openStore(null, server.options);
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
    removeState(state);
  });
  storeSuite(() => store);
});

describe('on an external PostgreSQL', () => {
  let server: TestPostgres;
  let store: Store;
  let sql: Sql;
  beforeAll(async () => {
    server = await startTestPostgres();
    store = await openStore(server.url);
    sql = postgres(server.url, { max: 2, onnotice: () => undefined });
  });
  afterAll(async () => {
    await sql.end();
    await store.close();
    await server.remove();
  });
  storeSuite(() => store);

  it('the schema is the reviewed one', async () => {
    const columns = await sql<{ text: string }[]>`
      select table_name || '.' || column_name || ' ' || data_type || case when is_nullable = 'YES' then ' null' else '' end as text
      from information_schema.columns where table_schema = 'public' order by table_name, ordinal_position`;
    const reviewed = readFileSync(new URL('./schema.txt', import.meta.url), 'utf8');
    expect(`${columns.map((c) => c.text).join('\n')}\n`).toBe(reviewed);
  });

  it('every table with an account’s rows has row-level security, for its owner too', async () => {
    const open = await sql<{ relname: string }[]>`select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
      and not (relrowsecurity and relforcerowsecurity) order by relname`;
    expect(open.map((t) => t.relname)).toEqual(['relay_secret', 'schema_migrations']);
  });

  it('a query that forgets its WHERE clause sees no row, and one tenant’s scope shows no other’s', async () => {
    const [a, b] = [await newAccount(store), await newAccount(store)];
    for (const table of ['accounts', 'device_lists', 'devices', 'sessions', 'enrolments', 'grants', 'security_events']) {
      expect(await sql.unsafe(`select * from ${table}`), table).toHaveLength(0);
      expect((await sql.unsafe(`delete from ${table}`)).count, table).toBe(0);
    }
    const seen = await sql.begin(async (tx) => {
      await tx`select set_config('app.account', ${a.account}, true)`;
      return tx<{ id: string }[]>`select id from accounts`;
    });
    expect(seen.map((r) => r.id)).toEqual([a.account]);
    await expect(
      sql.begin(async (tx) => {
        await tx`select set_config('app.account', ${a.account}, true)`;
        await tx`insert into security_events (account, kind, hour) values (${b.account}, 'signed_in', 1)`;
      }),
    ).rejects.toThrow('row-level security');
  });

  it('a superuser’s connection takes on a role that row-level security holds for', async () => {
    const as = new URL(server.url);
    as.username = 'admin';
    const own = await openStore(as.href);
    const home = await newAccount(own);
    expect(await own.account(home.account)).not.toBeNull();
    await own.close();
    const admin = postgres(as.href, { max: 1, connection: { role: APP_ROLE } as object, onnotice: () => undefined });
    expect(await admin`select * from accounts`).toHaveLength(0);
    await admin.end();
  });

  it('migrates once, whoever starts together, and again after being killed in the middle', async () => {
    await server.admin.unsafe('create database fresh owner clawtab');
    const url = server.url.replace(/clawtab$/, 'fresh');
    const stores = await Promise.all([openStore(url), openStore(url), openStore(url)]);
    const look = postgres(url, { max: 1 });
    expect(await look`select id from schema_migrations`).toHaveLength(2);
    for (const one of stores) await one.close();
    await look.end();
  });

  it('refuses a database that a later version has changed by more than the next step, naming it', async () => {
    await server.admin.unsafe('create database later owner clawtab');
    const url = server.url.replace(/clawtab$/, 'later');
    await (await openStore(url)).close();
    const look = postgres(url, { max: 1 });
    await look`insert into schema_migrations (id, name) values (3, 'next')`;
    await (await openStore(url)).close();
    await look`insert into schema_migrations (id, name) values (9, 'future')`;
    await look.end();
    await expect(openStore(url)).rejects.toMatchObject({ code: 'state_newer' });
  });

  it.each([
    ['a wrong password', (url: string) => url.replace(/:[^:@]+@/, ':wrong@')],
    ['a database that is not there', (url: string) => url.replace(/clawtab$/, 'absent')],
    ['nobody at the port', (url: string) => url.replace(/:\d+\//, ':1/')],
  ])('BAD-70 with %s says which variable, and no password', async (_name, change) => {
    const url = change(server.url);
    const error = await openStore(url).then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ClawError);
    const { code, message, hint } = error as ClawError;
    expect(['config_database', 'unavailable']).toContain(code);
    expect(`${message} ${hint}`).toContain('DATABASE_URL');
    expect(`${message} ${hint}`).not.toContain(new URL(url).password);
  });
});
