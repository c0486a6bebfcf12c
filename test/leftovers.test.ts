/** The check that fails a test run which leaves something behind: it sees what is there, and nothing else. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leftProcesses, leftSockets } from './rig/leftovers.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-left-'));
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

describe('what a test run leaves behind', () => {
  it.each([
    ['its environment', () => spawn('sleep', ['300'], { env: { PATH: process.env.PATH, HOME: dir } })],
    ['its working directory', () => spawn('sleep', ['300'], { env: { PATH: process.env.PATH }, cwd: dir })],
    ['its arguments', () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', dir], { env: {} })],
  ])('is a process that can be told by %s, until it has ended', async (_name, start) => {
    // Linux only: elsewhere processes are not looked for.
    if (process.platform !== 'linux') return;
    const child = start();
    await new Promise((resolve) => child.once('spawn', resolve));
    expect((await leftProcesses(dir, 0)).map(({ pid }) => pid)).toEqual([child.pid]);
    const over = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await over;
    expect(await leftProcesses(dir, 0)).toEqual([]);
  });

  it('is a unix socket, however deep', async () => {
    fs.mkdirSync(path.join(dir, 's'));
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(path.join(dir, 's', 'x.sock'), resolve));
    fs.writeFileSync(path.join(dir, 's', 'file'), '');
    expect(leftSockets(dir)).toEqual([path.join(dir, 's', 'x.sock')]);
    await new Promise((resolve) => server.close(resolve));
    expect(leftSockets(dir)).toEqual([]);
  });
});
