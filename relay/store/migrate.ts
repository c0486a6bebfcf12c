/**
 * Plain SQL migrations, in order, each in its own transaction, under one advisory lock: two nodes that start together, or a node killed in
 * the middle, leave a whole schema. Expand first, contract a release later: the node before must still run on the schema after.
 */
import type { Sql } from 'postgres';
import { ClawError } from '../../shared/errors.ts';
import { sql as first } from './migrations/0001-first.ts';
import { sql as sessionGeneration } from './migrations/0002-session-generation.ts';

const MIGRATIONS: readonly { id: number; name: string; sql: string }[] = [
  { id: 1, name: 'first', sql: first },
  { id: 2, name: 'session-generation', sql: sessionGeneration },
];

/** "clawtab" as a number; held while migrations run. */
const LOCK = 0x636c6177;
/** What an ordinary role may do; used where the connection itself could pass row-level security. */
export const APP_ROLE = 'clawtab_app';

/**
 * Brings the schema up to date. Returns the role that the pool must take on: null where the connection is an ordinary role already.
 * Throws `state_newer` for a database that a later version has changed.
 */
export async function migrate(sql: Sql): Promise<string | null> {
  const connection = await sql.reserve();
  try {
    await connection`select pg_advisory_lock(${LOCK})`;
    await connection`create table if not exists schema_migrations (id integer primary key, name text not null, applied timestamptz not null default now())`;
    const done = new Set((await connection<{ id: number }[]>`select id from schema_migrations`).map((r) => r.id));
    const newest = MIGRATIONS.at(-1)!.id;
    const unknown = [...done].filter((id) => id > newest + 1);
    if (unknown.length > 0)
      throw new ClawError(
        'state_newer',
        `The database has been changed by a later ClawTab (migration ${unknown[0]}); this one knows ${newest}.`,
        {
          hint: 'Start the newer version again.',
        },
      );
    for (const { id, name, sql: text } of MIGRATIONS.filter((m) => !done.has(m.id))) {
      await connection.unsafe('begin');
      try {
        await connection.unsafe(text);
        await connection`insert into schema_migrations (id, name) values (${id}, ${name})`;
        await connection.unsafe('commit');
      } catch (error) {
        await connection.unsafe('rollback');
        throw error;
      }
    }
    return await ordinaryRole(connection);
  } finally {
    await connection`select pg_advisory_unlock(${LOCK})`.catch(() => undefined);
    connection.release();
  }
}

/** A superuser walks through row-level security: it gets a role that does not. */
async function ordinaryRole(sql: Sql): Promise<string | null> {
  const [me] = await sql<{ passes: boolean }[]>`select rolsuper or rolbypassrls as passes from pg_roles where rolname = current_user`;
  if (!me?.passes) return null;
  await sql.unsafe(`do $$ begin
    if not exists (select from pg_roles where rolname = '${APP_ROLE}') then create role ${APP_ROLE} nologin; end if;
  end $$`);
  await sql.unsafe(`grant usage on schema public to ${APP_ROLE}`);
  await sql.unsafe(`grant select, insert, update, delete on all tables in schema public to ${APP_ROLE}`);
  return APP_ROLE;
}
