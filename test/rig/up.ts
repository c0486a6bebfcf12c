/** `clawtab up` as a user starts it: the built command in a process of its own, its lines as they come. */
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Place } from './place.ts';

export const CLI = resolve(import.meta.dirname, '../../dist/daemon/cli.js');

export interface Up {
  child: ChildProcess;
  /** Everything printed so far. */
  lines: string[];
  /** The next line, or one already printed, that fits. Rejects where the command ends first. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ctrl-C, and the exit code. */
  interrupt(): Promise<number | null>;
}

/** `cli`: of another build. */
export function startUp(place: Place, args: readonly string[] = ['--port', '0'], cli = CLI): Up {
  const child = spawn(process.execPath, [cli, 'up', ...args], { env: place.env, cwd: place.home, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const waiting = new Set<(line: string | null) => void>();
  const hear = (line: string): void => {
    lines.push(line);
    for (const wait of waiting) wait(line);
  };
  createInterface({ input: child.stdout! }).on('line', hear);
  createInterface({ input: child.stderr! }).on('line', hear);
  const exited = new Promise<number | null>((done) => child.once('close', done));
  void exited.then(() => {
    for (const wait of waiting) wait(null);
  });
  return {
    child,
    lines,
    line: (pattern) =>
      new Promise((found, lost) => {
        const before = lines.map((l) => pattern.exec(l)).find((m) => m !== null);
        if (before) return found(before);
        const wait = (line: string | null): void => {
          const match = line === null ? null : pattern.exec(line);
          if (line !== null && match === null) return;
          waiting.delete(wait);
          if (match) found(match);
          else lost(new Error(`clawtab up ended before a line like ${pattern}:\n${lines.join('\n')}`));
        };
        waiting.add(wait);
      }),
    async interrupt() {
      child.kill('SIGINT');
      return exited;
    },
  };
}
