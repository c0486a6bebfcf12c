/**
 * Is the process at the other end of a unix socket one of a run's own? An agent must not answer its own question by calling the CLI.
 *
 * Node cannot ask a socket for its peer (SO_PEERCRED), so the caller names its pid and proves it: the server makes a file with a random
 * name in a private directory, the caller opens it and keeps it open, and the server looks whether that pid has it open. A pid can then
 * only be borrowed from a process that helps. The pid belongs to a run if it is in the session or below the process of the run, or if it
 * was started with the run's CLAWTAB_RUN (which survives setsid and double forks).
 *
 * Best effort, not a boundary: the agent runs as the same user and can, with intent, start a helper outside of all three.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { processFacts } from './processes.ts';

/** Set for every agent: the run it belongs to, and (`:`-separated, outermost last) the runs around that one. */
export const RUN_ENV = 'CLAWTAB_RUN';
export const OUTER_RUNS_ENV = 'CLAWTAB_OUTER_RUNS';

export interface RunProcess {
  id: string;
  /** The agent's process: leader of the run's session. */
  pid: number;
}

/** The run among `runs` that `pid` belongs to, the innermost of several, or null. A pid that has gone belongs to none. */
export function runOfCaller(pid: number, runs: readonly RunProcess[]): string | null {
  if (runs.length === 0) return null;
  const byPid = new Map(runs.map((run) => [run.pid, run.id]));
  let facts = processFacts(pid);
  if (facts === null) return null;
  const bySession = byPid.get(facts.sid) ?? byPid.get(facts.pgid);
  if (bySession !== undefined) return bySession;
  const known = new Set(runs.map((run) => run.id));
  const byName = startedUnder(pid).find((id) => known.has(id));
  if (byName !== undefined) return byName;
  // 64 generations: a bound against a table that changes while it is walked.
  for (let i = 0; i < 64 && facts !== null && facts.pid > 1; i++) {
    const run = byPid.get(facts.pid) ?? byPid.get(facts.sid);
    if (run !== undefined) return run;
    facts = processFacts(facts.ppid);
  }
  return null;
}

/** Run ids in the environment the process was started with, innermost first; none where it cannot be read. */
function startedUnder(pid: number): string[] {
  const environment = environmentOf(pid);
  return [RUN_ENV, OUTER_RUNS_ENV].flatMap((name) =>
    environment
      .filter((pair) => pair.startsWith(`${name}=`))
      .flatMap((pair) => pair.slice(name.length + 1).split(':'))
      .filter((id) => id !== ''),
  );
}

function environmentOf(pid: number): string[] {
  try {
    if (process.platform === 'linux') return fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return execFileSync('ps', ['-E', '-ww', '-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split(/\s+/);
  } catch {
    return [];
  }
}

export interface Challenge {
  /** The file to open and keep open. */
  file: string;
  /** Does `pid` have the file open now? */
  provenBy(pid: number): boolean;
  close(): void;
}

const CHALLENGE_NAME = /^caller-[0-9a-f]{32}$/;

/** A new challenge in `dir`, which must be private. @throws the file system's error */
export function newChallenge(dir: string): Challenge {
  const file = path.join(dir, `caller-${randomBytes(16).toString('hex')}`);
  fs.closeSync(fs.openSync(file, 'wx', 0o600));
  const { dev, ino } = fs.statSync(file);
  return {
    file,
    provenBy: (pid) => (process.platform === 'linux' ? hasOpen(pid, dev, ino) : hasOpenByLsof(pid, file)),
    close: () => fs.rmSync(file, { force: true }),
  };
}

/** The caller's side: opens the challenge, which must lie beside the socket it came through. Returns the descriptor to close afterwards. */
export function takeChallenge(file: string, socketPath: string): number {
  if (path.dirname(file) !== path.dirname(socketPath) || !CHALLENGE_NAME.test(path.basename(file)))
    throw new Error('challenge in a strange place');
  return fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
}

function hasOpen(pid: number, dev: number, ino: number): boolean {
  const dir = `/proc/${pid}/fd`;
  let names: string[];
  try {
    names = fs.readdirSync(dir);
  } catch {
    return false;
  }
  for (const name of names) {
    try {
      const stat = fs.statSync(path.join(dir, name));
      if (stat.dev === dev && stat.ino === ino) return true;
    } catch {
      // Closed since it was listed, or a socket that cannot be looked at: not the file.
    }
  }
  return false;
}

function hasOpenByLsof(pid: number, file: string): boolean {
  try {
    const out = execFileSync('lsof', ['-a', '-p', String(pid), '-Fn', '--', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return out.includes(`n${file}`) || out.includes(path.basename(file));
  } catch {
    return false;
  }
}
