/**
 * Everything the screens show, in one tree, and `apply(event)`, its only writer. Pure transitions in `reduce`; derived lists at the end. No I/O.
 */
import { computed, signal } from '@preact/signals';
import type { ClawError } from '../shared/errors.ts';
import type { LinkState } from '../shared/link-options.ts';
import type { JobView, Machine, ProtocolEvent, Question, Run, Snapshot } from '../shared/protocol.ts';
import type { MachineStatus } from './machine/machine-link.ts';
import type { AccountRecord, OutboxItem } from './store/database.ts';

export interface MachineState {
  /** The device id. */
  id: string;
  status: MachineStatus;
  /** What it said of itself; null until it has been heard once. */
  about: Machine | null;
  jobs: ReadonlyMap<string, JobView>;
  runs: ReadonlyMap<string, Run>;
  questions: ReadonlyMap<string, Question>;
  /** The machine's clock minus this one's, ms. */
  skewMs: number;
  /** When what is shown was true, this clock. Null: never heard. */
  asOfMs: number | null;
}

export interface Notice {
  id: number;
  level: 'info' | 'warning' | 'error';
  text: string;
  hint?: string;
}

export interface AppState {
  phase: 'loading' | 'signed_out' | 'signed_in';
  account: AccountRecord | null;
  deviceId: string | null;
  link: LinkState;
  machines: ReadonlyMap<string, MachineState>;
  answers: ReadonlyMap<string, OutboxItem>;
  notices: readonly Notice[];
  /** A new version waits to be switched to. */
  updateReady: boolean;
}

export type StoreEvent =
  | { type: 'signed_out' }
  | { type: 'signed_in'; account: AccountRecord; deviceId: string }
  | { type: 'renamed'; deviceName: string }
  | { type: 'link'; state: LinkState }
  | { type: 'machines'; ids: readonly string[] }
  | { type: 'machine.status'; machine: string; status: MachineStatus }
  | { type: 'machine.event'; machine: string; event: ProtocolEvent; atMs: number }
  | { type: 'machine.restored'; machine: string; snapshot: Snapshot; savedAtMs: number }
  | { type: 'answer'; item: OutboxItem }
  | { type: 'answer.removed'; answerId: string }
  | { type: 'notice'; level: Notice['level']; text: string; hint?: string }
  | { type: 'notice.dismissed'; id: number }
  | { type: 'update_ready' };

export const EMPTY: AppState = {
  phase: 'loading',
  account: null,
  deviceId: null,
  link: { state: 'closed' },
  machines: new Map(),
  answers: new Map(),
  notices: [],
  updateReady: false,
};

/** Closed questions and verdicts that stay visible, newest first; older ones are the machine's to remember. */
const MAX_CLOSED = 60;
const MAX_NOTICES = 4;
let noticeCount = 0;

export function reduce(state: AppState, event: StoreEvent): AppState {
  switch (event.type) {
    case 'signed_out':
      return { ...EMPTY, phase: 'signed_out', notices: state.notices, updateReady: state.updateReady };
    case 'signed_in':
      return { ...state, phase: 'signed_in', account: event.account, deviceId: event.deviceId };
    case 'renamed':
      return state.account ? { ...state, account: { ...state.account, deviceName: event.deviceName } } : state;
    case 'link':
      return { ...state, link: event.state };
    case 'machines':
      return { ...state, machines: new Map(event.ids.map((id) => [id, state.machines.get(id) ?? unheard(id)])) };
    case 'machine.status':
      return withMachine(state, event.machine, (m) => ({ ...m, status: event.status }));
    case 'machine.event':
      return machineEvent(state, event);
    case 'machine.restored':
      return withMachine(state, event.machine, (m) => (m.asOfMs === null ? snapshot(m, event.snapshot, event.savedAtMs) : m));
    case 'answer':
      return { ...state, answers: trimmed(new Map(state.answers).set(event.item.answerId, event.item)) };
    case 'answer.removed':
      return { ...state, answers: without(state.answers, event.answerId) };
    case 'notice':
      return addNotice(state, event);
    case 'notice.dismissed':
      return { ...state, notices: state.notices.filter((n) => n.id !== event.id) };
    case 'update_ready':
      return { ...state, updateReady: true };
  }
}

const unheard = (id: string): MachineState => ({
  id,
  status: { state: 'absent' },
  about: null,
  jobs: new Map(),
  runs: new Map(),
  questions: new Map(),
  skewMs: 0,
  asOfMs: null,
});

function withMachine(state: AppState, id: string, change: (machine: MachineState) => MachineState): AppState {
  const machine = state.machines.get(id);
  if (!machine) return state;
  return { ...state, machines: new Map(state.machines).set(id, change(machine)) };
}

function machineEvent(state: AppState, { machine, event, atMs }: Extract<StoreEvent, { type: 'machine.event' }>): AppState {
  if (event.event === 'notice') return addNotice(state, event.data);
  // These are the output feed's and the outbox's.
  if (event.event === 'gap' || event.event === 'stream.end') return state;
  return withMachine(state, machine, (m) => ({ ...change(m, event, atMs), asOfMs: atMs }));
}

type DomainEvent = Exclude<ProtocolEvent, { event: 'notice' | 'gap' | 'stream.end' }>;

