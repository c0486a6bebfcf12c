/**
 * What the system knows about processes: whose session, whose child, which one is in front. Linux reads /proc; elsewhere `ps` is asked.
 * Everything is a snapshot and may be stale by the time it is used.
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';

export interface ProcessFacts {
  pid: number;
  ppid: number;
  pgid: number;
  /** Session id; 0 where the platform does not say. */
  sid: number;
  /** Foreground process group of its terminal, -1 where there is none. */
  tpgid: number;
  /** When it started, in the system's own count; 0 where the platform does not say. A pid that was given away has another. */
  started: number;
}

const LINUX = process.platform === 'linux';

/** Facts of one process, or null where it has gone. */
export function processFacts(pid: number): ProcessFacts | null {
  if (!LINUX) return psTable(['-p', String(pid)])[0] ?? null;
  let stat: string;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The command name may hold spaces and brackets; the fields start behind its last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  const number = (i: number) => Number(fields[i]);
  return { pid, ppid: number(1), pgid: number(2), sid: number(3), tpgid: number(5), started: number(19) };
}

/** All processes that can be seen. */
export function allProcesses(): ProcessFacts[] {
  if (!LINUX) return psTable(['-ax']);
  const all: ProcessFacts[] = [];
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const facts = processFacts(Number(name));
    if (facts !== null) all.push(facts);
  }
  return all;
}

/** Is that process still the one it was? */
export function isStill(known: ProcessFacts): boolean {
  const now = processFacts(known.pid);
  return now !== null && now.started === known.started && now.pgid === known.pgid;
}

/** The leader's session and all descendants of it, the leader included while it lives. `more`: processes that count as leaders too. */
export function familyOf(leader: number, more: readonly number[] = []): ProcessFacts[] {
  const all = allProcesses();
  const leaders = new Set([leader, ...more]);
  const family = new Set(all.filter((p) => leaders.has(p.pid) || leaders.has(p.sid) || leaders.has(p.pgid)).map((p) => p.pid));
  // Parents may come after their children in the list: repeat until nothing is added.
  for (let before = -1; before !== family.size; ) {
    before = family.size;
    for (const p of all) if (family.has(p.ppid)) family.add(p.pid);
  }
  return all.filter((p) => family.has(p.pid));
}

/** Sends `signal` to the process, or to the group where `pid` is negative; false where nobody was there. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

function psTable(which: string[]): ProcessFacts[] {
  let out: string;
  try {
    out = execFileSync('ps', [...which, '-o', 'pid=,ppid=,pgid=,tpgid='], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return [];
  }
  return out
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((f) => f.length === 4 && f.every(Number.isFinite))
    .map(([pid, ppid, pgid, tpgid]) => ({ pid: pid!, ppid: ppid!, pgid: pgid!, sid: 0, tpgid: tpgid === 0 ? -1 : tpgid!, started: 0 }));
}
