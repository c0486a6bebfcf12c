import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Question, Run } from '../../shared/protocol.ts';
import { DEFAULT_WISHES, type PushWishes } from '../../shared/push-wishes.ts';
import { accountDir } from '../account/device-key.ts';
import { DeviceBook } from '../device-book.ts';
import { openState } from '../state.ts';
import type { Content } from './contents.ts';
import { Pushes } from './pushes.ts';
import type { Outcome, Send } from './sender.ts';
import { EVENING, HandClock, MIN } from './test-clock.ts';

let home: string;
let devices: DeviceBook;
let clock: HandClock;
let pushes: Pushes;
let said: { device: string; content: Content; at: number }[];
let outcome: (device: string) => Outcome;
let watched: Set<string>;
let warned: string[];

const PUSH = { subscription: { endpoint: 'https://push.example/x', p256dh: 'p', auth: 'a' }, key: 'k', since: EVENING };

const make = (): Pushes => {
  const send: Send = async (device, content) => {
    said.push({ device, content, at: clock.nowMs() });
    const result = outcome(device);
    const n = (devices.get(device).pushCount ?? 0) + 1;
    devices.update(device, { pushCount: n });
    if (result === 'ok') devices.update(device, { unheard: [...(devices.get(device).unheard ?? []), { n, at: clock.nowMs() }] });
    return result;
  };
  return new Pushes({
    devices,
    machineName: () => 'desk',
    send,
    watching: (d) => watched.has(d),
    clock,
    warn: (text) => warned.push(text),
  });
};

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'clawtab-test-'));
  const state = openState({ HOME: home, CLAWTAB_STATE: join(home, 'state') });
  mkdirSync(accountDir(state), { recursive: true, mode: 0o700 });
  devices = new DeviceBook(state, (text) => warned.push(text));
  clock = new HandClock();
  said = [];
  warned = [];
  watched = new Set();
  outcome = () => 'ok';
  devices.update('phone', { name: 'Ada’s phone', push: PUSH });
  pushes = make();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const question = (qid: string, more: Partial<Question> = {}): Question => ({
  qid,
  run: 'run-1',
  rev: 1,
  digest: `digest-${qid}`,
  labelDigests: ['y', 'n'],
  question: {
    kind: 'permission',
    title: 'Bash command',
    text: 'Do you want to proceed?',
    detail: 'touch a.txt',
    options: [
      { label: 'Yes', keys: ['1'] },
      { label: 'No', keys: ['2'] },
    ],
  } as unknown as Question['question'],
  agent: 'claude',
  agentTitle: 'Claude Code',
  runName: 'fix the cart',
  cwd: '/home/ada',
  openedAt: clock.nowMs(),
  state: { state: 'open' },
  ...more,
});
const idle = (qid: string, more: Partial<Question> = {}): Question =>
  question(qid, { question: { kind: 'idle', title: '', text: '', detail: '', options: [] } as unknown as Question['question'], ...more });
const closed = (q: Question): Question => ({ ...q, state: { state: 'closed', reason: 'answered_at_desk', at: clock.nowMs() } });
const wish = (wishes: Partial<PushWishes>, device = 'phone'): void => pushes.wish(device, { ...DEFAULT_WISHES, ...wishes });
/** What was said, with the minute after the start. */
const heard = (): string[] =>
  said.map(({ device, content, at }) => `${Math.floor((at - EVENING) / MIN)} ${device} ${content.kind}: ${content.title}`);
const run = (code: number): Run => ({ run: 'run-1', name: 'nightly', startedBy: 'schedule:nightly', exit: { code, signal: null } }) as Run;

