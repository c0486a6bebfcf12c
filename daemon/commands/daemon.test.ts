/** `clawtab daemon …` as a user has it: in the background where there is no service manager, as a unit where one answers. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownCommand } from '../own-command.ts';
import { isAlive, until } from '../runs/test-run.ts';
import { makePlace, type Place } from '../test-daemon.ts';

let place: Place;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  place = makePlace();
  env = place.env;
});
afterEach(async () => {
  await clawtab('daemon', 'uninstall');
  place.remove();
});

interface Ran {
  code: number | null;
  out: string;
}
function clawtab(...args: string[]): Promise<Ran> {
  const [node, ...rest] = ownCommand('cli');
  const child = spawn(node!, [...rest, ...args], { env, cwd: place.dir, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      out += chunk;
    });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out })));
}
const pidIn = (text: string): number => Number(/pid (\d+)/.exec(text)?.[1]);

describe('the daemon in the background', () => {
  it('starts, restarts, stops and is uninstalled, each said, each twice without harm', async () => {
    const started = await clawtab('daemon', 'start');
    expect(started).toMatchObject({ code: 0, out: expect.stringContaining('Started the daemon in the background.') });
    // BAD-69: as root it says what that means.
    expect(started.out.includes('this is root')).toBe(process.getuid?.() === 0);
    const first = pidIn(started.out);
    expect(isAlive(first)).toBe(true);
    expect(await clawtab('daemon', 'start')).toMatchObject({ code: 0, out: `The daemon is already running (pid ${first}).\n` });

    const status = await clawtab('daemon', 'status');
    expect(status).toMatchObject({ code: 0, out: expect.stringMatching(new RegExp(`^Running: pid ${first}, version`)) });
    expect(status.out).toContain('Service: in the background');
    const facts = JSON.parse((await clawtab('daemon', 'status', '--json')).out);
    expect(facts).toMatchObject({ running: true, pid: first, service: { kind: 'background', state: 'running' } });

    const restarted = await clawtab('daemon', 'restart');
    const second = pidIn(restarted.out);
    expect(restarted.out).toContain('Restarted the daemon.');
    expect(second).not.toBe(first);
    expect(isAlive(first)).toBe(false);

    expect((await clawtab('daemon', 'logs')).out).toMatch(/"event":"started"[\s\S]*"event":"stopped"/);
    expect(await clawtab('daemon', 'stop')).toMatchObject({ code: 0, out: 'Stopped the daemon.\n' });
    expect(isAlive(second)).toBe(false);
    expect(await clawtab('daemon', 'stop')).toMatchObject({ code: 0, out: 'The daemon was not running.\n' });
    expect(await clawtab('daemon', 'status')).toMatchObject({ code: 5, out: expect.stringContaining('try: clawtab daemon start') });
    const gone = await clawtab('daemon', 'uninstall');
    expect(gone).toMatchObject({ code: 0, out: expect.stringContaining('No service was installed') });
    expect(fs.existsSync(env.CLAWTAB_STATE!)).toBe(true);
  }, 90_000);

  it('keeps what a service prints within bounds', async () => {
    const out = path.join(env.CLAWTAB_STATE!, 'logs', 'daemon.out');
    fs.mkdirSync(path.dirname(out), { recursive: true, mode: 0o700 });
    fs.chmodSync(env.CLAWTAB_STATE!, 0o700);
    fs.writeFileSync(out, 'x'.repeat(2 << 20), { mode: 0o600 });
    expect(await clawtab('daemon', 'start')).toMatchObject({ code: 0 });
    expect(fs.readFileSync(out, 'utf8')).toMatch(/^clawtab daemon \d+ ready\n$/);
    expect(fs.statSync(`${out}.1`).size).toBe(2 << 20);
  }, 60_000);

  it('is watched over a restart: what is asked afterwards is told as well', async () => {
    await clawtab('daemon', 'start');
    const [node, ...rest] = ownCommand('cli');
    const watcher = spawn(node!, [...rest, 'questions', '--watch', '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    watcher.stdout.on('data', (chunk) => (out += chunk));
    watcher.stderr.on('data', (chunk) => (err += chunk));
    try {
      await clawtab('demo');
      await until(() => out.includes('"state":"open"'), 'the question');
      await clawtab('daemon', 'restart');
      await until(() => err.includes('went away'), 'a word of the restart');
      const first = /"qid":"([^"]+)"/.exec(out)![1]!;
      // The watcher itself is what came back: the answer and the next question are told by it.
      await clawtab('answer', first, '1');
      await until(() => out.split('\n').some((line) => line.includes('"state":"open"') && !line.includes(first)), 'the next question');
      expect(watcher.exitCode).toBeNull();
    } finally {
      watcher.kill('SIGKILL');
    }
  }, 90_000);

  it('comes back after kill -9', async () => {
    const first = pidIn((await clawtab('daemon', 'start')).out);
    process.kill(first, 'SIGKILL');
    let second = first;
    await until(() => !isAlive(first), 'its end');
    while (second === first || Number.isNaN(second)) second = pidIn((await clawtab('daemon', 'status')).out);
    expect(isAlive(second)).toBe(true);
  }, 60_000);

  it('says why it does not come up', async () => {
    fs.mkdirSync(env.CLAWTAB_STATE!, { mode: 0o700 });
    fs.writeFileSync(path.join(env.CLAWTAB_STATE!, 'config.toml'), 'name = [\n', { mode: 0o600 });
    const { code, out } = await clawtab('daemon', 'start');
    expect(code).toBe(3);
    expect(out).toContain('config.toml');
    expect(out).toContain('--foreground');
  }, 60_000);
});

describe('the daemon as a unit of systemd', () => {
  it('is what start makes where systemctl --user answers', async () => {
    // Linux only: elsewhere there is another service manager.
    if (process.platform !== 'linux') return;
    const bin = path.join(place.dir, 'bin');
    fs.mkdirSync(bin);
    const standIn = path.join(import.meta.dirname, '../service/fake-systemctl.mjs');
    for (const name of ['systemctl', 'loginctl'])
      fs.writeFileSync(path.join(bin, name), `#!/bin/sh\nexec '${process.execPath}' '${standIn}' "$@"\n`, { mode: 0o755 });
    env = { ...place.env, PATH: `${bin}:${process.env.PATH}`, FAKE_SYSTEMD: place.dir };
    delete env.CLAWTAB_STATE;
    const started = await clawtab('daemon', 'start');
    expect(started.out).toContain('Started clawtab.service; it starts again at every login.');
    expect(isAlive(pidIn(started.out))).toBe(true);
    expect((await clawtab('daemon', 'status')).out).toContain('Service: systemd (clawtab.service)');
    expect((await clawtab('daemon', 'restart')).out).toContain('Restarted clawtab.service.');
    const stopped = await clawtab('daemon', 'stop');
    expect(stopped.out).toContain('Stopped clawtab.service.');
    expect((await clawtab('daemon', 'status')).out).toContain('Service: systemd (clawtab.service), stopped');
    expect((await clawtab('daemon', 'uninstall')).out).toContain('Removed ');
  }, 90_000);
});
