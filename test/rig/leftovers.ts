/**
 * What a test run leaves behind is a fault of a test, and fails the run: processes (holders, agents, daemons, relays) and unix sockets. Every temporary
 * directory of a run lies in one of its own, which is in the environment, the arguments or the working directory of whatever was started for it, so that
 * nothing has to be marked by hand. Processes are found on Linux; the directory is looked through everywhere.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

/** How long what was told to end may take. */
const END_MS = 5000;

export interface LeftProcess {
  pid: number;
  command: string;
}

/** Vitest's globalSetup: before the first test file; what it returns runs after the last. */
export default function setup(): () => Promise<void> {
  // Short: the paths of unix sockets below it are limited.
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cr-')));
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = dir;
  return async () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    const processes = await leftProcesses(dir, END_MS);
    const sockets = leftSockets(dir);
    const report = describeLeft(processes, sockets, dir);
    for (const { pid } of processes) end(pid);
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    if (report === '') return;
    process.exitCode = 1;
    throw new Error(report);
  };
}

/** Processes that have to do with `dir`, once they had `waitMs` to end by themselves. */
export async function leftProcesses(dir: string, waitMs: number): Promise<LeftProcess[]> {
  const dueMs = performance.now() + waitMs;
  for (;;) {
    const left = processesOf(dir);
    if (left.length === 0 || performance.now() > dueMs) return left;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function leftSockets(dir: string): string[] {
  return fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isSocket())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** `dir`, and the databases that relays below it have elsewhere: root's server runs as another user, in a place of that user's, named by this file. */
function traces(dir: string): string[] {
  const ids = fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name === 'database-id')
    .map((entry) => read(path.join(entry.parentPath, entry.name)).trim());
  return [dir, ...ids.filter((id) => id !== '')];
}

function processesOf(dir: string): LeftProcess[] {
  if (!fs.existsSync('/proc/self/environ')) return [];
  const wanted = traces(dir);
  return fs.readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    // A zombie has no command any more: it has ended, and whoever started it has not looked. Vitest's own workers end with it.
    if (command === '' || command.includes('node_modules/vitest/')) return [];
    const belongs = [command, read(`/proc/${pid}/environ`), linkOf(`/proc/${pid}/cwd`)].some((text) =>
      wanted.some((trace) => text.includes(trace)),
    );
    return belongs ? [{ pid, command }] : [];
  });
}

function describeLeft(processes: readonly LeftProcess[], sockets: readonly string[], dir: string): string {
  const lines = [
    ...processes.map(({ pid, command }) => `  process ${pid}: ${command.slice(0, 200)} (${whichPlace(pid, dir)})`),
    ...sockets.map((socket) => `  socket ${socket}`),
  ];
  return lines.length === 0 ? '' : `The tests left behind (ended and removed now):\n${lines.join('\n')}`;
}

/** The directory of the test that it was of, as far as it tells. */
function whichPlace(pid: number, dir: string): string {
  const all = read(`/proc/${pid}/environ`) + read(`/proc/${pid}/cmdline`) + linkOf(`/proc/${pid}/cwd`);
  return new RegExp(`${dir}/[^/\\0\\s]+`).exec(all)?.[0] ?? dir;
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return ''; // ended meanwhile, or another user's
  }
}

function linkOf(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return '';
  }
}
