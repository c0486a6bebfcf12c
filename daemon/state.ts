/**
 * The state directory: where it is, that it is private (0700, ours, no symlink), and the paths inside it. Owns the two file primitives
 * every part uses: an atomic durable write and a checked private read. Imports nothing heavy: the pty holder loads this file too.
 */
import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { ClawError } from '../shared/errors.ts';

/** `sun_path` is 104 bytes on macOS and 108 on Linux, each with the closing NUL. */
export const MAX_SOCKET_PATH_BYTES = 103;

export interface State {
  /** The directory itself, 0700. */
  readonly root: string;
  /** One folder a run: run.json, exit.json, log/, resizes. */
  readonly runs: string;
  /** Unix sockets, 0700; a short place elsewhere where `root` is too long for a socket path. */
  readonly sockets: string;
  /** The answer journal and the audit log. */
  readonly journal: string;
  /** Job files, one each. */
  readonly jobs: string;
  /** The daemon's own log files. */
  readonly logs: string;
  /** Settings a person may edit. */
  readonly config: string;
  /** The daemon's local API. */
  readonly daemonSocket: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Where the state lives for this user: `CLAWTAB_STATE`, else the platform's place. Creates nothing. @throws state_path, state_no_home */
export function stateRoot(env: Env = process.env, platform: NodeJS.Platform = process.platform): string {
  const explicit = env.CLAWTAB_STATE;
  if (explicit !== undefined && explicit !== '') {
    if (!path.isAbsolute(explicit)) {
      throw new ClawError('state_path', `CLAWTAB_STATE must be an absolute path, not "${explicit}".`, {
        hint: `Set it to ${path.resolve(explicit)}.`,
      });
    }
    return path.normalize(explicit).replace(/(.)\/$/, '$1');
  }
  const home = env.HOME;
  if (platform === 'darwin') return path.join(needHome(home), 'Library', 'Application Support', 'clawtab');
  const xdg = env.XDG_STATE_HOME;
  return xdg !== undefined && path.isAbsolute(xdg) ? path.join(xdg, 'clawtab') : path.join(needHome(home), '.local', 'state', 'clawtab');
}

function needHome(home: string | undefined): string {
  if (home !== undefined && path.isAbsolute(home)) return home;
  throw new ClawError('state_no_home', 'HOME is not set, so there is no place for the state directory.', {
    hint: 'Set HOME, or CLAWTAB_STATE to an absolute path.',
  });
}

/** Creates what is missing and checks the rest. @throws state_* and permission_* naming the path and the command that mends it */
export function openState(env: Env = process.env, platform: NodeJS.Platform = process.platform): State {
  const root = stateRoot(env, platform);
  ensurePrivateDir(root);
  const inside = (name: string) => path.join(root, name);
  for (const name of ['runs', 'journal', 'jobs', 'logs']) ensurePrivateDir(inside(name));
  const sockets = socketDir(root, env);
  return {
    root,
    runs: inside('runs'),
    sockets,
    journal: inside('journal'),
    jobs: inside('jobs'),
    logs: inside('logs'),
    config: inside('config.toml'),
    daemonSocket: path.join(sockets, 'daemon.sock'),
  };
}

/** The longest socket name used below `sockets`: a run id and its ending. */
const LONGEST_SOCKET_NAME = 'mb0000000-xxxxxx.sock';

function socketDir(root: string, env: Env): string {
  const fits = (dir: string) => Buffer.byteLength(path.join(dir, LONGEST_SOCKET_NAME)) <= MAX_SOCKET_PATH_BYTES;
  const own = path.join(root, 's');
  if (fits(own)) {
    ensurePrivateDir(own);
    return own;
  }
  // The name is derived from the root, so that every process of this state finds the same place.
  const tag = createHash('sha256').update(root).digest('hex').slice(0, 12);
  const uid = process.getuid?.() ?? 0;
  const runtime = env.XDG_RUNTIME_DIR;
  const places = [
    ...(runtime !== undefined && path.isAbsolute(runtime) ? [path.join(runtime, `clawtab-${tag}`)] : []),
    `/tmp/clawtab-${uid}-${tag}`,
  ];
  for (const dir of places) {
    if (!fits(dir)) continue;
    ensurePrivateDir(dir);
    return dir;
  }
  throw new ClawError('state_socket_path', `No place for unix sockets: ${own} is too long (limit ${MAX_SOCKET_PATH_BYTES} bytes).`, {
    hint: 'Set CLAWTAB_STATE to a shorter path.',
  });
}

/** The directory exists, is ours, is no symlink and is closed to others; it is created 0700 where missing. */
export function ensurePrivateDir(dir: string): void {
  try {
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw fileTrouble(error, dir, 'create');
  }
  const stat = lstat(dir);
  if (stat.isSymbolicLink()) {
    throw new ClawError('state_symlink', `${dir} is a symbolic link; the state directory must be a real directory.`, {
      hint: 'Remove the link, or set CLAWTAB_STATE to the directory it points to.',
    });
  }
  if (!stat.isDirectory()) {
    throw new ClawError('state_not_directory', `${dir} is not a directory.`, {
      hint: 'Move it away, or set CLAWTAB_STATE to another path.',
    });
  }
  checkOwner(dir, stat);
  if ((stat.mode & 0o077) !== 0) {
    throw new ClawError('permission_state_mode', `${dir} is open to other users (mode ${octal(stat.mode)}).`, {
      hint: `Run: chmod 700 '${dir}'`,
    });
  }
}

/**
 * Whole content of a private regular file, or null where there is none. A FIFO, a device, a link, a file open to others or larger than
 * `limitBytes` is refused, not read. @throws state_*, permission_*
 */
export function readPrivateFile(file: string, limitBytes = 1 << 20): Buffer | null {
  let fd: number;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  } catch (error) {
    if (errno(error) === 'ENOENT') return null;
    if (errno(error) === 'ELOOP')
      throw new ClawError('state_symlink', `${file} is a symbolic link.`, { hint: 'Replace it by the file itself.' });
    throw fileTrouble(error, file, 'read');
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) throw new ClawError('state_not_file', `${file} is not a regular file.`, { hint: 'Move it away.' });
    checkOwner(file, stat);
    if ((stat.mode & 0o077) !== 0) {
      throw new ClawError('permission_state_mode', `${file} is open to other users (mode ${octal(stat.mode)}).`, {
        hint: `Run: chmod 600 '${file}'`,
      });
    }
    if (stat.size > limitBytes) {
      throw new ClawError('state_too_large', `${file} has ${stat.size} bytes; the limit is ${limitBytes}.`, { hint: 'Move it away.' });
    }
    return fs.readFileSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Replaces `file` by `data` or leaves it as it was: written beside it, fsynced, renamed, directory fsynced. A full disk leaves the old
 * file and no rest. @throws the file system's own error (ENOSPC, EROFS …)
 */
export function writeFileAtomic(file: string, data: string | Uint8Array, mode = 0o600): void {
  const temporary = `${file}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  const fd = fs.openSync(temporary, 'wx', mode);
  try {
    try {
      fs.writeFileSync(fd, data);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  fsyncDir(path.dirname(file));
}

/** Keeps what lies in `file`, which could not be read, as `.bak` before something new takes its place; false where that cannot be done. */
export function keepCopy(file: string): boolean {
  try {
    // Only a regular file has content to keep, and only one can be read without waiting.
    if (!fs.lstatSync(file).isFile()) return false;
    fs.copyFileSync(file, `${file}.bak`);
    fs.chmodSync(`${file}.bak`, 0o600);
    return true;
  } catch {
    return false;
  }
}

/** Makes a rename or unlink in `dir` durable. Some file systems refuse it on a directory; then there is nothing more to be done. */
export function fsyncDir(dir: string): void {
  const fd = fs.openSync(dir, 'r');
  try {
    fs.fsyncSync(fd);
  } catch (error) {
    if (errno(error) !== 'EINVAL' && errno(error) !== 'EBADF') throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/** The error's `code`, '' where it has none. */
export function errno(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** True for failures of the disk itself: full, over quota, read-only, broken. */
export function isDiskTrouble(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EFBIG', 'EMFILE', 'ENFILE'].includes(errno(error));
}

function lstat(file: string): fs.Stats {
  try {
    return fs.lstatSync(file);
  } catch (error) {
    throw fileTrouble(error, file, 'read');
  }
}

function checkOwner(file: string, stat: fs.Stats): void {
  const uid = process.getuid?.();
  if (uid === undefined || stat.uid === uid) return;
  throw new ClawError(
    'permission_state_owner',
    `${file} belongs to user ${stat.uid}, and this is user ${uid} (${os.userInfo().username}).`,
    {
      hint: 'Run clawtab as the user who owns it, or set CLAWTAB_STATE to a directory of your own.',
    },
  );
}

function fileTrouble(error: unknown, file: string, verb: string): ClawError {
  const code = errno(error);
  const said: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    EROFS: 'the disk is read-only',
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    ENOTDIR: 'a part of the path is not a directory',
    ENAMETOOLONG: 'the path is too long',
  };
  return new ClawError(
    code === 'EACCES' || code === 'EPERM' ? 'permission_state' : 'state_io',
    `Cannot ${verb} ${file}: ${said[code] ?? (code || 'unknown error')}.`,
    {
      hint: 'Mend that, or set CLAWTAB_STATE to a directory that you can write.',
      cause: error,
    },
  );
}

const octal = (mode: number) => (mode & 0o777).toString(8).padStart(4, '0');
