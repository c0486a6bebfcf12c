/** A database of a test relay's own on the server that DATABASE_URL names: `DATABASE_URL=… npm test` runs on an external PostgreSQL and leaves nothing there. */
import postgres, { type Sql } from 'postgres';
import { randomId } from '../../shared/bytes.ts';

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** `url`'s user must be allowed to make databases. */
export async function makeTestDatabase(url: string): Promise<TestDatabase> {
  const name = `clawtab_test_${randomId().toLowerCase().replaceAll('-', '_')}`;
  const asked = async (task: (sql: Sql) => Promise<unknown>): Promise<void> => {
    const sql = postgres(url, { max: 1, onnotice: () => undefined });
    try {
      await task(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  };
  await asked((sql) => sql`create database ${sql(name)}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { url: own.href, drop: () => asked((sql) => sql`drop database if exists ${sql(name)}`) };
}
