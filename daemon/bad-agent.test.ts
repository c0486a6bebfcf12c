/** BAD-102 of the contract: agents that end, stop, close their input or never read, while a question stands. With a real daemon and real ptys. */
import type { ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomId } from '../shared/bytes.ts';
import type { Question } from '../shared/protocol.ts';
import { RunStore } from './runs/run-store.ts';
import { openState } from './state.ts';
import { answerTo, Listener, makePlace, type Place, pick, spawnDaemon } from './test-daemon.ts';

let place: Place;
let daemon: ChildProcess;
let desk: Listener;
beforeEach(async () => {
  place = makePlace();
  daemon = await spawnDaemon(place);
  desk = await Listener.connect(place);
});
afterEach(async () => {
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await gone;
  place.remove();
});

/** An agent that asks one question; `source` goes on from there. Ends with what SIGUSR1 or SIGUSR2 say: 1 or 0. */
async function asks(source: string): Promise<{ run: string; pid: number; question: Question }> {
  const file = path.join(place.dir, `agent-${process.hrtime.bigint()}.cjs`);
  const ends = `process.on('SIGUSR1', () => process.exit(1)); process.on('SIGUSR2', () => process.exit(0)); setInterval(() => {}, 1000);`;
  fs.writeFileSync(file, `${ends}\nprocess.stdout.write('Continue? [y/N] ');\n${source}`);
  const argv = [process.execPath, file];
  const { run } = await desk.client.call('runs.start', { from: 'command', requestId: randomId(), argv, cwd: place.dir });
  const question = await desk.question(run);
  return { run, question, pid: new RunStore(openState(place.env)).get(run)!.run.pid };
}

/** The question's last state, once it is no longer open. */
const closed = (question: Question) =>
  desk.until(() => {
    const event = desk.events.findLast((e) => e.event === 'question' && e.data.qid === question.qid);
    return event?.event === 'question' && event.data.state.state !== 'open' ? event.data.state : undefined;
  });

describe('BAD-102: an agent with an open question', () => {
  it.each([
    ['exits 0', 'SIGUSR2', { code: 0, signal: null }],
    ['exits 1', 'SIGUSR1', { code: 1, signal: null }],
    ['is killed', 'SIGKILL', { code: null, signal: 'SIGKILL' }],
  ] as const)('that %s closes its card, and an answer that comes later is not typed', async (_name, signal, exit) => {
    const { run, pid, question } = await asks('process.stdin.resume();');
    process.kill(pid, signal);
    expect(await closed(question)).toMatchObject({ state: 'closed', reason: 'agent_ended' });
    expect(await desk.ended(run)).toMatchObject({ exit });
    const late = await desk.client.call('questions.answer', answerTo(question, pick(question, 0))).catch((error: unknown) => error);
    expect(late).toMatchObject(late instanceof Error ? { code: 'session_gone' } : { verdict: 'question_gone' });
  });

  it('that is stopped is not said to have taken its answer, which waits in its terminal and is typed once', async () => {
    const got = path.join(place.dir, 'got');
    // In raw mode, where no terminal echoes in its stead.
    const { pid, question } = await asks(
      `process.stdin.setRawMode(true).on('data', (b) => { require('node:fs').appendFileSync(${JSON.stringify(got)}, b); process.stdout.write('\\r\\n\\r\\ntold\\r\\n'); });`,
    );
    process.kill(pid, 'SIGSTOP');
    const answer = answerTo(question, pick(question, 0));
    const first = await desk.client.call('questions.answer', answer);
    expect(first.verdict).toMatch(/^(?:typed_unconfirmed|not_typed)$/);
    expect(await desk.client.call('questions.answer', answer)).toMatchObject({ verdict: first.verdict });
    process.kill(pid, 'SIGCONT');
    await desk.until(() => fs.existsSync(got));
    expect(fs.readFileSync(got, 'utf8')).toMatch(/^y\r?$/);
  });

  it('that closes its input is answered as far as its terminal takes it, once, and the daemon goes on', async () => {
    const { run, question } = await asks(`require('node:fs').closeSync(0);`);
    const verdict = await desk.client.call('questions.answer', answerTo(question, pick(question, 0)));
    expect(verdict.verdict).toMatch(/^(?:confirmed|typed_unconfirmed|not_typed|agent_not_reading)$/);
    expect(await desk.client.call('runs.stop', { run, hard: true })).toEqual({ alreadyStopped: false });
    expect(await desk.ended(run)).toMatchObject({ status: { state: 'ended' } });
  });

  it('that forks away and ends is ended; the card does not outlive it', async () => {
    const { run, pid, question } = await asks(
      `require('node:child_process').spawn('sleep', ['5'], { detached: true, stdio: 'inherit' }).unref(); process.stdin.resume();`,
    );
    process.kill(pid, 'SIGUSR2');
    expect(await closed(question)).toMatchObject({ state: 'closed', reason: 'agent_ended' });
    expect(await desk.ended(run)).toMatchObject({ exit: { code: 0 } });
  });
});
