import { beforeEach, describe, expect, it } from 'vitest';
import type { Question, Run, Snapshot } from '../shared/protocol.ts';
import { app, apply, asked, EMPTY, idle, liveRuns, reduce, settled, waiting } from './state.ts';
import type { OutboxItem } from './store/database.ts';

const ABOUT = { id: 'm', name: 'tatami', platform: 'linux', version: '1', agents: [], roots: [] };

function question(qid: string, more: Partial<Question> = {}): Question {
  return {
    qid,
    run: 'r1',
    rev: 1,
    digest: 'd',
    labelDigests: [],
    question: { kind: 'permission', title: 'Bash', text: '', detail: '', options: [], source: 'screen' },
    agent: 'claude',
    agentTitle: 'Claude',
    runName: 'run',
    cwd: '/',
    openedAt: 1000,
    state: { state: 'open' },
    ...more,
  };
}
function run(id: string, state: 'working' | 'ended' = 'working'): Run {
  return {
    run: id,
    name: id,
    agent: 'claude',
    agentTitle: 'Claude',
    argv: [],
    cwd: '/',
    status: { state },
    startedAt: 0,
    lastActivityAt: 0,
    startedBy: 'desk',
    cols: 80,
    rows: 24,
    atDesk: false,
    output: { epoch: 'e', start: 0, end: 0 },
  };
}
const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({
  machine: ABOUT,
  jobs: [],
  runs: [],
  questions: [],
  seq: 1,
  nowMs: 5000,
  ...more,
});
const hear = (machine: string, data: Snapshot, atMs = 5000): void =>
  apply({ type: 'machine.event', machine, event: { event: 'snapshot', data }, atMs });

function item(qid: string, answerId: string, createdAtMs: number): OutboxItem {
  return {
    answerId,
    machine: 'm',
    answer: { answerId, run: 'r1', qid, rev: 1, digest: 'd', choice: { type: 'dismiss' }, ttlS: 600 },
    what: 'x',
    createdAtMs,
    sentAtMs: null,
    verdict: null,
  };
}

describe('the state of the page', () => {
  beforeEach(() => {
    app.value = EMPTY;
    apply({ type: 'signed_in', account: { account: 'a', ask: 'k', email: 'e', deviceName: 'd' }, deviceId: 'p' });
    apply({ type: 'machines', ids: ['m', 'n'] });
  });

  it('lists open questions of all machines, newest first by the real clock', () => {
    hear('m', snapshot({ questions: [question('q1', { openedAt: 1000 })] }));
    // This machine's clock is an hour ahead.
    hear('n', snapshot({ nowMs: 5000 + 3_600_000, questions: [question('q2', { openedAt: 500 + 3_600_000 })] }));
    expect(waiting.value.map((a) => a.question.qid)).toEqual(['q1', 'q2']);
  });

  it('keeps two questions with the same words apart', () => {
    hear('m', snapshot({ questions: [question('q1'), question('q2')] }));
    expect(waiting.value).toHaveLength(2);
  });

  it('closes what a later snapshot does not mention', () => {
    hear('m', snapshot({ questions: [question('q1')] }));
    hear('m', snapshot());
    expect(waiting.value).toEqual([]);
    expect(settled.value[0]?.question.state).toMatchObject({ state: 'closed', reason: 'superseded' });
  });

  it('puts an idle agent apart from the cards', () => {
    const parsed = { ...question('q').question, kind: 'idle' as const };
    hear('m', snapshot({ questions: [question('q1', { question: parsed })] }));
    expect(waiting.value).toEqual([]);
    expect(idle.value).toHaveLength(1);
  });

  it('shows the newest answer of this device on its card', () => {
    hear('m', snapshot({ questions: [question('q1')] }));
    apply({ type: 'answer', item: item('q1', 'a1', 1) });
    apply({ type: 'answer', item: item('q1', 'a2', 2) });
    expect(asked.value[0]?.answer?.answerId).toBe('a2');
    apply({ type: 'answer.removed', answerId: 'a2' });
    expect(asked.value[0]?.answer?.answerId).toBe('a1');
  });

  it('takes the question as it stands now from a verdict', () => {
    hear('m', snapshot({ questions: [question('q1')] }));
    const current = question('q1', { rev: 2 });
    const verdict = { answerId: 'a', run: 'r1', qid: 'q1', verdict: 'question_changed', message: '', current } as const;
    apply({ type: 'machine.event', machine: 'm', event: { event: 'verdict', data: verdict }, atMs: 1 });
    expect(waiting.value[0]?.question.rev).toBe(2);
  });

  it('does not let what was saved overwrite what has been heard', () => {
    hear('m', snapshot({ runs: [run('live')] }));
    apply({ type: 'machine.restored', machine: 'm', snapshot: snapshot({ runs: [run('old')] }), savedAtMs: 1 });
    expect(liveRuns.value.map((r) => r.run.run)).toEqual(['live']);
  });

  it('forgets a machine that has left the list, with all that belongs to it', () => {
    hear('n', snapshot({ questions: [question('q1')] }));
    apply({ type: 'machines', ids: ['m'] });
    expect(waiting.value).toEqual([]);
  });

  it('ignores events of machines that it does not know', () => {
    const before = app.value;
    apply({ type: 'machine.event', machine: 'stranger', event: { event: 'run', data: run('x') }, atMs: 1 });
    expect(app.value).toBe(before);
  });

  it('keeps a bounded number of closed questions and says a notice once', () => {
    const state = { state: 'closed', reason: 'dismissed', at: 1 } as const;
    hear('m', snapshot({ questions: Array.from({ length: 200 }, (_, i) => question(`q${i}`, { state, openedAt: i })) }));
    expect(settled.value).toHaveLength(60);
    expect(settled.value[0]?.question.qid).toBe('q199');
    apply({ type: 'notice', level: 'info', text: 'same' });
    apply({ type: 'notice', level: 'info', text: 'same' });
    expect(app.value.notices).toHaveLength(1);
  });

  it('holds nothing of the account after signing out', () => {
    hear('m', snapshot({ questions: [question('q1')] }));
    const after = reduce(app.value, { type: 'signed_out' });
    expect(after).toMatchObject({ phase: 'signed_out', account: null, deviceId: null });
    expect(after.machines.size + after.answers.size).toBe(0);
  });
});
