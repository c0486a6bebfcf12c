/**
 * One client of a holder: hello, what it may do, and its own reading position in the output. A client that lags is served from the log,
 * so that a stuck one costs a bounded buffer and delays nobody; what the log no longer has is told as a gap.
 */
import type { Socket } from 'node:net';
import { type Challenge, newChallenge, runOfCaller } from './caller.ts';
import {
  ASK,
  type ExitRecord,
  FrameReader,
  type HolderStatus,
  type Input,
  jsonFrame,
  outputFrame,
  PROTOCOL,
  type Reply,
  type Resized,
  type Role,
  readInput,
  TELL,
} from './holder-protocol.ts';
import { INPUT_LIMIT_BYTES } from './input-queue.ts';
import type { OutputLog } from './output-log.ts';

/** Above this a client is served from the log instead of live; with the kernel's own buffer about half a megabyte a client. */
const LAG_BYTES = 256 << 10;
/** A client that does not even read replies and events is put out. */
const STUCK_BYTES = 1 << 20;
const CHUNK_BYTES = 64 << 10;
const HELLO_TIMEOUT_MS = 5000;

/** What a connection needs of its holder. */
export interface HolderDoor {
  readonly runId: string;
  readonly agentPid: number;
  readonly socketDir: string;
  readonly log: OutputLog;
  readonly exit: ExitRecord | null;
  status(): HolderStatus;
  /** Sizes in force from offset on, oldest first; never empty. */
  readonly sizes: readonly Resized[];
  joined(conn: HolderConn): void;
  left(conn: HolderConn): void;
  input(conn: HolderConn, input: Input): void;
  resize(conn: HolderConn, cols: number, rows: number): { cols: number; rows: number };
  signal(signal: string, scope: string): boolean;
  stop(by: string, signal: string, graceMs: number): void;
  repaint(): void;
}

type Ask = Record<string, unknown>;

export class HolderConn {
  readonly #socket: Socket;
  readonly #door: HolderDoor;
  readonly #frames = new FrameReader();
  readonly #helloTimer: NodeJS.Timeout;
  #challenge: Challenge | null = null;
  #state: 'hello' | 'challenged' | 'open' | 'closed' = 'hello';
  #version = 0;
  #pid = 0;
  /** Next offset to send; null before `subscribe`. */
  #cursor: number | null = null;
  /** Index into `sizes` of the next one to tell. */
  #sizesTold = 0;
  #exitSent = false;
  #inputBytes = 0;
  role: Role = 'viewer';
  cols = 0;
  rows = 0;

  constructor(socket: Socket, door: HolderDoor) {
    this.#socket = socket;
    this.#door = door;
    this.#helloTimer = setTimeout(() => this.#fail('hello_timeout', 'No hello came.'), HELLO_TIMEOUT_MS);
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('drain', () => this.pump());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
  }

  get mayType(): boolean {
    return this.role !== 'viewer';
  }

  /** Everything sent that this client will ever get. */
  get finished(): boolean {
    return this.#state === 'closed' || this.#exitSent;
  }

