/** Runs with real holders and real ptys in a state directory of their own: for tests. Not part of the product. */
import * as fs from 'node:fs';
import { openState, type State } from '../state.ts';
import { makePlace, type Place } from '../test-daemon.ts';
import type { ConnectOptions, HolderClient } from './holder-client.ts';
import type { ExitRecord, Gap, Resized, RunRecord } from './holder-protocol.ts';
import { RunStore } from './run-store.ts';
import { type StartRequest, startRun } from './start-run.ts';

/** Everything a client heard of a run, to its end. */
export interface Heard {
  bytes: Buffer;
  gaps: Gap[];
  sizes: Resized[];
  exit: ExitRecord | null;
}

export class TestRuns {
  readonly place: Place = makePlace();
  readonly state: State = openState(this.place.env);
  readonly store = new RunStore(this.state);

  start(argv: readonly string[], more: Partial<StartRequest> = {}): Promise<RunRecord> {
    const env = { PATH: process.env.PATH, HOME: this.place.dir, TERM: 'xterm-256color', LANG: 'C.UTF-8' };
    return startRun(this.state, { argv, env, cwd: this.place.dir, who: 'desk', cols: 80, rows: 24, localTerminal: false, ...more });
  }

  sh(script: string, more: Partial<StartRequest> = {}): Promise<RunRecord> {
    return this.start(['sh', '-c', script], more);
  }

  /** A program of Node's; its standard input is raw. */
  node(source: string, more: Partial<StartRequest> = {}): Promise<RunRecord> {
    const file = `${this.place.dir}/agent-${process.hrtime.bigint()}.cjs`;
    fs.writeFileSync(file, `process.stdin.setRawMode(true).resume();\n${source}`);
    return this.start([process.execPath, file], more);
  }

  connect(run: RunRecord, options: ConnectOptions = { role: 'daemon' }): Promise<HolderClient> {
    return this.store.connect(run, options);
  }

  /** Reads from `from` to the end of the run. Every byte's offset is checked on the way. */
  async readAll(run: RunRecord, from = 0): Promise<Heard> {
    const client = await this.connect(run, { role: 'viewer' }).catch(() => null);
    return client === null ? this.stored(run, from) : follow(client, from);
  }

  /** The same from the disk, for a run that has ended; `end` is the offset that was reached. */
  stored(run: RunRecord, from = 0): Heard & { end: number } {
    const stored = this.store.get(run.id);
    const heard: Heard = { bytes: Buffer.alloc(0), gaps: [], sizes: [], exit: stored?.exit ?? null };
    if (stored === null) throw new Error(`there is no record of ${run.id}`);
    const log = this.store.log(stored);
    let end = from;
    for (let read = log.read(end, 1 << 20); read !== null; read = log.read(end, 1 << 20)) {
      const at = 'gap' in read ? read.gap.from : read.offset;
      if (at !== end) throw new Error(`stored output at ${at}, expected at ${end}`);
      if ('gap' in read) heard.gaps.push(read.gap);
      else heard.bytes = Buffer.concat([heard.bytes, read.bytes]);
      end = 'gap' in read ? read.gap.to : end + read.bytes.length;
    }
    return { ...heard, end };
  }

  /** Ends what still lives and takes everything away. */
  async remove(): Promise<void> {
    for (const { run } of await this.store.adopt()) {
      const client = await this.connect(run);
      const ended = new Promise<void>((resolve) => client.once('exit', () => resolve()).once('lost', () => resolve()));
      await client.subscribe();
      await client.stop('test', { signal: 'SIGKILL', graceMs: 0 }).catch(() => undefined);
      await ended;
    }
    this.place.remove();
  }
}

/** Reads with `client` to the end of its run. @throws where a byte is doubled or left out in silence */
export async function follow(client: HolderClient, from = 0): Promise<Heard> {
  const pieces: Buffer[] = [];
  const heard: Heard = { bytes: Buffer.alloc(0), gaps: [], sizes: [], exit: null };
  let next = from;
  await new Promise<void>((resolve, reject) => {
    client.on('output', (bytes, offset) => {
      if (offset !== next) reject(new Error(`output at ${offset}, expected at ${next}`));
      next = offset + bytes.length;
      pieces.push(Buffer.from(bytes));
    });
    client.on('gap', (gap) => {
      if (gap.from !== next) reject(new Error(`gap at ${gap.from}, expected at ${next}`));
      next = gap.to;
      heard.gaps.push(gap);
    });
    client.on('resized', (size) => heard.sizes.push(size));
    client.on('exit', (exit) => {
      heard.exit = exit;
      resolve();
    });
    client.on('lost', () => resolve());
    client.subscribe(from).catch(reject);
  });
  heard.bytes = Buffer.concat(pieces);
  return heard;
}

/** Resolves as soon as what `client` has printed since now contains `text`; with what was printed last. */
export function printed(client: HolderClient, text: string): Promise<string> {
  let all = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`“${text}” did not come; printed: ${JSON.stringify(all.slice(-500))}`)), 20_000);
    const look = (bytes: Buffer): void => {
      all = all.slice(-4096) + bytes.toString('latin1');
      if (!all.includes(text)) return;
      clearTimeout(timer);
      client.off('output', look);
      resolve(all);
    };
    client.on('output', look);
  });
}

/** Waits for a condition that no event tells of. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const dueMs = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > dueMs) throw new Error(`in 20 s this did not come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resident memory, KiB; Linux. */
export const rssKib = (pid: number): number => Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