describe('a question on its way to a phone', () => {
  it('is pushed after a moment, with its options, and again while it stands, three times at most', async () => {
    pushes.question(question('q1'));
    await clock.go(MIN);
    expect(heard()).toEqual(['0 phone question: fix the cart: Bash command']);
    expect(said[0]!.content).toMatchObject({ qid: 'q1', rev: 1, body: 'touch a.txt\nDo you want to proceed?' });
    expect(said[0]!.content.options?.map((o) => o.label)).toEqual(['Yes', 'No']);
    await clock.go(600 * MIN);
    expect(heard().slice(1)).toEqual([
      '15 phone question: Waiting for 15 min · fix the cart: Bash command',
      '30 phone question: Waiting for 30 min · fix the cart: Bash command',
      '45 phone question: Waiting for 45 min · fix the cart: Bash command',
    ]);
  });

  it('wakes nobody when it was answered at the desk in that moment', async () => {
    const q = question('q1');
    pushes.question(q);
    await clock.go(500);
    pushes.question(closed(q));
    await clock.go(60 * MIN);
    expect(heard()).toEqual([]);
  });

  it('is replaced by its outcome, and nobody is reminded of it any more', async () => {
    const q = question('q1');
    pushes.question(q);
    await clock.go(MIN);
    pushes.question(closed(q));
    await clock.go(60 * MIN);
    expect(heard().slice(1)).toEqual(['1 phone settled: fix the cart']);
    expect(said[1]!.content.body).toBe('Answered at the desk.');
  });

  it('is pushed at once when it has changed under the same id', async () => {
    pushes.question(question('q1'));
    await clock.go(MIN);
    pushes.question(question('q1', { rev: 2 }));
    await clock.go(MIN);
    expect(said.map(({ content }) => content.rev)).toEqual([1, 2]);
  });

  it('needs no push while a person looks at it there; when they leave it at that, they are reminded', async () => {
    watched.add('phone');
    pushes.question(question('q1'));
    await clock.go(MIN);
    expect(heard()).toEqual([]);
    watched.clear();
    await clock.go(20 * MIN);
    expect(heard()).toEqual(['15 phone question: Waiting for 15 min · fix the cart: Bash command']);
  });

  it('is not lost where nobody could be reached: it goes when the relay is back', async () => {
    outcome = () => 'retry';
    pushes.question(question('q1'));
    await clock.go(3 * MIN);
    const tries = said.length;
    expect(tries).toBeGreaterThan(5);
    outcome = () => 'ok';
    await clock.go(2 * MIN);
    expect(said.length).toBe(tries + 1);
    await clock.go(5 * MIN);
    expect(said.length).toBe(tries + 1);
  });

  it('is reminded of by a daemon that has started anew', async () => {
    const q = question('q1');
    await clock.go(10 * MIN);
    pushes.adopt([q, question('q2', { run: 'run-2' })]);
    await clock.go(10 * MIN);
    expect(heard()).toEqual([
      '10 phone question: fix the cart: Bash command',
      '15 phone question: Waiting for 15 min · fix the cart: Bash command',
    ]);
    expect(said.map(({ content }) => content.qid)).toEqual(['q2', 'q1']);
  });
});

describe('quiet hours', () => {
  const night = { fromMin: 21 * 60, toMin: 7 * 60, timeZone: 'UTC' };

  it('keep questions until they end, and then only those that still stand', async () => {
    wish({ quiet: night, remindMin: 0 });
    await clock.go(120 * MIN);
    const first = question('q1');
    pushes.question(first);
    pushes.question(question('q2', { run: 'run-2' }));
    await clock.go(60 * MIN);
    pushes.question(closed(first));
    await clock.go(12 * 60 * MIN);
    expect(heard()).toEqual(['660 phone question: fix the cart: Bash command']);
    expect(said[0]!.content.qid).toBe('q2');
  });

  it('hold back a reminder, but never the outcome of what is shown already', async () => {
    wish({ quiet: night });
    await clock.go(50 * MIN);
    const q = question('q1');
    pushes.question(q);
    await clock.go(60 * MIN);
    expect(heard()).toEqual(['50 phone question: fix the cart: Bash command']);
    pushes.question(closed(q));
    await clock.go(MIN);
    expect(heard().slice(1)).toEqual(['110 phone settled: fix the cart']);
  });

  it('are broken by a question that nobody has answered for as long as the phone said', async () => {
    wish({ quiet: night, remindMin: 0, escalateMin: 30 });
    await clock.go(120 * MIN);
    pushes.question(question('q1'));
    await clock.go(240 * MIN);
    expect(heard()).toEqual(['150 phone question: Waiting for 30 min · fix the cart: Bash command']);
  });

  it('keep the end of a run until morning', async () => {
    wish({ quiet: night });
    await clock.go(120 * MIN);
    pushes.ended(run(1));
    await clock.go(12 * 60 * MIN);
    expect(heard()).toEqual(['660 phone ended: nightly']);
    expect(said[0]!.content.body).toBe('Failed with exit code 1.');
  });

  it('hold at once for what is open when they are set', async () => {
    pushes.question(question('q1'));
    wish({ quiet: { fromMin: 0, toMin: 1439, timeZone: 'UTC' } });
    await clock.go(30 * MIN);
    expect(heard()).toEqual([]);
  });
});

