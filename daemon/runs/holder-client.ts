/**
 * The client end of a holder, for the daemon and the CLI: connect and prove who one is, follow the output from an offset, type, resize,
 * signal, stop. It hides that a run may end at any moment: whatever the socket did not bring any more is read from the log on disk, and
 * exactly one `exit` is reported.
 */
import { EventEmitter } from 'node:events';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { ClawError } from '../../shared/errors.ts';
import { errno } from '../state.ts';
import { takeChallenge } from './caller.ts';
import {
  ASK,
  type ExitRecord,
  FrameReader,
  type Gap,
  type Hello,
  type HolderStatus,
  INPUT_FLAG,
  inputFrame,
  jsonFrame,
  PROTOCOL,
  type Reply,
  type Resized,
  type Role,
  readOffset,
  TELL,
} from './holder-protocol.ts';
import { onlyMoves } from './terminal-input.ts';

export interface HolderEvents {
  /** Output in order, without hole or repeat: `offset` is where the last one ended, or where the last gap did. Keep the bytes if you like. */
  output: [bytes: Buffer, offset: number];
  gap: [gap: Gap];
  /** The screen has this size from this offset on. */
  resized: [size: Resized];
  /** Someone typed at the desk (roles `daemon` only); `count` is the `guard` of later inputs. */
  /** `moves`: arrow keys and nothing else. */
  localInput: [count: number, atMs: number, moves: boolean];
  /** How many terminals are attached at the desk. */
  terminals: [count: number];
  /** The run has ended; all output subscribed to has been reported before. Nothing follows. */
  exit: [exit: ExitRecord];
  /** The holder has gone without an exit (killed); nothing follows. */
  lost: [];
}

export interface ConnectOptions {
  role: Role;
  /** Size of the local terminal; role `terminal` only. */
  cols?: number;
  rows?: number;
  timeoutMs?: number;
  /** Other than the newest: for tests of older and newer clients. */
  versions?: { oldest: number; newest: number };
}

export interface InputOptions {
  /** A person typed it at this terminal. */
  typed?: boolean;
  /** A terminal's reply to a query. */
  reply?: boolean;
  /** Refuse (`local_input`) if the desk has typed since `localInputs` had this value. */
  guard?: number;
  /** Refuse (`output_moved`) if the agent has written anything beyond this offset. A holder of version 1 does not look. */
  seen?: number;
}

export class HolderClient extends EventEmitter<HolderEvents> {
  readonly #socket: net.Socket;
  readonly #runDir: string;
  readonly #frames: FrameReader;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  /** The protocol's version that both sides speak. */
  readonly #version: number;
  #nextId = 1;
  #status: HolderStatus;
  /** Offset that the next output must have; null before `subscribe`. */
  #expected: number | null = null;
  #ended = false;

  private constructor(socket: net.Socket, frames: FrameReader, status: HolderStatus, runDir: string) {
    super();
    this.#socket = socket;
    this.#frames = frames;
    this.#status = status;
    this.#version = status.version;
    this.#runDir = runDir;
  }

