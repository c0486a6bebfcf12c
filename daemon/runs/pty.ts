/**
 * One child on one pty. The only file that knows node-pty, and only its native half: node-pty's JavaScript closes the terminal 200 ms
 * after the child's exit and takes a short read after a hang-up for the end, so output is lost (libuv #4992; 4 of 8 to 10 of 10 runs on
 * Node 20). Here the slave stays open until the child has exited and the master has been read dry, so that no hang-up can be seen before
 * the last byte; reading is never paused. Where no compiler built node-pty, the prebuilt binary of the same code is used.
 */
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import type * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import * as tty from 'node:tty';
import { ClawError } from '../../shared/errors.ts';

/** node-pty's native module, the part used here (node_modules/node-pty/src/unix/pty.cc, 1.1.0). */
interface Native {
  fork(
    file: string,
    args: string[],
    env: string[],
    cwd: string,
    cols: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    helperPath: string,
    onExit: (code: number, signal: number) => void,
  ): { fd: number; pid: number; pty: string };
  resize(fd: number, cols: number, rows: number): void;
}

export interface PtyOptions {
  argv: readonly string[];
  /** The child's whole environment. */
  env: Readonly<Record<string, string>>;
  cwd: string;
  cols: number;
  rows: number;
  /** Output; the buffer is reused after the call returns, so keep nothing of it. */
  onData(bytes: Buffer): void;
  /** After the last `onData`. `code` is null where a signal ended the child. */
  onExit(code: number | null, signal: string | null): void;
}

export interface Pty {
  readonly pid: number;
  /** Reads what the child has written by now, `onData` as ever, before the loop would. At most 128 KiB: what a kernel holds. */
  catchUp(): void;
  /** Gives the kernel as much as it takes now; returns that count of bytes, 0 where its buffer is full or the child has gone. */
  write(bytes: Uint8Array): number;
  resize(cols: number, rows: number): void;
}

/** A pty gives at most 4 KiB a read on Linux and 1 KiB on macOS; more buffer would only be touched memory. */
const READ_BYTES = 16 * 1024;

/**
 * At exit the kernel holds less than this (two flip buffers and a read buffer, about 70 KiB); what comes beyond it is a descendant that
 * writes on, and must not keep a finished run open.
 */
const DRAIN_LIMIT_BYTES = 1 << 20;
const CATCH_UP_BYTES = 128 << 10;

/** Starts the child. @throws pty_unavailable, or the system's error where no pty can be had */
export function spawnPty(options: PtyOptions): Pty {
  const { native, helper } = loadNative();
  const [file, ...args] = options.argv;
  if (file === undefined) throw new ClawError('usage', 'There is no command to run.');
  const env = Object.entries(options.env).map(([name, value]) => `${name}=${value}`);
  let closed = false;
  const finish = (code: number, signal: number) => {
    drain(DRAIN_LIMIT_BYTES);
    closed = true;
    fs.closeSync(slave);
    master.destroy();
    options.onExit(signal === 0 ? code : null, signal === 0 ? null : signalName(signal));
  };
  // utf8 sets IUTF8, so that backspace takes a whole character in a cooked terminal; it changes nothing about the bytes read.
  const child = native.fork(file, args, env, options.cwd, options.cols, options.rows, -1, -1, true, helper, finish);
  // The event loop has not run since the fork: nothing can have been read, so no hang-up can have been seen.
  const slave = fs.openSync(child.pty, fs.constants.O_RDWR | fs.constants.O_NOCTTY);
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  // One buffer for all reads, instead of 64 KiB allocated for each 4 KiB read.
  const onread: net.OnReadOpts = {
    buffer,
    callback: (count) => {
      options.onData(buffer.subarray(0, count));
      return true;
    },
  };
  const socketOptions: net.SocketConstructorOpts & { onread: net.OnReadOpts } = { onread };
  const master = new tty.ReadStream(child.fd, socketOptions);
  // macOS revokes the slave when the session leader exits: then the master ends by itself, after its last byte.
  master.on('error', () => {
    closed = true;
  });
  master.on('close', () => {
    closed = true;
  });
  master.resume();

  function drain(limitBytes: number): void {
    for (let total = 0; !closed && total < limitBytes; ) {
      let count: number;
      try {
        count = fs.readSync(child.fd, buffer);
      } catch {
        return; // EAGAIN: dry (Linux flushes the line discipline before it says so). EIO: hung up.
      }
      if (count === 0) return;
      total += count;
      options.onData(buffer.subarray(0, count));
    }
  }

  return {
    pid: child.pid,
    catchUp: () => drain(CATCH_UP_BYTES),
    write(bytes) {
      if (closed) return 0;
      try {
        return fs.writeSync(child.fd, bytes);
      } catch {
        return 0; // EAGAIN: the child does not read. EIO: it has gone.
      }
    },
    resize(cols, rows) {
      if (!closed) native.resize(child.fd, cols, rows);
    },
  };
}

interface Loaded {
  native: Native;
  /** macOS starts children through this small program. */
  helper: string;
}
let loaded: Loaded | undefined;

function loadNative(): Loaded {
  loaded ??= fromNodePty() ?? fromPrebuilt();
  return loaded;
}

function fromNodePty(): Loaded | undefined {
  const require = createRequire(import.meta.url);
  let root: string;
  try {
    root = path.dirname(require.resolve('node-pty/package.json'));
  } catch {
    return undefined; // npm removes an optional package that did not build.
  }
  for (const folder of ['build/Release', `prebuilds/${process.platform}-${process.arch}`]) {
    const binary = path.join(root, folder, 'pty.node');
    if (!fs.existsSync(binary)) continue;
    const helper = path.join(root, folder, 'spawn-helper');
    if (process.platform === 'darwin') makeExecutable(helper);
    const native: Native = require(binary);
    return { native, helper };
  }
  return undefined;
}

function fromPrebuilt(): Loaded {
  const name = `@lydell/node-pty-${process.platform}-${process.arch}`;
  try {
    const native: Native = createRequire(import.meta.url)(`${name}/pty.node`);
    return { native, helper: '' };
  } catch (cause) {
    throw new ClawError(
      'state_pty_unavailable',
      `No pty for ${process.platform}-${process.arch}: node-pty was not built and ${name} is not there.`,
      {
        hint: 'Install a C++ compiler, make and python3, then run npm ci again.',
        cause,
      },
    );
  }
}

/** node-pty 1.1.0 ships spawn-helper as 0644, and every spawn fails until it is executable. */
function makeExecutable(file: string): void {
  if (!fs.existsSync(file) || (fs.statSync(file).mode & 0o111) === 0o111) return;
  fs.chmodSync(file, 0o755);
}

function signalName(number: number): string {
  for (const [name, value] of Object.entries(os.constants.signals)) if (value === number) return name;
  return `SIG${number}`;
}
