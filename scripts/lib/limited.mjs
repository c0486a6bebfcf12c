/** A program in a temporary folder of its own with a time limit: when it is over nothing that it started is left, ended by id and never by name. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, say } from './say.mjs';

/** How long it may take to end by itself when told: a relay stops its database on the way. */
const GRACE_MS = 10_000;

/** Ids of the processes that were started with this folder in their environment: whatever they did to their group or session since. */
function processesOf(folder) {
  const mine = (pid, environment) => pid !== process.pid && environment.includes(folder);
  if (existsSync('/proc/self/environ')) {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => {
        try {
          return mine(pid, readFileSync(`/proc/${pid}/environ`, 'latin1'));
        } catch {
          return false; // no process, or one that has just ended
        }
      });
  }
  const table = execFileSync('ps', ['-axEww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return table
    .split('\n')
    .map((line) => [Number.parseInt(line, 10), line])
    .filter(([pid, line]) => pid > 0 && mine(pid, line))
    .map(([pid]) => pid);
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended
  }
}

/** Ends them: told first, then without asking. */
async function endAll(folder) {
  const untilMs = Date.now() + GRACE_MS;
  for (const pid of processesOf(folder)) signal(pid, 'SIGTERM');
  while (processesOf(folder).length > 0 && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 100));
  for (const pid of processesOf(folder)) signal(pid, 'SIGKILL');
}

/**
 * Runs Node with `args`; shows what it prints and resolves to that, its exit code, `timedOut`, and how many processes it left behind (they are ended).
 */
export async function limited(args, { env = {}, limitMs }) {
  const folder = mkdtempSync(join(tmpdir(), 'ct'));
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const interrupted = () => void endAll(folder).then(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
    process.stdout.write(chunk);
  });
  let timedOut = false;
  const timers = [
    setTimeout(() => {
      timedOut = true;
      say(`FAILED: still running after ${Math.round(limitMs / 1000)} s: it is ended, with everything that it started`);
      signal(child.pid, 'SIGTERM');
    }, limitMs),
    setTimeout(() => {
      for (const pid of processesOf(folder)) signal(pid, 'SIGKILL');
    }, limitMs + GRACE_MS),
  ];
  const code = await new Promise((done) => child.once('exit', (exit) => done(exit ?? 1)));
  timers.forEach(clearTimeout);
  process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  const left = processesOf(folder).length;
  await endAll(folder);
  child.stdout.destroy();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  return { code, output, timedOut, left };
}
