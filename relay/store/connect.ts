/**
 * The connection pool: migrations first, then every transaction says whose rows it may see. Owns how a database that does not answer becomes
 * `unavailable`; what is asked is in the other files of this folder.
 */
import postgres, { type Options, type PostgresType, type Sql, type TransactionSql } from 'postgres';
import { ClawError } from '../../shared/errors.ts';
import { migrate } from './migrate.ts';

/** What a transaction names to see rows: see migrations/0001-first.ts. */
export type Scope = Partial<Record<'account' | 'email' | 'device' | 'hash' | 'scope', string>>;

/** A query that takes longer is given up, ms: nothing here reads more than some hundred rows. */
const ANSWER_MS = 5_000;
export type ConnectOptions = Options<Record<string, PostgresType>>;

const GONE = /^(ECONN|ENOENT|EPIPE|ETIMEDOUT|EAI_|ENOTFOUND|CONNECT|53|57|08|25006)/;

/** An answer of the database, or `unavailable`. Anything else is a bug and passes through. */
export function databaseError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!GONE.test(code)) return error;
  return new ClawError('unavailable', 'The relay cannot reach its database.', { data: { retryAfterS: 5 }, cause: error });
}

export class Database {
  readonly sql: Sql;

  private constructor(sql: Sql) {
    this.sql = sql;
  }

  /** Migrates and opens the pool. `url` null: `options` say where (the embedded server's socket). */
  static async open(url: string | null, options: ConnectOptions = {}): Promise<Database> {
    const base: ConnectOptions = {
      connect_timeout: 5,
      onnotice: () => undefined,
      ...options,
      connection: {
        application_name: 'clawtab-relay',
        statement_timeout: ANSWER_MS,
        lock_timeout: ANSWER_MS,
        idle_in_transaction_session_timeout: ANSWER_MS,
      },
    };
    const make = (more: ConnectOptions): Sql => (url === null ? postgres({ ...base, ...more }) : postgres(url, { ...base, ...more }));
    const first = make({ max: 1, connection: { application_name: 'clawtab-migrate' } });
    let role: string | null;
    try {
      role = await migrate(first);
    } catch (error) {
      throw databaseError(error);
    } finally {
      await first.end({ timeout: 1 });
    }
    const connection = { ...base.connection, ...(role === null ? {} : { role }) };
    return new Database(make({ max: options.max ?? 8, idle_timeout: 60, connection }));
  }

  /** A transaction that sees only what `scope` names. */
  async within<T>(scope: Scope, task: (tx: TransactionSql) => Promise<T>): Promise<T> {
    return this.guard(
      this.sql.begin(async (tx) => {
        await tx`select set_config('app.' || name, value, true)
          from unnest(${Object.keys(scope)}::text[], ${Object.values(scope)}::text[]) as t(name, value)`;
        return task(tx);
      }) as Promise<T>,
    );
  }

  /** `answer`, but within bounds: a database that hangs is one that is gone. */
  async guard<T>(answer: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })), ANSWER_MS + 500);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      throw databaseError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.sql.end({ timeout: 2 });
  }
}
