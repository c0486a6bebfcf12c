/**
 * The pty holder: one process per run, owner of the agent's terminal and of its output log, server of the run's socket. It lives exactly
 * as long as the agent (and a moment longer, so that clients hear the end). No daemon is needed, and none can hurt it. It knows bytes,
 * sizes and signals; what they mean is the daemon's business. Keep its imports few: there is one of these per agent.
 */
import * as fs from 'node:fs';
import type * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { errno, writeFileAtomic } from '../state.ts';
import { OUTER_RUNS_ENV, RUN_ENV } from './caller.ts';
import { HolderConn, type HolderDoor } from './holder-conn.ts';
import {
  type ExitRecord,
  type HolderStatus,
  INPUT_FLAG,
  type Input,
  jsonFrame,
  outputFrame,
  PROTOCOL,
  type Resized,
  type RunRecord,
  TELL,
} from './holder-protocol.ts';
import type { HolderSpec } from './holder-spec.ts';
import { InputQueue } from './input-queue.ts';
import { OutputLog } from './output-log.ts';
import { familyOf, isStill, type ProcessFacts, processFacts, sendSignal } from './processes.ts';
import { type Pty, spawnPty } from './pty.ts';
import type { Recorder } from './recorder.ts';
import { SizeHistory } from './size-history.ts';

/** More clients than any desk has; a runaway client cannot take all descriptors. */
const MAX_CLIENTS = 32;
/** How long clients get to read the rest after the agent's exit; whoever is slower finds it in the log. */
const LINGER_MS = 3000;
/** How long a full disk is waited for with the exit record. */
const EXIT_RETRY_MS = 500;
const EXIT_RETRIES = 20;

export class Holder implements HolderDoor {
  readonly run: RunRecord;
  readonly log: OutputLog;
  readonly socketDir: string;
  readonly #dir: string;
  readonly #pty: Pty;
  readonly #input: InputQueue;
  readonly #server: net.Server;
  readonly #sizes: SizeHistory;
  readonly #recorder: Recorder | null;
  readonly #conns = new Set<HolderConn>();
  /** Attached terminals, the one in front last: it sets the size and answers the agent's queries. */
  readonly #terminals: HolderConn[] = [];
  readonly #gone: () => void;
  #localInputs = 0;
  #lastLocalInputMs: number | null = null;
  #lastOutputMs: number | null = null;
  #stoppedBy: string | null = null;
  #killTimer: NodeJS.Timeout | undefined;
  /** Who belonged to the run when it was told to stop: those with a session of their own are not found any more once their parents have gone. */
  #told: ProcessFacts[] = [];
  exit: ExitRecord | null = null;

