/** A relay as a process of its own, on any of the runtimes, with an empty environment and a database of its own. Not part of the product. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { makeTestDatabase } from './store/test-database.ts';

const root = resolve(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);

export const RUNTIMES = {
  node: [process.execPath, '--import', 'tsx', 'relay/main.node.ts'],
  deno: [bin('deno'), 'run', '-A', '--no-lock', '--node-modules-dir=manual', 'relay/main.deno.ts'],
  bun: [bin('bun'), 'relay/main.bun.ts'],
} as const;
export type RuntimeName = keyof typeof RUNTIMES;

export interface RelayProcess {
  origin: string;
  child: ChildProcess;
  /** What it wrote to stderr so far. */
  log(): string;
  /** SIGTERM, then its exit code. */
  stop(): Promise<number | null>;
}

/** `serverUrl`: a PostgreSQL whose user may make databases. Rejects with what the relay said where it does not start. */
export async function startRelayProcess(runtime: RuntimeName, serverUrl: string, env: Record<string, string> = {}): Promise<RelayProcess> {
  const database = await makeTestDatabase(serverUrl);
  const state = mkdtempSync(join(tmpdir(), `clawtab-${runtime}-`));
  const [program, ...args] = RUNTIMES[runtime];
  const child = spawn(program!, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: state, LISTEN: '127.0.0.1:0', CLAWTAB_STATE: state, DATABASE_URL: database.url, ...env },
  });
  let log = '';
  child.stderr.on('data', (part: Buffer) => {
    log += part.toString('utf8');
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const cleared = ended.then(async ([code]) => {
    await database.drop();
    rmSync(state, { recursive: true, force: true });
    return code;
  });
  const listening = new Promise<string>((resolveOrigin) => {
    createInterface(child.stdout).on('line', (line) => {
      const said = JSON.parse(line) as { event: string; origin: string };
      if (said.event === 'listening') resolveOrigin(said.origin.replace('localhost', '127.0.0.1'));
    });
  });
  const origin = await Promise.race([
    listening,
    ended.then(([code]): never => {
      throw new Error(`the relay on ${runtime} ended with ${code}: ${log.slice(-2000)}`);
    }),
  ]);
  return {
    origin,
    child,
    log: () => log,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      return cleared;
    },
  };
}
