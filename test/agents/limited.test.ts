import { execFile, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';

const LIMITED = resolve(import.meta.dirname, '../../scripts/lib/limited.mjs');

/** Runs a program of one line with that limit; what `limited` resolves to, and the last thing the program printed. */
async function run(program: string, limitMs: number): Promise<{ code: number; timedOut: boolean; left: number; printed: string }> {
  const script = `
    const { limited } = await import(${JSON.stringify(LIMITED)});
    const { output, ...rest } = await limited(['-e', ${JSON.stringify(program)}], { limitMs: ${limitMs} });
    console.log('\\n' + JSON.stringify({ ...rest, printed: output.trim() }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Awaited<ReturnType<typeof run>>;
}

/** Starts a process that leaves its group and outlives it, and prints its id. */
const LEAVES_ONE = `
  const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  child.unref();
  console.log(child.pid);`;

/** Its state in the process table; a dead one that nobody has collected yet is Z. */
const state = (pid: number): string => spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' }).stdout.trim();
const ended = (pid: string) => vi.waitFor(() => expect(state(Number(pid))).toMatch(/^(?:Z.*)?$/), 5000);

it('passes on what a program prints and how it ends', async () => {
  expect(await run('console.log("done"); process.exitCode = 3', 20_000)).toEqual({ code: 3, timedOut: false, left: 0, printed: 'done' });
});

it('a program that hangs is ended at its limit, with what it started in a session of its own', async () => {
  const { timedOut, code, printed } = await run(`${LEAVES_ONE} setInterval(() => {}, 1000)`, 1500);
  expect([timedOut, code]).toEqual([true, 1]);
  await ended(printed.split('\n')[0]!);
});

it('a process that a program leaves behind is ended and counted', async () => {
  const { left, timedOut, printed } = await run(LEAVES_ONE, 20_000);
  expect([left, timedOut]).toEqual([1, false]);
  await ended(printed);
});
