/** Processes of the bench: start one, read its CPU and memory from the kernel, give it orders. Linux: /proc. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Order, Result } from './load.ts';

const TICK_US = 1e6 / 100; // USER_HZ

/** CPU time of a process and its threads, microseconds. */
export function cpuUs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

export function rssKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}

export interface Served {
  child: ChildProcess;
  pid: number;
  origin: string;
  startMs: number;
  stop(): Promise<void>;
}

/** Starts a server and waits for its `{"event":"listening","origin":…}` line. */
export function serve(argv: readonly string[], env: NodeJS.ProcessEnv = {}, ipc = false): Promise<Served> {
  const started = performance.now();
  const child = spawn(process.execPath, argv, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit', ...(ipc ? (['ipc'] as const) : [])],
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${argv.join(' ')} ended with ${code} before it listened`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (!line.includes('"listening"')) return;
      const { origin } = JSON.parse(line) as { origin: string };
      const stop = (): Promise<void> =>
        new Promise((done) => {
          if (child.exitCode !== null) return done();
          child.once('exit', () => done());
          child.kill('SIGTERM');
        });
      resolve({ child, pid: child.pid!, origin, startMs: performance.now() - started, stop });
    });
  });
}

export interface Load {
  order(order: Order): Promise<Result>;
  stop(): void;
}

export function startLoad(): Load {
  const child = fork(new URL('./load.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });
  return {
    order: (order) =>
      new Promise((resolve, reject) => {
        child.once('message', (m: { result?: Result; error?: string }) =>
          m.result ? resolve(m.result) : reject(new Error(m.error ?? 'no result')),
        );
        child.send(order);
      }),
    stop: () => child.disconnect(),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const mid = sorted.length >> 1;
  return sorted.length === 0 ? Number.NaN : sorted.length % 2 ? sorted[mid]! : (sorted[mid - 1]! + sorted[mid]!) / 2;
}

export const percentile = (values: readonly number[], p: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * p) / 100))] ?? Number.NaN;