  /**
   * @param socketPath from run.json, @param runDir the run's folder (for what must be read from disk)
   * @throws session_gone where nobody listens, caller_is_agent, upgrade_required
   */
  static async connect(socketPath: string, runDir: string, options: ConnectOptions): Promise<HolderClient> {
    const socket = net.connect(socketPath);
    const frames = new FrameReader();
    let challengeFd = -1;
    let client: HolderClient | undefined;
    try {
      return await new Promise<HolderClient>((resolve, reject) => {
        const failed = (code: string, message: string) => reject(new ClawError(code, message));
        const timer = setTimeout(() => failed('not_running', 'The run does not answer.'), options.timeoutMs ?? 10_000);
        const settle = () => clearTimeout(timer);
        socket.once('error', (error) => {
          settle();
          failed('session_gone', `Nobody listens for this run any more (${errno(error)}).`);
        });
        socket.once('close', () => {
          settle();
          failed('session_gone', 'The run closed the connection.');
        });
        socket.once('connect', () => {
          const hello: Hello = { ...(options.versions ?? PROTOCOL), role: options.role, pid: process.pid };
          if (options.cols !== undefined) hello.cols = options.cols;
          if (options.rows !== undefined) hello.rows = options.rows;
          socket.write(jsonFrame(ASK.hello, hello));
        });
        socket.on('data', function greet(chunk: Buffer) {
          frames.push(chunk, (type, payload) => {
            if (client !== undefined) return client.#frame(type, payload);
            const said = JSON.parse(payload.toString('utf8'));
            if (type === TELL.challenge) {
              challengeFd = takeChallenge(String(said.file), socketPath);
              socket.write(jsonFrame(ASK.held, {}));
            } else if (type === TELL.failed) {
              settle();
              failed(String(said.code), String(said.message));
            } else if (type === TELL.welcome) {
              settle();
              socket.off('data', greet);
              client = new HolderClient(socket, frames, said, runDir);
              client.#listen();
              resolve(client);
            }
          });
        });
      });
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      if (challengeFd >= 0) fs.closeSync(challengeFd);
    }
  }

  /** As of the last welcome or `refresh`. */
  get status(): HolderStatus {
    return this.#status;
  }

  /** Follow the output from `from` (default: from now on). `epoch` says which log the offset is of. @throws bad_offset */
  async subscribe(from?: number, epoch?: string): Promise<void> {
    this.#expected = from ?? null;
    await this.#ask(ASK.subscribe, { from: from ?? null, epoch: epoch ?? null });
  }

  async refresh(): Promise<HolderStatus> {
    const { status } = await this.#ask(ASK.status, {});
    if (status !== undefined) this.#status = status;
    return this.#status;
  }

  /**
   * Types `bytes`; resolves when the agent's terminal has taken them all.
   * @throws agent_not_reading (after 5 s, role `daemon`), session_gone, local_input, output_moved; `data.written` counts bytes that went in all the same
   */
  async input(bytes: Uint8Array, options: InputOptions = {}): Promise<void> {
    const seen = this.#version >= 2 ? (options.seen ?? null) : null;
    const flags =
      (options.typed === true ? INPUT_FLAG.typed : 0) |
      (options.typed === true && onlyMoves(bytes) ? INPUT_FLAG.moves : 0) |
      (options.reply === true ? INPUT_FLAG.reply : 0) |
      (options.guard === undefined ? 0 : INPUT_FLAG.guarded) |
      (seen === null ? 0 : INPUT_FLAG.seen);
    await this.#answered((id) => inputFrame({ id, flags, guard: options.guard ?? 0, seen, bytes }));
  }

  /** Bytes given to `input` that the holder's socket has not taken yet: hold back while it grows. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Returns the size it came to. */
  async resize(cols: number, rows: number): Promise<{ cols: number; rows: number }> {
    const reply = await this.#ask(ASK.resize, { cols, rows });
    return { cols: reply.cols ?? cols, rows: reply.rows ?? rows };
  }

  /** `foreground`: what a Ctrl-C would reach. `leader`: the agent's own process. `family`: all of its session and descendants. */
  async signal(signal: NodeJS.Signals, scope: 'foreground' | 'leader' | 'family' = 'foreground'): Promise<void> {
    await this.#ask(ASK.signal, { signal, scope });
  }

  /** Asks for the end: `signal` to all of the run now, SIGKILL after `graceMs`. Resolves when the signal is sent; `exit` tells the rest. */
  async stop(by: string, options: { signal?: NodeJS.Signals; graceMs?: number } = {}): Promise<void> {
    await this.#ask(ASK.stop, { by, signal: options.signal ?? 'SIGTERM', graceMs: options.graceMs ?? 5000 });
  }

  /** Makes a full-screen agent draw itself again. */
  async repaint(): Promise<void> {
    await this.#ask(ASK.repaint, {});
  }

