/** A holder and its clients: what is written, how a run ends, sizes and input. Real processes, real ptys, real sockets. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownCommand } from '../own-command.ts';
import { follow, isAlive, printed, rssKib, TestRuns, until } from './test-run.ts';

let runs: TestRuns;
beforeEach(() => {
  runs = new TestRuns();
});
afterEach(() => runs.remove());

const lines = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\r\n`).join('');

describe('the output of a run', () => {
  it('is complete and in the record, for a command that exits at once', async () => {
    for (let i = 0; i < 5; i++) {
      const run = await runs.sh('seq 1 20000; printf END');
      const { bytes, gaps, exit } = await runs.readAll(run);
      expect(bytes.toString() === `${lines(1, 20000)}END`).toBe(true);
      expect(gaps).toEqual([]);
      expect(exit).toMatchObject({ code: 0, signal: null, how: 'exited', endOffset: bytes.length });
      await until(() => !fs.existsSync(run.socket), 'the holder takes its socket away');
      expect(runs.stored(run)).toMatchObject({ exit: { code: 0 }, gaps: [] });
      expect(runs.stored(run).bytes.equals(bytes)).toBe(true);
    }
  });

  it('goes on over the kill -9 of the terminal that shows it', async () => {
    const [node, ...cli] = ownCommand('cli');
    const script = 'echo READY; read go; seq 1 30000; printf END; sleep 0.3';
    const desk = spawn(node!, [...cli, 'run', '--name', 'shown', '--', 'sh', '-c', script], {
      env: runs.place.env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await new Promise<void>((resolve) => desk.stdout.on('data', (chunk) => String(chunk).includes('READY') && resolve()));
    const { run } = runs.store.find('shown');
    const all = runs.readAll(run);
    desk.stdin.write('go\n');
    await new Promise((resolve) => desk.stdout.once('data', resolve));
    desk.kill('SIGKILL');
    const { bytes, gaps, exit } = await all;
    expect(bytes.toString().endsWith(`${lines(1, 30000)}END`)).toBe(true);
    expect(gaps).toEqual([]);
    expect(exit?.code).toBe(0);
  });

  it('reaches a client whole that had connected, but not yet asked for it, when the run ended', async () => {
    const run = await runs.sh('stty -echo; read go; printf all; exit 3');
    const early = await runs.connect(run, { role: 'viewer' });
    const other = await runs.connect(run);
    const over = new Promise((resolve) => other.once('exit', resolve));
    await other.subscribe();
    await other.input(Buffer.from('\n'));
    await over;
    const { bytes, exit } = await follow(early);
    expect(bytes.toString()).toBe('all');
    expect(exit).toMatchObject({ code: 3 });
  });

  it('is not needed to hear of the end', async () => {
    const run = await runs.sh('read go');
    const client = await runs.connect(run);
    const over = new Promise((resolve) => client.once('exit', resolve));
    await client.input(Buffer.from('\n'));
    expect(await over).toMatchObject({ code: 0 });
  });

  it('waits for nobody: a client that reads nothing costs a bounded buffer, and is served from the log when it reads again', async () => {
    const script = 'stty -echo; read go; yes "$(printf %0100d 0)" | head -c 30000000; printf END; read end';
    const run = await runs.sh(script, { logLimitBytes: 48 << 20 });
    const stuck = await runs.connect(run, { role: 'viewer' });
    const heard = follow(stuck);
    stuck.pause();
    const desk = await runs.connect(run);
    const before = rssKib(run.holderPid);
    await desk.input(Buffer.from('\n'));
    while ((await desk.refresh()).log.end < 30_000_000) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(rssKib(run.holderPid) - before).toBeLessThan(15_000);
    expect(desk.status.log).toMatchObject({ trouble: null, lostBytes: 0 });
    stuck.resume();
    await desk.input(Buffer.from('\n'));
    const { bytes, gaps, exit } = await heard;
    expect(gaps).toEqual([]);
    expect(bytes.subarray(-3).toString()).toBe('END');
    expect(bytes).toHaveLength(exit!.endOffset);
    desk.close();
  }, 60_000);

  it('is told as a gap where a client comes too late for the ring', async () => {
    const run = await runs.sh('yes | head -c 2000000; printf END', { logLimitBytes: 256 << 10 });
    await until(() => runs.store.get(run.id)?.exit != null, 'its end');
    const { bytes, gaps, exit, end } = runs.stored(run);
    expect(gaps).toEqual([{ from: 0, to: expect.any(Number), why: 'trimmed' }]);
    expect(end).toBe(exit!.endOffset);
    expect(bytes.toString().endsWith('END')).toBe(true);
  });
});

describe('how a run ends', () => {
  it.each([
    ['exit 0', { code: 0, signal: null }],
    ['exit 200', { code: 200, signal: null }],
    ['kill -KILL $$', { code: null, signal: 'SIGKILL' }],
    ['kill -HUP $$', { code: null, signal: 'SIGHUP' }],
  ])('is its own: %s', async (script, ended) => {
    expect((await runs.readAll(await runs.sh(script))).exit).toMatchObject({ ...ended, stoppedBy: null });
  });

  it('gently first, then hard, with everything it started', async () => {
    const run = await runs.sh(
      `trap '' TERM HUP; setsid sh -c 'trap "" TERM HUP; echo "own $$"; while :; do sleep 1; done' & sleep 100 & echo "child $!"; while :; do sleep 1; done`,
    );
    const client = await runs.connect(run);
    const both = printed(client, 'child').then(async (text) => (text.includes('own ') ? text : text + (await printed(client, 'own '))));
    await client.subscribe(0);
    const pids = [...(await both).matchAll(/(?:own|child) (\d+)/g)].map((match) => Number(match[1]));
    const exit = new Promise((resolve) => client.once('exit', resolve));
    await client.stop('desk', { graceMs: 300 });
    expect(await exit).toMatchObject({ signal: 'SIGKILL', stoppedBy: 'desk' });
    for (const pid of pids) await until(() => !isAlive(pid), `the end of ${pid}`);
  });

  it('takes along what has a session of its own, also where its parent goes at the first word', async () => {
    const run = await runs.sh(`setsid sh -c 'trap "" TERM HUP; echo "own $$"; while :; do sleep 1; done' & wait`);
    const client = await runs.connect(run);
    const own = printed(client, 'own ');
    await client.subscribe(0);
    const pid = Number(/own (\d+)/.exec(await own)![1]);
    const exit = new Promise((resolve) => client.once('exit', resolve));
    await client.stop('timeout');
    expect(await exit).toMatchObject({ signal: 'SIGTERM', stoppedBy: 'timeout' });
    await until(() => !isAlive(pid), `the end of ${pid}`);
  });

  it('is “lost” where the holder was killed, and its output can be read all the same', async () => {
    const run = await runs.sh('printf kept; sleep 100');
    const client = await runs.connect(run);
    const kept = printed(client, 'kept');
    await client.subscribe(0);
    await kept;
    const lost = new Promise<void>((resolve) => client.once('lost', () => resolve()));
    process.kill(run.holderPid, 'SIGKILL');
    await lost;
    expect(await runs.store.adopt()).toEqual([]);
    expect(runs.stored(run)).toMatchObject({ exit: { how: 'lost', endOffset: 4 }, gaps: [] });
    expect(runs.stored(run).bytes.toString()).toBe('kept');
    // Its terminal has gone with the holder, as with any terminal's window.
    await until(() => !isAlive(run.pid), 'the agent hangs up');
  });
});

describe('the window size', () => {
  it('is the front terminal’s; the daemon’s is kept to what an agent can draw in (BAD-63)', async () => {
    const run = await runs.node(
      `const say = () => process.stdout.write('<' + process.stdout.columns + 'x' + process.stdout.rows + '>'); say(); process.stdout.on('resize', say);`,
    );
    const daemon = await runs.connect(run);
    const sizes: string[] = [];
    daemon.on('resized', ({ cols, rows }) => sizes.push(`${cols}x${rows}`));
    const first = printed(daemon, '<80x24>');
    await daemon.subscribe(0);
    await first;
    const rows: [number, number, number, number][] = [
      [0, 0, 20, 5],
      [1, 1, 20, 5],
      [10_000, 10_000, 500, 300],
      [Number.NaN, 30, 20, 30],
      [-5, 1e300, 20, 300],
      [100, 40, 100, 40],
    ];
    for (const [cols, lines, givenCols, givenRows] of rows)
      expect(await daemon.resize(cols, lines)).toEqual({ cols: givenCols, rows: givenRows });
    await until(() => sizes.at(-1) === '100x40', 'the last size');
    const turnsTo = async <T>(size: string, act: () => T): Promise<Awaited<T>> => {
      const told = printed(daemon, size);
      const result = await act();
      await told;
      return result;
    };
    const terminal = await turnsTo('<61x17>', () => runs.connect(run, { role: 'terminal', cols: 61, rows: 17 }));
    const second = await turnsTo('<50x10>', () => runs.connect(run, { role: 'terminal', cols: 50, rows: 10 }));
    await turnsTo('<61x17>', () => second.close());
    await turnsTo('<62x18>', () => terminal.resize(62, 18));
    terminal.close();
    daemon.close();
  });

  it('is in the history at the offset from which it counts', async () => {
    const run = await runs.node(
      `process.stdout.write('a'); process.stdout.on('resize', () => { process.stdout.write('b'); process.exit(0); });`,
    );
    const client = await runs.connect(run);
    const a = printed(client, 'a');
    const whole = follow(client);
    await a;
    await client.resize(100, 30);
    const { sizes } = await whole;
    expect(sizes).toEqual([
      { offset: 0, cols: 80, rows: 24 },
      { offset: 1, cols: 100, rows: 30 },
    ]);
    expect(runs.store.sizes(run)).toEqual(sizes);
  });
});

describe('input', () => {
  it('BAD-102: that the agent does not read is refused after five seconds, and what went in is counted', async () => {
    const run = await runs.sh('stty raw -echo; echo up; sleep 100');
    const client = await runs.connect(run);
    const up = printed(client, 'up');
    await client.subscribe(0);
    await up;
    await expect(client.input(Buffer.alloc(200_000, 'x'))).rejects.toMatchObject({
      code: 'agent_not_reading',
      data: { written: expect.any(Number) },
    });
    client.close();
  }, 20_000);

  it('with a guard is refused once someone has typed at the desk', async () => {
    const run = await runs.node(`process.stdin.on('data', (b) => process.stdout.write('[' + b + ']'));`);
    const daemon = await runs.connect(run);
    const desk = await runs.connect(run, { role: 'terminal', cols: 80, rows: 24 });
    await daemon.subscribe(0);
    const typed = (): Promise<{ count: number; moves: boolean }> =>
      new Promise((resolve) => daemon.once('localInput', (count, _atMs, moves) => resolve({ count, moves })));
    const [arrow, seen] = [typed(), printed(daemon, '[\x1b[B]')];
    await desk.input(Buffer.from('\x1b[B'), { typed: true });
    expect(await arrow).toEqual({ count: 1, moves: true });
    await seen;
    const letter = typed();
    const key = printed(daemon, '[k]');
    await desk.input(Buffer.from('k'), { typed: true });
    await key;
    const { count, moves } = await letter;
    expect(moves).toBe(false);
    await expect(daemon.input(Buffer.from('1'), { guard: count - 1 })).rejects.toMatchObject({ code: 'local_input' });
    const one = printed(daemon, '[1]');
    await daemon.input(Buffer.from('1'), { guard: count });
    await one;
    desk.close();
    daemon.close();
  });

  it('decided on output that is not the newest is refused, and nothing of it is typed; a holder of version 1 is not asked', async () => {
    const run = await runs.node(`process.stdin.on('data', (b) => process.stdout.write('[' + b + ']'));`);
    const client = await runs.connect(run);
    const old = await runs.connect(run, { role: 'daemon', versions: { oldest: 1, newest: 1 } });
    await client.subscribe(0);
    const seen = (await client.refresh()).log.end;
    const one = printed(client, '[1]');
    await client.input(Buffer.from('1'), { seen });
    await one;
    await expect(client.input(Buffer.from('x'), { seen })).rejects.toMatchObject({ code: 'output_moved', data: { written: 0 } });
    const two = printed(client, '[2]');
    await client.input(Buffer.from('2'), { seen: (await client.refresh()).log.end });
    await two;
    const three = printed(client, '[3]');
    await old.input(Buffer.from('3'), { seen });
    await three;
    old.close();
    client.close();
  });

  it('of two terminals: a reply counts from the one in front only', async () => {
    const run = await runs.node(`process.stdin.on('data', (b) => process.stdout.write('[' + JSON.stringify(String(b)) + ']'));`);
    const back = await runs.connect(run, { role: 'terminal', cols: 80, rows: 24 });
    const front = await runs.connect(run, { role: 'terminal', cols: 80, rows: 24 });
    const viewer = await runs.connect(run, { role: 'viewer' });
    const end = printed(viewer, 'end');
    await viewer.subscribe(0);
    await back.input(Buffer.from('back'), { reply: true });
    await front.input(Buffer.from('front'), { reply: true });
    await front.input(Buffer.from('end'));
    expect(await end).not.toContain('back');
    await expect(viewer.input(Buffer.from('no'))).rejects.toMatchObject({ code: 'not_granted' });
    for (const client of [back, front, viewer]) client.close();
  });
});