  /** Starts the agent; the server is already listening. `gone` is called when nothing is left to do. @throws where no pty can be had */
  constructor(spec: HolderSpec, server: net.Server, recorder: Recorder | null, gone: () => void) {
    this.#dir = spec.dir;
    this.#server = server;
    this.#recorder = recorder;
    this.#gone = gone;
    this.socketDir = path.dirname(spec.socket);
    this.log = new OutputLog({ dir: path.join(spec.dir, 'log'), limitBytes: spec.logLimitBytes });
    this.#sizes = new SizeHistory(path.join(spec.dir, 'sizes.jsonl'), { offset: 0, cols: spec.cols, rows: spec.rows });
    this.#input = new InputQueue((bytes) => this.#pty.write(bytes));
    const outer = [spec.parent, spec.env[OUTER_RUNS_ENV]].filter((id) => id !== undefined && id !== null && id !== '').join(':');
    const env: Record<string, string> = { ...spec.env, [RUN_ENV]: spec.id };
    if (outer !== '') env[OUTER_RUNS_ENV] = outer;
    const { cols, rows, cwd, argv } = spec;
    this.#pty = spawnPty({ argv, env, cwd, cols, rows, onData: (b) => this.#output(b), onExit: (c, s) => this.#ended(c, s) });
    this.run = {
      v: 1,
      id: spec.id,
      name: spec.name,
      argv,
      cwd,
      agent: spec.agent,
      job: spec.job,
      who: spec.who,
      pid: this.#pty.pid,
      holderPid: process.pid,
      parent: spec.parent,
      startedMs: Date.now(),
      cols,
      rows,
      localTerminal: spec.localTerminal,
      socket: spec.socket,
      epoch: this.log.epoch,
      labels: spec.labels,
    };
    this.#writeRun();
    server.on('connection', (socket) => {
      if (this.#conns.size < MAX_CLIENTS) new HolderConn(socket, this);
      // Said, not just hung up: silence would read as a holder that has died.
      else
        socket.on('error', () => socket.destroy()).end(jsonFrame(TELL.failed, { code: 'busy', message: 'This run has too many clients.' }));
    });
  }

  get runId(): string {
    return this.run.id;
  }

  get agentPid(): number {
    return this.run.pid;
  }

  get sizes(): readonly Resized[] {
    return this.#sizes.list;
  }

  status(): HolderStatus {
    const { cols, rows } = this.#sizes.now;
    return {
      version: PROTOCOL.newest,
      run: this.run,
      log: this.log.state,
      cols,
      rows,
      terminals: this.#terminals.length,
      localInputs: this.#localInputs,
      lastLocalInputMs: this.#lastLocalInputMs,
      lastOutputMs: this.#lastOutputMs,
      inputQueuedBytes: this.#input.queuedBytes,
      exit: this.exit,
    };
  }

  joined(conn: HolderConn): void {
    this.#conns.add(conn);
    if (conn.role === 'terminal') {
      this.#bringToFront(conn);
      this.#tellAll(TELL.terminals, { count: this.#terminals.length });
    }
  }

  left(conn: HolderConn): void {
    this.#conns.delete(conn);
    const at = this.#terminals.indexOf(conn);
    if (at >= 0) {
      this.#terminals.splice(at, 1);
      const front = this.#terminals.at(-1);
      if (front !== undefined) this.#applySize(front.cols, front.rows);
      this.#tellAll(TELL.terminals, { count: this.#terminals.length });
    }
    if (this.exit !== null) this.#leaveWhenTold();
  }

  input(conn: HolderConn, { id, flags, guard, seen, bytes }: Input): void {
    const refuse = (code: string, message: string): void => conn.inputDone(bytes.length, { id, ok: false, code, message, written: 0 });
    if ((flags & INPUT_FLAG.guarded) !== 0 && guard !== this.#localInputs)
      return refuse('local_input', 'Someone typed at the desk meanwhile.');
    // Looked at and written in one go: what stood on its sender's screen stands now, as far as anybody outside the agent can know.
    if (seen !== null) this.#pty.catchUp();
    if (seen !== null && this.log.end > seen) return refuse('output_moved', 'The agent has written meanwhile.');
    if ((flags & INPUT_FLAG.reply) !== 0 && conn.role === 'terminal' && this.#terminals.at(-1) !== conn) {
      // Two terminals would answer the same query twice, and the second answer would be typed into the agent.
      conn.inputDone(bytes.length, { id, ok: true, written: 0 });
      return;
    }
    if (conn.role === 'terminal' && (flags & INPUT_FLAG.typed) !== 0) this.#typedAtDesk(conn, (flags & INPUT_FLAG.moves) !== 0);
    this.#recorder?.input(bytes);
    this.#input.push({ id, bytes, expires: conn.role === 'daemon', done: (reply) => conn.inputDone(bytes.length, reply) });
  }

  /** A terminal's size counts while it is in front; the daemon's asks are kept to sizes an agent can draw in. */
  resize(conn: HolderConn, cols: number, rows: number): { cols: number; rows: number } {
    if (conn.role !== 'terminal') return this.#applySize(clamp(cols, 20, 500), clamp(rows, 5, 300));
    conn.cols = cols;
    conn.rows = rows;
    return this.#terminals.at(-1) === conn ? this.#applySize(cols, rows) : this.#sizes.now;
  }

  signal(signal: string, scope: string): boolean {
    if (!isSignal(signal) || this.exit !== null) return false;
    const { pid } = this.#pty;
    if (scope === 'leader') return sendSignal(pid, signal);
    if (scope === 'family') return this.#signalFamily(signal);
    const front = processFacts(pid)?.tpgid ?? -1;
    return sendSignal(front > 0 ? -front : -pid, signal);
  }

  /** Gently, then, after `graceMs`, hard: the whole session and all descendants. */
  stop(by: string, signal: string, graceMs: number): void {
    if (this.exit !== null) return;
    this.#stoppedBy ??= by;
    this.#signalFamily(isSignal(signal) ? signal : 'SIGTERM');
    this.#signalFamily('SIGCONT');
    clearTimeout(this.#killTimer);
    this.#killTimer = setTimeout(() => this.#signalFamily('SIGKILL'), clamp(graceMs, 0, 600_000));
  }

  /** Makes a full-screen program draw itself anew: a size change there and back. */
  repaint(): void {
    const { cols, rows } = this.#sizes.now;
    this.#pty.resize(cols, rows > 1 ? rows - 1 : rows + 1);
    this.#pty.resize(cols, rows);
    sendSignal(this.#pty.pid, 'SIGWINCH');
  }

  #output(bytes: Buffer): void {
    const offset = this.log.end;
    this.log.take(bytes);
    this.#lastOutputMs = Date.now();
    let framed: Buffer | undefined;
    const send = (conn: HolderConn): void => {
      if (!conn.takesLive(offset)) return;
      framed ??= outputFrame(offset, bytes);
      conn.live(this.log.end, framed);
    };
    // Who looks on first, then the daemon's own reading of the screen, then the disk: a person waits for the first only.
    for (const conn of this.#conns) if (conn.role !== 'daemon') send(conn);
    for (const conn of this.#conns) if (conn.role === 'daemon') send(conn);
    this.log.store();
    this.#recorder?.output(bytes);
    // An agent that writes may have read as well.
    if (this.#input.queuedBytes > 0) this.#input.pump();
  }

  #typedAtDesk(conn: HolderConn, moves: boolean): void {
    this.#localInputs++;
    this.#lastLocalInputMs = Date.now();
    if (this.#terminals.at(-1) !== conn) this.#bringToFront(conn);
    for (const other of this.#conns) {
      if (other.role === 'daemon') other.send(TELL.localInput, { count: this.#localInputs, atMs: this.#lastLocalInputMs, moves });
    }
  }

  #bringToFront(conn: HolderConn): void {
    const at = this.#terminals.indexOf(conn);
    if (at >= 0) this.#terminals.splice(at, 1);
    this.#terminals.push(conn);
    this.#applySize(conn.cols, conn.rows);
  }

  #applySize(cols: number, rows: number): { cols: number; rows: number } {
    const now = this.#sizes.now;
    // A terminal that knows no size (a pipe) says 0: the size stays.
    if (cols < 1 || rows < 1 || (now.cols === cols && now.rows === rows)) return { cols: now.cols, rows: now.rows };
    const size = { offset: this.log.end, cols: clamp(cols, 1, 1000), rows: clamp(rows, 1, 1000) };
    this.#pty.resize(size.cols, size.rows);
    this.#recorder?.resize(size.cols, size.rows);
    const dropped = this.#sizes.add(size, this.log.start);
    for (const conn of this.#conns) conn.sizesChanged(dropped);
    return { cols: size.cols, rows: size.rows };
  }

  #signalFamily(signal: NodeJS.Signals): boolean {
    let sent = false;
    const family = familyOf(
      this.#pty.pid,
      this.#told.filter(isStill).map(({ pid }) => pid),
    ).filter(({ pid }) => pid !== process.pid);
    if (this.#stoppedBy !== null) this.#told = family;
    for (const { pid } of family) sent = sendSignal(pid, signal) || sent;
    return sent;
  }

  #tellAll(type: number, value: object): void {
    for (const conn of this.#conns) conn.send(type, value);
  }

  #ended(code: number | null, signal: string | null): void {
    clearTimeout(this.#killTimer);
    // After a stop nothing of the run may stay behind; after an ordinary end background processes live on, as at any terminal.
    if (this.#stoppedBy !== null) this.#signalFamily('SIGKILL');
    this.log.close();
    this.#input.close();
    this.#recorder?.close();
    this.exit = { v: 1, code, signal, how: 'exited', endOffset: this.log.end, endedMs: Date.now(), stoppedBy: this.#stoppedBy };
    this.#writeExit(this.exit, EXIT_RETRIES);
    for (const conn of this.#conns) conn.pump();
    this.#leaveWhenTold();
    setTimeout(() => {
      for (const conn of this.#conns) conn.dismiss();
    }, LINGER_MS).unref();
  }

  #leaveWhenTold(): void {
    if (this.#conns.size > 0) return;
    this.#server.close();
    this.#gone();
  }

  #writeRun(): void {
    try {
      writeFileAtomic(path.join(this.#dir, 'run.json'), JSON.stringify(this.run, null, 1));
    } catch (error) {
      report('run_record_not_written', errno(error));
    }
  }

  /** Without an exit record the run counts as lost, so a full disk is waited for a while; by then the run record may fit as well. */
  #writeExit(exit: ExitRecord, triesLeft: number): void {
    try {
      if (!fs.existsSync(path.join(this.#dir, 'run.json'))) this.#writeRun();
      writeFileAtomic(path.join(this.#dir, 'exit.json'), JSON.stringify(exit, null, 1));
    } catch (error) {
      report('exit_record_not_written', errno(error));
      if (triesLeft > 0) setTimeout(() => this.#writeExit(exit, triesLeft - 1), EXIT_RETRY_MS);
    }
  }
}

/** One line on stderr, which is the run's holder.log; event words and codes only, never content. */
export function report(event: string, code: string): void {
  try {
    fs.writeSync(2, `${JSON.stringify({ t: new Date().toISOString(), event, code })}\n`);
  } catch {
    // The log is on the disk that is in trouble: there is nobody left to tell.
  }
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(os.constants.signals, name);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
