/** A relay in a process of its own, and the devices it takes for signed in: see child.ts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { HubFigures } from '../../../relay/metrics.ts';
import { removeState } from '../../../relay/test-relay.ts';
import type { DeviceKind } from '../../../shared/device-list.ts';

export type ChildOrder = { id: number } & (
  | { do: 'mint'; devices: { account: string; device: string; kind: DeviceKind; pub: string }[] }
  | { do: 'memory' }
);
export interface ChildReply {
  id: number;
  tokens?: string[];
  memory?: { heap: number; rss: number };
  sockets?: HubFigures;
}

export interface ChildRelay {
  origin: string;
  pid: number;
  /** Its log, line by line. */
  log: string[];
  /** How it ended, if it did before `stop`. */
  crashed(): string | null;
  mint(devices: { account: string; device: string; kind: DeviceKind; pub: string }[]): Promise<string[]>;
  /** Bytes after a garbage collection. */
  memory(): Promise<{ heap: number; rss: number }>;
  stop(): Promise<void>;
}

export async function startChildRelay(env: Record<string, string> = {}): Promise<ChildRelay> {
  const state = mkdtempSync(join(tmpdir(), 'clawtab-verify-'));
  const log: string[] = [];
  let crashed: string | null = null;
  const child: ChildProcess = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', new URL('./child.ts', import.meta.url).pathname], {
    env: { PATH: process.env['PATH'], HOME: state, CLAWTAB_STATE: state, LISTEN: '127.0.0.1:0', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const hear = (code: number | null, signal: string | null): void => {
    crashed = `ended with ${code ?? signal}`;
  };
  child.once('exit', hear);
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (log.length < 10_000) log.push(line);
  });
  const origin = await new Promise<string>((listens, failed) => {
    child.once('exit', () => failed(new Error(`the relay did not start: ${log.slice(-5).join('\n')}`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line.includes('"listening"')) listens((JSON.parse(line) as { origin: string }).origin);
    });
  });
  const waiting = new Map<number, (reply: ChildReply) => void>();
  child.on('message', (reply: ChildReply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  let ids = 0;
  const ask = (order: { do: 'memory' } | Omit<ChildOrder & { do: 'mint' }, 'id'>): Promise<ChildReply> =>
    new Promise((done, failed) => {
      if (crashed !== null) return failed(new Error(`the relay ${crashed}`));
      const id = ++ids;
      waiting.set(id, done);
      child.send({ ...order, id });
    });
  return {
    origin,
    pid: child.pid!,
    log,
    crashed: () => crashed,
    mint: async (devices) => (await ask({ do: 'mint', devices })).tokens!,
    memory: async () => (await ask({ do: 'memory' })).memory!,
    async stop() {
      child.off('exit', hear);
      if (crashed === null) child.kill('SIGTERM');
      await ended;
      removeState(state);
    },
  };
}