describe('what a phone wants to hear', () => {
  it('escalates to a second phone what the first did not answer', async () => {
    devices.update('tablet', { push: PUSH });
    wish({ questions: 'late', escalateMin: 20, remindMin: 0 }, 'tablet');
    wish({ remindMin: 0 });
    const answered = question('q0', { run: 'run-0' });
    pushes.question(answered);
    await clock.go(5 * MIN);
    pushes.question(closed(answered));
    pushes.question(question('q1'));
    await clock.go(60 * MIN);
    expect(heard().filter((line) => line.includes('tablet'))).toEqual([
      '25 tablet question: Waiting for 20 min · fix the cart: Bash command',
    ]);
  });

  it.each([
    ['completed', 0, { completed: false }, []],
    ['completed', 0, { failed: false }, ['0 phone ended: nightly']],
    ['failed', 2, { failed: false }, []],
    ['failed', 2, { completed: false }, ['0 phone ended: nightly']],
  ] as const)('a run that has %s (exit %i) with %j', async (_what, code, wishes, expected) => {
    wish(wishes);
    pushes.ended(run(code));
    await clock.go(MIN);
    expect(heard()).toEqual(expected);
  });

  it('no questions at all', async () => {
    wish({ questions: 'never' });
    pushes.question(question('q1'));
    await clock.go(60 * MIN);
    expect(heard()).toEqual([]);
  });

  it('hears of a run that its time limit or a restart has ended, and not of one that somebody stopped', async () => {
    const because = (reason: string): Run => ({ ...run(0), exit: { code: null, signal: 'SIGTERM', reason } }) as Run;
    pushes.ended(because('stopped by Ada’s phone'));
    pushes.ended(because('stopped by replaced'));
    await clock.go(MIN);
    expect(heard()).toEqual([]);
    pushes.ended(because('stopped by timeout'));
    await clock.go(MIN);
    pushes.ended(because('lost'));
    await clock.go(MIN);
    expect(said.map(({ content }) => content.body)).toEqual([
      'Stopped: its time limit was over.',
      'Its process has gone; the machine restarted, or it was killed.',
    ]);
    wish({ failed: false });
    pushes.ended(because('stopped by timeout'));
    await clock.go(MIN);
    expect(said).toHaveLength(2);
  });

  it('hears of a job that could not even start', async () => {
    pushes.notStarted('nightly', 'bad_cwd: /home/ada/shop does not exist.');
    await clock.go(MIN);
    expect(heard()).toEqual(['0 phone ended: nightly']);
    expect(said[0]!.content.body).toBe('Could not be started: bad_cwd: /home/ada/shop does not exist.');
  });

  it('hears that an agent waits for its next prompt only when nobody gave it one for two minutes, and that it goes on', async () => {
    const first = idle('i1');
    pushes.question(first);
    await clock.go(MIN);
    pushes.question(closed(first));
    const second = idle('i2');
    pushes.question(second);
    await clock.go(3 * MIN);
    expect(heard()).toEqual(['3 phone ended: fix the cart is ready']);
    pushes.question(closed(second));
    await clock.go(MIN);
    expect(heard().slice(1)).toEqual(['4 phone settled: fix the cart']);
  });
});

describe('a phone that has gone deaf', () => {
  const ask = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      pushes.question(question(`q${Math.random()}`, { run: `run-${Math.random()}` }));
      await clock.go(6 * MIN);
    }
  };

  it('is told of once, after three pushes and ten minutes without a receipt, and until one comes', async () => {
    wish({ remindMin: 0 });
    await ask(2);
    expect(pushes.warnings()).toEqual([]);
    await ask(3);
    expect(warned).toHaveLength(1);
    expect(warned[0]).toMatch(/^Ada’s phone has shown none of the last \d notifications/);
    expect(pushes.warnings()).toHaveLength(1);
    expect(pushes.hearings('phone').devices).toMatchObject([{ id: 'phone', self: true, unheard: 5, deaf: true }]);
    pushes.received('phone', devices.get('phone').pushCount!);
    expect(pushes.warnings()).toEqual([]);
    expect(pushes.hearings('other').devices).toMatchObject([{ id: 'phone', self: false, unheard: 0, deaf: false, shownAt: clock.nowMs() }]);
  });

  it('is none that shows what reaches it, even where something went missing', async () => {
    wish({ remindMin: 0 });
    await ask(4);
    pushes.received('phone', 3);
    await ask(1);
    expect(pushes.warnings()).toEqual([]);
    expect(pushes.hearings('phone').devices[0]).toMatchObject({ unheard: 2, deaf: false });
  });

  it('is not cured by a receipt for what was never sent', async () => {
    await ask(4);
    pushes.received('phone', 4000);
    expect(pushes.warnings()).toHaveLength(1);
  });

  it('keeps its wishes and what it missed over a restart of the daemon', async () => {
    wish({ remindMin: 0, questions: 'late', escalateMin: 5 });
    await ask(4);
    const again = new DeviceBook(openState({ HOME: home, CLAWTAB_STATE: join(home, 'state') }), () => undefined).get('phone');
    expect(again.wishes).toMatchObject({ questions: 'late', escalateMin: 5 });
    expect(again.unheard).toHaveLength(4);
  });
});