  send(type: number, value: object): void {
    if (this.#state === 'closed') return;
    this.#socket.write(jsonFrame(type, value));
    if (this.#socket.writableLength > STUCK_BYTES) this.#socket.destroy();
  }

  /** Takes output as it comes, since nothing before it is missing and there is room. */
  takesLive(offset: number): boolean {
    return this.#cursor === offset && this.#socket.writableLength < LAG_BYTES;
  }

  /** New output, already in the log, for a client that takes it; `framed` is shared by all of them. */
  live(end: number, framed: Buffer): void {
    this.#socket.write(framed);
    this.#cursor = end;
  }

  /**
   * Sends from the log until the client's buffer is full or nothing is left; then the exit, if there is one. A client that has not said yet
   * what it wants to read gets the exit after that: told at once, it would take the run for one without output.
   */
  pump(): void {
    if (this.#state !== 'open' || this.#cursor === null) return;
    while (this.#socket.writableLength < LAG_BYTES) {
      this.#tellSize();
      const nextSize = this.#door.sizes[this.#sizesTold]?.offset ?? Number.POSITIVE_INFINITY;
      const read = this.#door.log.read(this.#cursor, Math.min(CHUNK_BYTES, nextSize - this.#cursor));
      if (read === null) break;
      if ('gap' in read) {
        this.send(TELL.gap, read.gap);
        this.#cursor = read.gap.to;
        continue;
      }
      this.#socket.write(outputFrame(read.offset, read.bytes));
      this.#cursor = read.offset + read.bytes.length;
    }
    if (this.#cursor === this.#door.log.end) this.#sendExit();
  }

  /** A size was added at the end of `sizes`, or the list was rebuilt with `dropped` fewer at its front. */
  sizesChanged(dropped: number): void {
    this.#sizesTold = Math.max(0, this.#sizesTold - dropped);
    if (this.#cursor === this.#door.log.end) this.#tellSize();
  }

  /** The holder leaves. Who asked for no output still hears the exit; who lags finds the rest in the log. */
  dismiss(): void {
    if (this.#state === 'open' && this.#cursor === null) this.#sendExit();
    else this.#socket.destroy();
  }

  #tellSize(): void {
    const sizes = this.#door.sizes;
    for (let size = sizes[this.#sizesTold]; size !== undefined && size.offset <= this.#cursor!; size = sizes[this.#sizesTold]) {
      this.#sizesTold++;
      const next = sizes[this.#sizesTold];
      // Of several that lie behind the client's position only the last one counts.
      if (next === undefined || next.offset > this.#cursor!) this.send(TELL.resized, size);
    }
  }

  #sendExit(): void {
    if (this.#door.exit === null || this.#exitSent) return;
    this.#exitSent = true;
    this.send(TELL.exit, this.#door.exit);
    this.#socket.end();
  }

  #received(chunk: Buffer): void {
    try {
      this.#frames.push(chunk, (type, payload) => this.#frame(type, payload));
    } catch {
      this.#fail('bad_frame', 'A frame could not be read.');
    }
  }

  #frame(type: number, payload: Buffer): void {
    if (this.#state === 'closed') return;
    if (type === ASK.input && this.#state === 'open') return this.#input(payload);
    const ask: Ask = payload.length === 0 ? {} : JSON.parse(payload.toString('utf8'));
    if (this.#state === 'hello') {
      if (type !== ASK.hello) return this.#fail('hello_expected', 'The first frame must be a hello.');
      return this.#hello(ask);
    }
    if (this.#state === 'challenged') {
      if (type !== ASK.held) return this.#fail('hello_expected', 'The challenge must be answered first.');
      return this.#held();
    }
    this.#asked(type, ask);
  }

  #hello(ask: Ask): void {
    const version = Math.min(int(ask.newest), PROTOCOL.newest);
    if (version < Math.max(int(ask.oldest), PROTOCOL.oldest)) {
      return this.#fail(
        'upgrade_required',
        `This holder speaks ${PROTOCOL.oldest} to ${PROTOCOL.newest}, the client ${int(ask.oldest)} to ${int(ask.newest)}.`,
      );
    }
    this.#version = version;
    this.#pid = int(ask.pid);
    this.role = ask.role === 'daemon' || ask.role === 'terminal' ? ask.role : 'viewer';
    this.cols = int(ask.cols);
    this.rows = int(ask.rows);
    if (!this.mayType) return this.#welcome();
    try {
      this.#challenge = newChallenge(this.#door.socketDir);
    } catch {
      // The disk refuses a file: who may reach this socket is then checked by pid alone. A full disk must not lock the desk out.
      return this.#admit();
    }
    this.#state = 'challenged';
    this.send(TELL.challenge, { file: this.#challenge.file });
  }

  #held(): void {
    const proven = this.#challenge?.provenBy(this.#pid) ?? true;
    this.#challenge?.close();
    this.#challenge = null;
    if (!proven) return this.#fail('caller_unproven', `Process ${this.#pid} did not prove that it is the caller.`);
    this.#admit();
  }

  #admit(): void {
    if (runOfCaller(this.#pid, [{ id: this.#door.runId, pid: this.#door.agentPid }]) !== null) {
      return this.#fail('caller_is_agent', `Process ${this.#pid} belongs to run ${this.#door.runId} itself, which may not control itself.`);
    }
    this.#welcome();
  }

  #welcome(): void {
    clearTimeout(this.#helloTimer);
    this.#state = 'open';
    this.#door.joined(this);
    this.send(TELL.welcome, { ...this.#door.status(), version: this.#version });
  }

  #asked(type: number, ask: Ask): void {
    const id = int(ask.id);
    switch (type) {
      case ASK.subscribe:
        return this.#subscribe(id, ask);
      case ASK.status:
        return this.#reply({ id, ok: true, status: this.#door.status() });
      case ASK.resize:
        return this.#granted(id, () => this.#reply({ id, ok: true, ...this.#door.resize(this, int(ask.cols), int(ask.rows)) }));
      case ASK.signal:
        return this.#granted(id, () => {
          const sent = this.#door.signal(String(ask.signal), String(ask.scope));
          this.#reply(
            sent ? { id, ok: true } : { id, ok: false, code: 'bad_signal', message: 'No such signal or nobody there to take it.' },
          );
        });
      case ASK.stop:
        return this.#granted(id, () => {
          if (this.#door.exit !== null) return this.#reply({ id, ok: false, code: 'already_stopped', message: 'The run has ended.' });
          this.#door.stop(String(ask.by ?? 'desk'), String(ask.signal ?? 'SIGTERM'), int(ask.graceMs ?? 5000));
          this.#reply({ id, ok: true });
        });
      case ASK.repaint:
        return this.#granted(id, () => {
          this.#door.repaint();
          this.#reply({ id, ok: true });
        });
      default:
        // A later client may know more; it learns that this holder does not.
        this.#reply({ id, ok: false, code: 'unsupported', message: `This holder speaks version ${PROTOCOL.newest}.` });
    }
  }

  #granted(id: number, act: () => void): void {
    if (this.mayType) act();
    else this.#reply({ id, ok: false, code: 'not_granted', message: 'A viewer only reads.' });
  }

  #subscribe(id: number, ask: Ask): void {
    const { log } = this.#door;
    let from = ask.from === undefined || ask.from === null ? log.end : Number(ask.from);
    const otherLog = ask.epoch !== undefined && ask.epoch !== null && ask.epoch !== log.epoch;
    if (!otherLog && (!Number.isSafeInteger(from) || from < 0 || from > log.end)) {
      return this.#reply({ id, ok: false, code: 'bad_offset', message: `The output has offsets 0 to ${log.end}.` });
    }
    this.#reply({ id, ok: true });
    if (otherLog) {
      // Their offsets mean nothing here: they start over, and are told so.
      from = log.start;
      this.send(TELL.gap, { from: 0, to: from, why: 'epoch' });
    }
    this.#cursor = from;
    this.#sizesTold = 0;
    this.pump();
  }

  #input(payload: Buffer): void {
    const input = readInput(payload, this.#version);
    this.#granted(input.id, () => {
      this.#inputBytes += input.bytes.length;
      if (this.#inputBytes > INPUT_LIMIT_BYTES) this.#socket.pause();
      this.#door.input(this, input);
    });
  }

  /** An input of `length` bytes has been dealt with. */
  inputDone(length: number, reply: Reply): void {
    this.#inputBytes -= length;
    if (this.#inputBytes <= INPUT_LIMIT_BYTES && this.#socket.isPaused()) this.#socket.resume();
    this.#reply(reply);
  }

  #reply(reply: Reply): void {
    this.send(TELL.reply, reply);
  }

  #fail(code: string, message: string): void {
    this.send(TELL.failed, { code, message });
    this.#socket.destroySoon();
    this.#closed();
  }

  #closed(): void {
    if (this.#state === 'closed') return;
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    clearTimeout(this.#helloTimer);
    this.#challenge?.close();
    if (wasOpen) this.#door.left(this);
  }
}

/** A number from the wire as an integer; anything else is 0, and each use clamps or refuses 0. */
function int(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.trunc(value) : 0;
}
