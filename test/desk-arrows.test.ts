/**
 * A person at the desk who moves in a list and changes the window's size while the question is on the phone: the daemon as a process of its own, the
 * fake agent on a real pty, a terminal at the desk.
 */
import type { ChildProcess } from 'node:child_process';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HolderClient } from '../daemon/runs/holder-client.ts';
import { RunStore } from '../daemon/runs/run-store.ts';
import { openState } from '../daemon/state.ts';
import { Listener, makePlace, type Place, spawnDaemon } from '../daemon/test-daemon.ts';
import { randomId } from '../shared/bytes.ts';
import type { Question } from '../shared/protocol.ts';
import { type FakeQuestion, fakeAgent, readLog } from './rig/fake-agent.ts';

let place: Place;
let daemon: ChildProcess;
let phone: Listener;
let desk: HolderClient | undefined;

beforeEach(async () => {
  place = makePlace();
  daemon = await spawnDaemon(place);
  phone = await Listener.connect(place);
});

afterEach(async () => {
  desk?.close();
  phone.client.close();
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await gone;
  place.remove();
});

async function start(questions: readonly FakeQuestion[]) {
  const log = path.join(place.dir, 'agent.log');
  const argv = fakeAgent({ log, questions });
  const { run } = await phone.client.call('runs.start', { from: 'command', requestId: randomId(), argv, cwd: place.dir, name: 'fake' });
  const store = new RunStore(openState(place.env));
  desk = await store.connect(store.get(run)!.run, { role: 'terminal', cols: 100, rows: 30 });
  const press = (keys: string) => desk!.input(Buffer.from(keys), { typed: true });
  const cards = (): Question[] =>
    phone.events.flatMap((event) => (event.event === 'question' && event.data.run === run ? [event.data] : []));
  const until = (what: (question: Question) => boolean) => phone.until(() => cards().findLast(what));
  return { run, log, press, cards, until };
}

const highlighted = ({ question }: Question): number => question.options.findIndex((option) => option.default === true);
const DOWN = '\x1b[B';
const SIZES = [
  [70, 24],
  [120, 22],
  [90, 34],
] as const;

describe('a list, while somebody at the desk only moves in it', () => {
  it.each([
    ['and it is painted anew all the time', { repaintMs: 40 }],
    ['and a busy machine holds each repaint up', { erasedMs: 350 }],
  ])('keeps its card, %s; what is answered there is said to be', async (_name, more) => {
    const asked: FakeQuestion = { nonce: 'aaaa1111', style: 'list', options: 4, lines: 12, ...more };
    const { run, press, cards, until } = await start([asked, { ...asked, nonce: 'bbbb2222' }]);
    const first = await phone.question(run);
    for (const [i, [cols, rows]] of SIZES.entries()) {
      await press(DOWN);
      await until((card) => highlighted(card) === i + 1);
      await desk!.resize(cols, rows);
    }
    await press(DOWN);
    await until((card) => highlighted(card) === 0 && card.question.options[3]?.keys.length === 4);
    expect(new Set(cards().map(({ qid, state }) => `${qid} ${state.state}`))).toEqual(new Set([`${first.qid} open`]));

    await press('\r');
    const closed = await until(({ qid, state }) => qid === first.qid && state.state === 'closed');
    expect(closed.state).toMatchObject({ reason: 'answered_at_desk', by: 'desk' });
    expect((await phone.question(run, first.qid)).question.text).toContain('bbbb2222');
  });

  it('is answered by Enter, and an equal one that follows at once is a new question', async () => {
    const asked: FakeQuestion = { nonce: 'cccc3333', style: 'list', options: 3, lines: 12 };
    const { run, press, until } = await start([asked, asked]);
    const first = await phone.question(run);
    await press(DOWN);
    await until((card) => highlighted(card) === 1);
    await press('\r');
    const second = await phone.question(run, first.qid);
    expect(second).toMatchObject({ digest: first.digest });
    const closed = await until(({ qid, state }) => qid === first.qid && state.state === 'closed');
    expect(closed.state).toMatchObject({ reason: 'answered_at_desk', by: 'desk' });
  });

  it('is not said to be answered when its agent takes it back', async () => {
    const { run, log, press, until } = await start([{ nonce: 'dddd4444', style: 'list', options: 3 }]);
    const { qid } = await phone.question(run);
    await press(DOWN);
    await until((card) => highlighted(card) === 1);
    process.kill(readLog(log).find((entry) => entry.pid !== undefined)!.pid!, 'SIGUSR1');
    const closed = await until((card) => card.qid === qid && card.state.state === 'closed');
    expect(closed.state).not.toMatchObject({ reason: 'answered_at_desk' });
  });
});
