/**
 * The runs of this machine, live and finished, as their folders tell: run.json, exit.json, log/, events.jsonl. Owns finding them, knowing
 * which are alive, reading the output of finished ones, history records and retention. The folders are the truth; nothing is cached.
 */
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { ClawError } from '../../shared/errors.ts';
import { errno, readPrivateFile, type State, writeFileAtomic } from '../state.ts';
import { type ConnectOptions, HolderClient } from './holder-client.ts';
import { ASK, type ExitRecord, jsonFrame, PROTOCOL, type Resized, type RunRecord } from './holder-protocol.ts';
import { StoredLog } from './log-segments.ts';
import { isRunId } from './run-id.ts';
import { readSizes } from './size-history.ts';

export interface StoredRun {
  run: RunRecord;
  /** How it ended; null while it lives. */
  exit: ExitRecord | null;
}

export interface Retention {
  /** Finished runs kept at most. */
  count: number;
  /** Finished runs older than this go. */
  ageMs: number;
  /** All finished runs together, bytes on disk. */
  bytes: number;
  /** The newest so many stay whatever their age: a clock set to another year must not empty the history. */
  newest: number;
}
export const DEFAULT_RETENTION: Retention = { count: 500, ageMs: 30 * 86_400_000, bytes: 1 << 30, newest: 100 };

const CONNECT_TIMEOUT_MS = 2000;
/** The longest pause before the last try to reach a holder. */
const LAST_WAIT_MS = 1000;
const SERVED_TRIES = 5;
const SERVED_PAUSE_MS = 50;

export class RunStore {
  readonly state: State;

  constructor(state: State) {
    this.state = state;
  }

  dir(id: string): string {
    if (!isRunId(id)) throw new ClawError('not_found', `"${id.slice(0, 40)}" is no run id.`);
    return path.join(this.state.runs, id);
  }

  /** Every run whose record can be read, newest first. `exit` is as on disk: a run without one may be alive or lost, see `adopt`. */
  list(): StoredRun[] {
    const runs: StoredRun[] = [];
    for (const name of fs.readdirSync(this.state.runs)) {
      const found = isRunId(name) ? this.get(name) : null;
      if (found !== null) runs.push(found);
    }
    return runs.sort((a, b) => b.run.startedMs - a.run.startedMs);
  }

  /** One run, or null where there is none or its record is damaged (it then stays on disk, untouched). */
  get(id: string): StoredRun | null {
    const dir = this.dir(id);
    const run = readRecord<RunRecord>(path.join(dir, 'run.json'));
    if (run === null || run.v !== 1 || run.id !== id || typeof run.pid !== 'number' || !Array.isArray(run.argv)) return null;
    return { run, exit: readRecord<ExitRecord>(path.join(dir, 'exit.json')) };
  }

  /** The run that a person means: an id, its beginning or end, or a name (the newest of that name, live ones first). @throws not_found, usage */
  find(text: string): StoredRun {
    const runs = this.list();
    const exact = runs.find(({ run }) => run.id === text);
    if (exact !== undefined) return exact;
    const named = runs.filter(({ run }) => run.name === text);
    const byName = named.find(({ exit }) => exit === null) ?? named[0];
    if (byName !== undefined) return byName;
    const partly = text.length < 3 ? [] : runs.filter(({ run }) => run.id.startsWith(text) || run.id.endsWith(text));
    if (partly.length > 1) {
      throw new ClawError('usage', `"${text}" could be ${partly.map(({ run }) => run.id).join(' or ')}.`, { hint: 'Give more of the id.' });
    }
    if (partly[0] !== undefined) return partly[0];
    throw new ClawError('not_found', `There is no run "${text}".`, { hint: 'See them with: clawtab jobs' });
  }

  /**
   * The runs that live now. A run without exit record whose socket nobody serves has lost its holder: it gets an exit record that says so,
   * once. Called when the daemon starts and whenever a client reports `lost`.
   */
  async adopt(nowMs = Date.now()): Promise<StoredRun[]> {
    const open = this.list().filter(({ exit }) => exit === null);
    const alive = await Promise.all(open.map(({ run }) => isServed(run.socket)));
    const live: StoredRun[] = [];
    for (const [i, stored] of open.entries()) {
      if (alive[i] === true) live.push(stored);
      else this.#markLost(stored.run, nowMs);
    }
    return live;
  }

  connect(run: RunRecord, options: ConnectOptions): Promise<HolderClient> {
    return HolderClient.connect(run.socket, this.dir(run.id), options);
  }