function change(m: MachineState, event: DomainEvent, atMs: number): MachineState {
  switch (event.event) {
    case 'snapshot':
      return snapshot(m, event.data, atMs);
    case 'run':
      return { ...m, runs: new Map(m.runs).set(event.data.run, event.data) };
    case 'run.removed':
      return { ...m, runs: without(m.runs, event.data.run) };
    case 'job':
      return { ...m, jobs: new Map(m.jobs).set(event.data.job.name, event.data) };
    case 'job.removed':
      return { ...m, jobs: without(m.jobs, event.data.job) };
    case 'question':
      return { ...m, questions: bounded(new Map(m.questions).set(event.data.qid, event.data)) };
    case 'verdict':
      return event.data.current ? { ...m, questions: bounded(new Map(m.questions).set(event.data.current.qid, event.data.current)) } : m;
  }
}

function snapshot(m: MachineState, data: Snapshot, atMs: number): MachineState {
  const questions = new Map(data.questions.map((q) => [q.qid, q]));
  // What was shown as open and is not mentioned any more has been dealt with while this phone was away.
  for (const [qid, q] of m.questions) if (!questions.has(qid)) questions.set(qid, q.state.state === 'open' ? gone(q, atMs) : q);
  return {
    ...m,
    about: data.machine,
    jobs: new Map(data.jobs.map((j) => [j.job.name, j])),
    runs: new Map(data.runs.map((r) => [r.run, r])),
    questions: bounded(questions),
    skewMs: data.nowMs - atMs,
    asOfMs: atMs,
  };
}

const gone = (q: Question, atMs: number): Question => ({ ...q, state: { state: 'closed', reason: 'superseded', at: atMs } });

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  const next = new Map(map);
  next.delete(key);
  return next;
}

/** Every open question, and the newest closed ones. */
function bounded(questions: Map<string, Question>): ReadonlyMap<string, Question> {
  const closed = [...questions.values()].filter((q) => q.state.state !== 'open').sort((a, b) => b.openedAt - a.openedAt);
  for (const q of closed.slice(MAX_CLOSED)) questions.delete(q.qid);
  return questions;
}

function trimmed(answers: Map<string, OutboxItem>): ReadonlyMap<string, OutboxItem> {
  const done = [...answers.values()]
    .filter((a) => a.verdict && a.verdict.verdict !== 'typed')
    .sort((a, b) => b.createdAtMs - a.createdAtMs);
  for (const a of done.slice(MAX_CLOSED)) answers.delete(a.answerId);
  return answers;
}

function addNotice(state: AppState, { level, text, hint }: { level: Notice['level']; text: string; hint?: string }): AppState {
  if (state.notices.some((n) => n.text === text)) return state;
  const notice: Notice = { id: ++noticeCount, level, text, ...(hint === undefined ? {} : { hint }) };
  return { ...state, notices: [...state.notices, notice].slice(-MAX_NOTICES) };
}

// ---- the one store ------------------------------------------------------------------------------------------------------------

export const app = signal<AppState>(EMPTY);

/** The only way in which anything on the page changes. */
export function apply(event: StoreEvent): void {
  app.value = reduce(app.value, event);
}

/** Tells the person of a failure, with the way out. */
export function report(error: ClawError): void {
  apply({ type: 'notice', level: 'error', text: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) });
}

// ---- derived -----------------------------------------------------------------------------------------------------------------

export interface Asked {
  machine: MachineState;
  question: Question;
  /** The newest answer from this device. */
  answer: OutboxItem | null;
}

/** All questions of all machines, newest first. */
export const asked = computed<Asked[]>(() => {
  const { machines, answers } = app.value;
  const byQid = new Map<string, OutboxItem>();
  for (const item of answers.values()) {
    const known = byQid.get(item.answer.qid);
    if (!known || known.createdAtMs < item.createdAtMs) byQid.set(item.answer.qid, item);
  }
  return [...machines.values()]
    .flatMap((machine) =>
      [...machine.questions.values()].map((question) => ({ machine, question, answer: byQid.get(question.qid) ?? null })),
    )
    .sort((a, b) => b.question.openedAt - b.machine.skewMs - (a.question.openedAt - a.machine.skewMs));
});

const isOpen = (a: Asked): boolean => a.question.state.state === 'open';
const isIdle = (a: Asked): boolean => a.question.question.kind === 'idle';

/** What needs a person now: cards. */
export const waiting = computed(() => asked.value.filter((a) => isOpen(a) && !isIdle(a)));
/** Agents that wait for their next prompt. */
export const idle = computed(() => asked.value.filter((a) => isOpen(a) && isIdle(a)));
/** What has been dealt with, newest first. */
export const settled = computed(() => asked.value.filter((a) => !isOpen(a) && !isIdle(a)));

export interface RunOnMachine {
  machine: MachineState;
  run: Run;
}

const isLive = (r: RunOnMachine): boolean => r.run.status.state !== 'ended';

export const runs = computed<RunOnMachine[]>(() =>
  [...app.value.machines.values()]
    .flatMap((machine) => [...machine.runs.values()].map((run) => ({ machine, run })))
    .sort((a, b) => Number(isLive(b)) - Number(isLive(a)) || b.run.lastActivityAt - a.run.lastActivityAt),
);
export const liveRuns = computed(() => runs.value.filter(isLive));

/** Is there a machine that has answered lately? */
export const anyConnected = computed(() => [...app.value.machines.values()].some((m) => m.status.state === 'connected'));
