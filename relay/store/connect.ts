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
/** Before the next try to reach a database that is away. The driver's own goes up to 20 s, and a relay that is back 20 s late is an outage of its own. */
const retrySeconds = (tries: number): number => (0.5 + Math.random() / 2) * Math.min(3 ** tries / 100, 1);
export type ConnectOptions = Options<Record<string, PostgresType>>;

const GONE = /^(ECONN|ENOENT|EPIPE|ETIMEDOUT|EAI_|ENOTFOUND|CONNECT|53|57|08|25006)/;

/** An answer of the database, or `unavailable`. Anything else is a bug and passes through. */
export function databaseError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!GONE.test(code)) return error;
  return new ClawError('unavailable', 'The relay cannot reach its database.', { data: { retryAfterS: 5 }, cause: error });
}

/** Why a start with this DATABASE_URL fails, with the way out; never its password. */
function startError(error: unknown, url: string | null): unknown {
  const known = databaseError(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (url === null || (error instanceof ClawError && error.code.startsWith('state_'))) return known;
  const wrong = (message: string, hint: string): ClawError =>
    new ClawError('config_database', `DATABASE_URL: ${message}`, { hint, cause: error });
  if (error instanceof Error && /no encryption|SSL off/i.test(error.message))
    return wrong('the server takes only encrypted connections.', 'Add ?sslmode=require to DATABASE_URL.');
  if (code.startsWith('28')) return wrong('the server refuses this user or password.', 'Check both, with psql and the same address.');
  if (code === '3D000') return wrong('there is no database of that name.', 'Make it: createdb -O USER NAME');
  if (code === '42501') return wrong('this user may not make tables there.', 'Let it own the database: alter database NAME owner to USER');
  if (known instanceof ClawError && known.code === 'unavailable')
    return new ClawError('unavailable', `DATABASE_URL: nothing answers at ${new URL(url).host}.`, {
      hint: 'Start PostgreSQL there, or correct the address.',
      cause: error,
    });
  return known;
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
      backoff: retrySeconds,
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
      throw startError(error, url);
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