  /** The same for a run that lives: its holder answers sooner or later, however often the line breaks. Throws where it has ended, or nothing helps. */
  async connectAtLast(run: RunRecord, options: ConnectOptions): Promise<HolderClient> {
    for (let waitMs = 20; ; waitMs *= 2) {
      try {
        return await this.connect(run, options);
      } catch (error) {
        if (this.get(run.id)?.exit != null || waitMs > LAST_WAIT_MS) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** Output of a finished run, by offset. For a live one ask its holder. */
  log(stored: StoredRun): StoredLog {
    return new StoredLog(path.join(this.dir(stored.run.id), 'log'), stored.run.epoch, stored.exit?.endOffset ?? null);
  }

  /** Sizes of the run's terminal, oldest first. */
  sizes(run: RunRecord): Resized[] {
    return readSizes(path.join(this.dir(run.id), 'sizes.jsonl'), { offset: 0, cols: run.cols, rows: run.rows });
  }

  /** Adds an entry to the run's event list (questions, answers, retries); durable for the daemon's restart, not for a power cut. */
  addEvent(id: string, event: Readonly<Record<string, unknown>>): void {
    fs.appendFileSync(path.join(this.dir(id), 'events.jsonl'), `${JSON.stringify(event)}\n`, { mode: 0o600 });
  }

  /** The run's events in order; a line cut off by a crash is left out. */
  events(id: string): Record<string, unknown>[] {
    const file = path.join(this.dir(id), 'events.jsonl');
    if (!fs.existsSync(file)) return [];
    return fs
      .readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((row) => parseRow(row));
  }

  /** Notes that the end of a run has been told; false where it had been. A disk that refuses costs a second telling. */
  tellEnd(id: string): boolean {
    const file = path.join(this.dir(id), 'end-told');
    if (fs.existsSync(file)) return false;
    try {
      fs.writeFileSync(file, '', { mode: 0o600 });
    } catch {
      // Told all the same.
    }
    return true;
  }

  /** Deletes a finished run. @throws not_found, already_running */
  remove(id: string): void {
    const stored = this.get(id);
    if (stored === null) throw new ClawError('not_found', `There is no run ${id}.`);
    if (stored.exit === null)
      throw new ClawError('already_running', `Run ${id} has not ended.`, { hint: `Stop it first: clawtab jobs stop ${id}` });
    fs.rmSync(this.dir(id), { recursive: true, force: true });
  }

  /** Applies the retention rules to finished runs; returns the ids that went. */
  prune(retention: Retention = DEFAULT_RETENTION, nowMs = Date.now()): string[] {
    const gone: string[] = [];
    let kept = 0;
    let bytes = 0;
    for (const { run, exit } of this.list()) {
      if (exit === null) continue;
      const size = folderBytes(this.dir(run.id));
      const young = kept < retention.newest || nowMs - exit.endedMs <= retention.ageMs;
      const fits = kept < retention.count && bytes + size <= retention.bytes && young;
      if (fits) {
        kept++;
        bytes += size;
      } else {
        fs.rmSync(this.dir(run.id), { recursive: true, force: true });
        gone.push(run.id);
      }
    }
    return gone;
  }

  #markLost(run: RunRecord, nowMs: number): void {
    // The holder may have written its own end between the two looks.
    if (fs.existsSync(path.join(this.dir(run.id), 'exit.json'))) return;
    const end = new StoredLog(path.join(this.dir(run.id), 'log'), run.epoch, null).end;
    const exit: ExitRecord = { v: 1, code: null, signal: null, how: 'lost', endOffset: end, endedMs: nowMs, stoppedBy: null };
    writeFileAtomic(path.join(this.dir(run.id), 'exit.json'), JSON.stringify(exit, null, 1));
    fs.rmSync(run.socket, { force: true });
  }
}

function readRecord<T>(file: string): T | null {
  const bytes = readPrivateFile(file, 4 << 20);
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as T) : null;
  } catch {
    return null;
  }
}

function parseRow(row: string): Record<string, unknown>[] {
  try {
    return [JSON.parse(row)];
  } catch {
    return [];
  }
}

/**
 * Decided by asking: a pid may have been given to another process, a socket file may have been left behind, and a holder that is being killed
 * still takes connections for a moment. Any word of it means that it lives; a connection that ends without one is tried again, since a run that is
 * called lost stays lost.
 */
async function isServed(socketPath: string): Promise<boolean> {
  for (let triesLeft = SERVED_TRIES; ; triesLeft--) {
    const said = await askHolder(socketPath);
    if (said !== 'hung_up' || triesLeft === 1) return said === 'served';
    await new Promise((resolve) => setTimeout(resolve, SERVED_PAUSE_MS));
  }
}

function askHolder(socketPath: string): Promise<'served' | 'hung_up' | 'nobody'> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath);
    const done = (said: 'served' | 'hung_up' | 'nobody'): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(said);
    };
    // A holder that is only slow is alive: declaring it lost would be the worse mistake.
    const timer = setTimeout(() => done('served'), CONNECT_TIMEOUT_MS);
    socket.write(jsonFrame(ASK.hello, { ...PROTOCOL, role: 'viewer', pid: process.pid }));
    socket.once('data', () => done('served'));
    socket.once('close', () => done('hung_up'));
    socket.once('error', (error) => done(['ECONNREFUSED', 'ENOENT'].includes(errno(error)) ? 'nobody' : 'hung_up'));
  });
}

function folderBytes(dir: string): number {
  let sum = 0;
  for (const entry of fs.readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sum += fs.statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return sum;
}