  /** Leaves; the agent goes on. No event follows. */
  close(): void {
    this.#ended = true;
    this.#socket.destroy();
    this.#rejectAll();
  }

  /** For a reader that cannot keep up: the holder then serves from the log what comes meanwhile. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #listen(): void {
    this.#socket.removeAllListeners('error');
    this.#socket.removeAllListeners('close');
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => this.#closed());
    this.#socket.on('data', (chunk) => {
      this.#frames.push(chunk, (type, payload) => this.#frame(type, payload));
    });
  }

  #frame(type: number, payload: Buffer): void {
    if (this.#ended) return;
    if (type === TELL.output) {
      const offset = readOffset(payload, 0);
      this.#expected = offset + payload.length - 8;
      this.emit('output', payload.subarray(8), offset);
      return;
    }
    const said = JSON.parse(payload.toString('utf8'));
    switch (type) {
      case TELL.reply:
        this.#waiting.get(said.id)?.(said);
        this.#waiting.delete(said.id);
        return;
      case TELL.gap:
        this.#expected = said.to;
        this.emit('gap', said);
        return;
      case TELL.resized:
        this.emit('resized', said);
        return;
      case TELL.localInput:
        this.emit('localInput', said.count, said.atMs, said.moves === true);
        return;
      case TELL.terminals:
        this.emit('terminals', said.count);
        return;
      case TELL.exit:
        this.#finish(said);
        return;
      default: // A newer holder may say more than this client knows.
    }
  }

  /** The holder hung up without saying how it ended. Exit and rest are on the disk, if it had the time to write them. */
  #closed(): void {
    if (this.#ended) return;
    const exit = readExit(this.#runDir);
    if (exit === null) {
      this.#ended = true;
      this.#rejectAll();
      this.emit('lost');
      return;
    }
    this.#restFromDisk(exit).then(
      () => this.#finish(exit),
      () => this.#finish(exit),
    );
  }

  async #restFromDisk(exit: ExitRecord): Promise<void> {
    if (this.#expected === null) return;
    const { StoredLog } = await import('./log-segments.ts');
    const log = new StoredLog(path.join(this.#runDir, 'log'), this.#status.log.epoch, exit.endOffset);
    for (let read = log.read(this.#expected, 65_536); read !== null && !this.#ended; read = log.read(this.#expected, 65_536)) {
      if ('gap' in read) {
        this.#expected = read.gap.to;
        this.emit('gap', read.gap);
      } else {
        this.#expected = read.offset + read.bytes.length;
        this.emit('output', read.bytes, read.offset);
      }
    }
  }

  #finish(exit: ExitRecord): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#rejectAll();
    this.emit('exit', exit);
    this.#socket.destroy();
  }

  #rejectAll(): void {
    for (const [id, answer] of this.#waiting) answer({ id, ok: false, code: 'session_gone', message: 'The run has ended.' });
    this.#waiting.clear();
  }

  #ask(type: number, fields: object): Promise<Reply> {
    return this.#answered((id) => jsonFrame(type, { ...fields, id }));
  }

  async #answered(framed: (id: number) => Buffer): Promise<Reply> {
    if (this.#ended) throw new ClawError('session_gone', 'The run has ended.');
    const id = this.#nextId;
    this.#nextId = (this.#nextId % 0xffffffff) + 1;
    const reply = await new Promise<Reply>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.write(framed(id));
    });
    if (reply.ok) return reply;
    throw new ClawError(
      reply.code ?? 'internal',
      reply.message ?? 'The holder refused.',
      reply.written === undefined ? {} : { data: { written: reply.written } },
    );
  }
}

/** exit.json of a run's folder, or null while it runs (or where its holder was killed). */
export function readExit(runDir: string): ExitRecord | null {
  try {
    return JSON.parse(fs.readFileSync(path.join(runDir, 'exit.json'), 'utf8'));
  } catch {
    return null;
  }
}
