/** BAD-79 of the contract: wrong clocks, the locale C, names without end, and signals to each process. The agent must not notice. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomId } from '../shared/bytes.ts';
import { ownCommand } from './own-command.ts';
import type { RunRecord } from './runs/holder-protocol.ts';
import { isAlive, printed, TestRuns, until } from './runs/test-run.ts';
import { clawtab } from './test-cli.ts';
import { answerTo, Listener, pick, spawnDaemon } from './test-daemon.ts';

let runs: TestRuns;
beforeEach(() => {
  runs = new TestRuns();
});
afterEach(() => runs.remove());

/** Environment in which every `Date` of a Node process is off by the same time. */
function clockAt(iso: string): NodeJS.ProcessEnv {
  const file = path.join(runs.place.dir, 'clock.cjs');
  fs.writeFileSync(
    file,
    `const Real = Date, off = Real.parse(${JSON.stringify(iso)}) - Real.now();
globalThis.Date = class extends Real { constructor(...a) { if (a.length === 0) super(Real.now() + off); else super(...a); } static now() { return Real.now() + off; } };`,
  );
  return { NODE_OPTIONS: `--require ${file}` };
}

/** A question of the demo agent, asked and answered through a daemon in that environment. */
async function wholeLoop(env: NodeJS.ProcessEnv): Promise<void> {
  const daemon = await spawnDaemon({ ...runs.place, env: { ...runs.place.env, ...env } });
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  const desk = await Listener.connect(runs.place);
  const { run } = await desk.client.call('runs.start', { from: 'demo', requestId: randomId() });
  const question = await desk.question(run);
  expect(await desk.client.call('questions.answer', answerTo(question, pick(question, 0)))).toMatchObject({ verdict: 'confirmed' });
  await desk.question(run, question.qid);
  expect((await clawtab(runs.place, ['questions'], { env })).out).toContain('commit message');
  expect((await clawtab(runs.place, ['jobs'], { env })).out).toContain('demo');
  await desk.client.call('runs.stop', { run, hard: true });
  expect(await desk.ended(run)).toMatchObject({ status: { state: 'ended' } });
  daemon.kill('SIGTERM');
  await gone;
}

describe('BAD-79: surroundings', () => {
  it.each([
    ['a clock of 1970', '1970-01-01T00:00:05Z'],
    ['a clock of 2100', '2100-06-01T12:00:00Z'],
  ])(
    'with %s a question is asked and answered',
    async (_name, iso) => {
      await wholeLoop(clockAt(iso));
    },
    60_000,
  );

  it('in the locale C, and in none, a question is asked and answered, and bytes are bytes', async () => {
    await wholeLoop({ LANG: 'C', LC_ALL: 'C' });
    const ran = await clawtab(runs.place, ['run', '--', 'printf', 'ä€🚀'], { env: { LANG: '', LC_ALL: 'C' } });
    expect(ran).toMatchObject({ code: 0, out: 'ä€🚀' });
  }, 60_000);

  it('a name of 100,000 characters is one line of 200', async () => {
    const ran = await clawtab(runs.place, ['run', '--name', `a\n${'b'.repeat(100_000)}`, '--', 'true']);
    expect(ran.code).toBe(0);
    const [stored] = runs.store.list();
    expect(stored!.run.name).toBe(`a ${'b'.repeat(197)}…`);
  }, 60_000);
});

describe('BAD-79: a signal', () => {
  /** An agent that echoes what it reads, and goes on for ever. */
  const echo = (): Promise<RunRecord> => runs.sh('stty -echo; echo up; while read line; do echo "[$line]"; done');

  async function echoes(run: RunRecord, word: string): Promise<void> {
    const client = await runs.connect(run);
    const said = printed(client, `[${word}]`);
    await client.subscribe(0);
    await client.input(Buffer.from(`${word}\n`));
    await said;
    client.close();
  }

  it.each(['SIGHUP', 'SIGINT', 'SIGPIPE', 'SIGQUIT', 'SIGUSR2'] as const)('%s to the holder is not heard', async (signal) => {
    const run = await echo();
    process.kill(run.holderPid, signal);
    await echoes(run, 'still');
    expect(isAlive(run.pid)).toBe(true);
  });

  it('SIGTERM to the holder, as a shutdown sends it, ends the agent and is on the record', async () => {
    const run = await echo();
    const end = runs.readAll(run);
    process.kill(run.holderPid, 'SIGTERM');
    expect((await end).exit).toMatchObject({ signal: 'SIGHUP', stoppedBy: 'system' });
  });

  it.each(['SIGHUP', 'SIGINT', 'SIGTERM'] as const)('%s to the daemon ends it in order, and the agent goes on', async (signal) => {
    const daemon = await spawnDaemon(runs.place);
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    const run = await echo();
    daemon.kill(signal);
    expect(await gone).toBe(0);
    await echoes(run, 'still');
  });

  it('SIGPIPE to the daemon, and the end of whoever reads its output, end nothing', async () => {
    const daemon = await spawnDaemon(runs.place);
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.stdout!.destroy();
    daemon.kill('SIGPIPE');
    const desk = await Listener.connect(runs.place);
    expect(await desk.client.call('daemon.status', {})).toMatchObject({ pid: daemon.pid });
    desk.client.close();
    daemon.kill('SIGTERM');
    await gone;
  });

  it('to the terminal at the desk is the agent’s where the agent can catch it, and never a reason to lose it', async () => {
    const [node, ...cli] = ownCommand('cli');
    const script = `trap 'echo caught' INT TERM; echo up; while :; do sleep 0.1; done`;
    const desk = spawn(node!, [...cli, 'run', '--name', 'signals', '--', 'sh', '-c', script], {
      env: runs.place.env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let said = '';
    desk.stdout.on('data', (chunk) => {
      said += chunk;
    });
    const caught = (): number => said.split('caught').length - 1;
    await until(() => said.includes('up'), 'the agent');
    for (const [signal, times] of [
      ['SIGPIPE', 0],
      ['SIGINT', 1],
      ['SIGTERM', 2],
    ] as const) {
      desk.kill(signal);
      await until(() => caught() >= times, signal);
    }
    const ended = new Promise((resolve) => desk.once('exit', resolve));
    desk.kill('SIGHUP');
    await ended;
    const { run } = runs.store.find('signals');
    expect(isAlive(run.pid)).toBe(true);
  });

  it('SIGPIPE has its ordinary meaning for the agent: `yes | head` ends without a word, and no end of ours sends it', async () => {
    const { bytes, exit } = await runs.readAll(await runs.sh('grep SigIgn /proc/self/status; yes | head -1; echo "rc=$?"'));
    const ignored = BigInt(`0x${/SigIgn:\s+([0-9a-f]+)/.exec(bytes.toString())![1]}`);
    // Bit 12: SIGPIPE.
    expect(ignored & 0x1000n).toBe(0n);
    expect(bytes.toString()).toMatch(/\ny\r\nrc=0\r\n$/);
    expect(exit).toMatchObject({ code: 0 });
    // A client that goes away in the middle of a flood.
    const run = await runs.sh('while :; do echo flood; done');
    const client = await runs.connect(run);
    const flood = printed(client, 'flood');
    await client.subscribe(0);
    await flood;
    client.close();
    const after = await runs.connect(run);
    const more = printed(after, 'flood');
    await after.subscribe();
    await more;
    after.close();
    expect(isAlive(run.pid)).toBe(true);
  });
});
