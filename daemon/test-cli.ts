/** The `clawtab` command as a process of its own, and what it said: for tests. Not part of the product. */
import { spawn } from 'node:child_process';
import { ownCommand } from './own-command.ts';
import type { Place } from './test-daemon.ts';

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

export interface CliOptions {
  env?: NodeJS.ProcessEnv;
  input?: string;
  cwd?: string;
}

/** Runs `clawtab` in the state directory of `place`, to its end. */
export function clawtab(place: Place, args: readonly string[], { env = {}, input = '', cwd = place.dir }: CliOptions = {}): Promise<Ran> {
  const [node, ...rest] = ownCommand('cli');
  const child = spawn(node!, [...rest, ...args], { env: { ...place.env, ...env }, cwd });
  const ran: Ran = { code: null, out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    ran.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ran.err += chunk;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })));
}
