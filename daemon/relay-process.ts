/** The relay as a child process of the CLI: start, its address, its end. The relay itself is another room: nothing of it is imported. */
import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { ClawError, EXIT } from '../shared/errors.ts';

export interface RelayProcess {
  pid: number;
  /** Where it listens, once it says so. Rejects with what it said where it does not come up. */
  listening: Promise<string>;
  exited: Promise<number>;
  stop(): Promise<void>;
}

/**
 * A storm of connects would make V8's young space 32 MB, and it would stay: 24 kB a connection instead of 9. As in the Dockerfile and the
 * systemd unit.
 */
export const RELAY_FLAGS = ['--max-semi-space-size=4'];

const STOP_MS = 20_000;

/** The relay's entry beside this file, as built or as source. */
function relayCommandLine(): string[] {
  const fromSource = import.meta.filename.endsWith('.ts');
  const entry = path.join(import.meta.dirname, '..', 'relay', `main.node.${fromSource ? 'ts' : 'js'}`);
  if (!fs.existsSync(entry)) throw new ClawError('internal', `The relay is missing from this installation (${entry}).`);
  return fromSource
    ? [...RELAY_FLAGS, '--import', `file://${createRequire(import.meta.url).resolve('tsx')}`, entry]
    : [...RELAY_FLAGS, entry];
}

export function startRelay(options: { env?: NodeJS.ProcessEnv; stdio: 'inherit' | 'pipe'; onLine?: (line: string) => void }): RelayProcess {
  const piped = options.stdio === 'pipe';
  const child = spawn(process.execPath, relayCommandLine(), {
    env: options.env ?? process.env,
    stdio: ['ignore', piped ? 'pipe' : 'inherit', piped ? 'pipe' : 'inherit'],
    // Its own group: Ctrl-C at the terminal reaches us, and we end it in order.
    detached: piped,
  });
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? EXIT.failed : 0)));
    child.once('error', () => resolve(EXIT.failed));
  });
  return {
    pid: child.pid ?? 0,
    listening: piped ? listening(child, exited, options.onLine) : new Promise(() => undefined),
    exited,
    stop: () => stop(child, exited),
  };
}

function listening(child: ChildProcess, exited: Promise<number>, onLine: ((line: string) => void) | undefined): Promise<string> {
  let last = '';
  let hint: string | undefined;
  const origin = new Promise<string>((resolve) => {
    for (const stream of [child.stdout!, child.stderr!])
      createInterface({ input: stream }).on('line', (line) => {
        onLine?.(line);
        const said = parse(line);
        if (said?.event === 'listening' && typeof said.origin === 'string') resolve(said.origin);
        // What ends it is said as the CLI says it: the sentence, then the way out.
        const way = said === null ? /^try: (.*)$/.exec(line)?.[1] : undefined;
        if (way !== undefined) hint = way;
        else if (typeof said?.message === 'string') last = said.message;
        else if (said === null && line.trim() !== '') last = line.trim().replace(/^clawtab[ a-z-]*: /, '');
      });
  });
  const died = exited.then((code): never => {
    // As the relay itself would end: its configuration is told from a network that is in the way.
    const what = code === EXIT.config ? 'config_relay' : 'relay_unreachable';
    const more = hint === undefined ? {} : { hint };
    throw new ClawError(what, `The relay did not start (exit ${code})${last === '' ? '.' : `: ${last}`}`, more);
  });
  // Whoever only wants the end never looks here.
  died.catch(() => undefined);
  return Promise.race([origin, died]);
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

async function stop(child: ChildProcess, exited: Promise<number>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timer);
}
