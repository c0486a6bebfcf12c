/**
 * The desk's terminal in front of a run: raw mode, keys, sizes, signals and the exit passed through, so that an agent under clawtab feels as
 * it does without. Leaves the terminal as it found it, however it is left. Works without a terminal too: then bytes go through as they are.
 */
import { constants } from 'node:os';
import type { HolderClient } from './holder-client.ts';
import type { ExitRecord } from './holder-protocol.ts';
import { DETACH_WAIT_MS, DetachKey, partsOf } from './terminal-input.ts';
import { TerminalModes } from './terminal-modes.ts';

export type TerminalEnd = { how: 'exit'; exit: ExitRecord } | { how: 'detached' } | { how: 'lost' };

export interface TerminalOptions {
  /** Where output begins: 0 for a run just started. */
  from: number;
  /** Painted before the first output: the screen as it is (attach). */
  firstPaint?: string;
}

/** Typed ahead of an agent that does not read; a paste longer than this waits in the terminal. */
const INFLIGHT_BYTES = 256 << 10;

/** Signals that another process sends to `clawtab run` and that are meant for the agent. */
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** What a shell would show: the code, or 128 + the signal's number. */
export function exitStatus(exit: ExitRecord): number {
  if (exit.code !== null) return exit.code;
  const number = exit.signal === null ? undefined : constants.signals[exit.signal as NodeJS.Signals];
  return number === undefined ? 1 : 128 + number;
}

/** Size of the terminal on standard output; 80 × 24 where there is none. */
export const terminalSize = (): { cols: number; rows: number } => ({ cols: process.stdout.columns || 80, rows: process.stdout.rows || 24 });

/** Joins this process's terminal and the run until one of them ends. The client must have role `terminal`; it is closed at the end. */
export function joinTerminal(client: HolderClient, options: TerminalOptions): Promise<TerminalEnd> {
  return new Promise((resolve, reject) => {
    const session = new TerminalSession(client, resolve);
    session.start(options).catch((error: unknown) => {
      session.leave();
      reject(error);
    });
  });
}

class TerminalSession {
  readonly #client: HolderClient;
  readonly #resolve: (end: TerminalEnd) => void;
  readonly #modes = new TerminalModes();
  readonly #detach = new DetachKey();
  readonly #undo: (() => void)[] = [];
  readonly #keyboard = process.stdin.isTTY === true;
  #detachTimer: NodeJS.Timeout | undefined;
  #inflight = 0;
  #left = false;
  /** Last byte of a piped input; null before any came. */
  #lastByte: number | null = null;

  constructor(client: HolderClient, resolve: (end: TerminalEnd) => void) {
    this.#client = client;
    this.#resolve = resolve;
  }

  async start({ from, firstPaint }: TerminalOptions): Promise<void> {
    const client = this.#client;
    client.on('output', (bytes) => this.#show(bytes));
    client.on('gap', (gap) =>
      this.#show(Buffer.from(`\r\n[clawtab: ${gap.to - gap.from} bytes of output are not in the log any more]\r\n`)),
    );
    client.on('exit', (exit) => this.#end({ how: 'exit', exit }));
    client.on('lost', () => this.#end({ how: 'lost' }));
    this.#on(process.stdout, 'drain', () => client.resume());
    // A pipe that nobody reads any more, a window that was closed: the agent goes on. Kept to the end, for the last words may fail too.
    process.stdout.on('error', () => this.#end({ how: 'detached' }));
    this.#takeSignals();
    if (firstPaint !== undefined) this.#show(Buffer.from(firstPaint));
    await client.subscribe(from, client.status.log.epoch);
    if (this.#left) return;
    this.#takeInput();
    this.#takeSize();
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    clearTimeout(this.#detachTimer);
    for (const undo of this.#undo.reverse()) undo();
    const restore = this.#modes.restore();
    if (restore !== '' && process.stdout.isTTY === true) process.stdout.write(restore);
    this.#client.close();
  }

  #end(end: TerminalEnd): void {
    if (this.#left) return;
    this.leave();
    this.#resolve(end);
  }

  #show(bytes: Buffer): void {
    this.#modes.feed(bytes);
    // A terminal stopped with Ctrl-S or a full pipe: the holder goes on into the log and serves this viewer from there later.
    if (!process.stdout.write(bytes)) this.#client.pause();
  }

  #takeInput(): void {
    const { stdin } = process;
    if (this.#keyboard) {
      stdin.setRawMode(true);
      this.#undo.push(() => stdin.setRawMode(false));
    }
    this.#on(stdin, 'data', (chunk) => this.#keys(chunk));
    this.#on(stdin, 'end', () => this.#inputEnded());
    this.#on(stdin, 'error', () => this.#end({ how: 'detached' }));
    this.#undo.push(() => stdin.pause());
    stdin.resume();
  }

  #keys(chunk: Buffer): void {
    if (!this.#keyboard) {
      this.#lastByte = chunk.at(-1) ?? this.#lastByte;
      return this.#send(chunk);
    }
    clearTimeout(this.#detachTimer);
    const { pass, detach } = this.#detach.feed(chunk);
    this.#send(pass);
    if (detach) return this.#end({ how: 'detached' });
    if (this.#detach.holding) this.#detachTimer = setTimeout(() => this.#send(this.#detach.flush()), DETACH_WAIT_MS);
  }

  #send(bytes: Buffer): void {
    for (const { kind, bytes: part } of partsOf(bytes)) {
      this.#inflight += part.length;
      if (this.#inflight > INFLIGHT_BYTES) process.stdin.pause();
      const done = (): void => {
        this.#inflight -= part.length;
        if (this.#inflight <= INFLIGHT_BYTES && !this.#left) process.stdin.resume();
      };
      // A refusal means that the agent has ended, which is reported as such.
      this.#client.input(part, { typed: kind === 'typed', reply: kind === 'reply' }).then(done, done);
    }
  }

  /** Piped input is at its end: the agent is told as a terminal tells it, unless there never was any (`< /dev/null`). */
  #inputEnded(): void {
    if (this.#keyboard) return this.#end({ how: 'detached' });
    if (this.#lastByte === null) return;
    // In the middle of a line the first Ctrl-D only hands the line over.
    this.#send(Buffer.from(this.#lastByte === 0x0a ? '\x04' : '\x04\x04'));
  }

  #takeSize(): void {
    const { stdout } = process;
    if (stdout.isTTY !== true) return;
    const apply = (): void => void this.#client.resize(stdout.columns, stdout.rows).catch(() => undefined); // Ended meanwhile.
    this.#on(stdout, 'resize', apply);
    apply();
  }

  #takeSignals(): void {
    for (const signal of PASSED_ON) {
      const scope = signal === 'SIGINT' || signal === 'SIGQUIT' ? 'foreground' : 'leader';
      this.#onSignal(signal, () => void this.#client.signal(signal, scope).catch(() => undefined));
    }
    // The window was closed: the agent lives on in its holder.
    this.#onSignal('SIGHUP', () => this.#end({ how: 'detached' }));
    // Stopped and continued from outside: the shell had the terminal meanwhile.
    this.#onSignal('SIGCONT', () => {
      if (this.#keyboard) process.stdin.setRawMode(true);
      this.#client.repaint().catch(() => undefined);
    });
  }

  #onSignal(signal: NodeJS.Signals, act: () => void): void {
    process.on(signal, act);
    this.#undo.push(() => process.off(signal, act));
  }

  #on(stream: NodeJS.EventEmitter, event: string, act: (value: Buffer) => void): void {
    stream.on(event, act);
    this.#undo.push(() => stream.off(event, act));
  }
}
