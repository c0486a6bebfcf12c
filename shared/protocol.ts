/**
 * What the product means: commands and events between daemon and phone (inside the seal) and between daemon and CLI (unix socket). One
 * schema for both ends. The relay never imports this file. Add, do not change; a bump of PROTOCOL_VERSION gets a dated line in version.ts.
 */
import * as v from 'valibot';
import { HearingSchema, PushWishesSchema } from './push-wishes.ts';
import { ChoiceSchema, ParsedQuestionSchema } from './question.ts';

const Id = v.pipe(v.string(), v.minLength(1), v.maxLength(128));
const Text = (max: number) => v.pipe(v.string(), v.maxLength(max));
/** Milliseconds since 1970. */
const TimeMs = v.number();
/** Byte offset in a run's output. */
const Offset = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

// ---- nouns ----------------------------------------------------------------------------------------------------------------------

export const ParameterSchema = v.strictObject({ name: Text(64), default: v.optional(Text(4096)), description: v.optional(Text(512)) });

export const ScheduleSchema = v.strictObject({
  cron: Text(128),
  /** IANA name; the machine's own where absent. */
  timeZone: v.optional(Text(64)),
  overlap: v.optional(v.picklist(['skip', 'queue', 'replace'])),
  /** What happens to times missed while the machine slept or no daemon ran: none, or one run for all of them. */
  catchUp: v.optional(v.picklist(['skip', 'once'])),
  paused: v.optional(v.boolean()),
});

/** A saved definition. `agent` jobs have a prompt, `command` jobs an argv. Never a shell string. */
export const JobSchema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]{0,62}$/)),
  type: v.picklist(['agent', 'command']),
  agent: v.optional(Text(64)),
  command: v.optional(v.pipe(v.array(Text(16_384)), v.minLength(1), v.maxLength(256))),
  prompt: v.optional(Text(65_536)),
  model: v.optional(Text(128)),
  flags: v.optional(v.pipe(v.array(Text(1024)), v.maxLength(64))),
  cwd: Text(4096),
  envFile: v.optional(Text(4096)),
  parameters: v.optional(v.array(ParameterSchema)),
  schedule: v.optional(ScheduleSchema),
  /** Seconds; the run is stopped after it. */
  timeoutS: v.optional(v.pipe(v.number(), v.minValue(1))),
  retries: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10))),
  description: v.optional(Text(512)),
});
export type Job = v.InferOutput<typeof JobSchema>;

export const JobViewSchema = v.strictObject({
  job: JobSchema,
  nextAt: v.optional(TimeMs),
  lastRun: v.optional(Id),
  problem: v.optional(v.string()),
});
export type JobView = v.InferOutput<typeof JobViewSchema>;

export const RunStateSchema = v.variant('state', [
  v.strictObject({ state: v.literal('starting') }),
  v.strictObject({ state: v.literal('working') }),
  /** The agent waits for its next prompt. */
  v.strictObject({ state: v.literal('ready'), lastText: v.optional(v.string()) }),
  v.strictObject({ state: v.literal('asking') }),
  v.strictObject({ state: v.literal('error'), text: v.string(), retrying: v.boolean() }),
  v.strictObject({ state: v.literal('limit'), text: v.string(), resetAt: v.optional(v.string()) }),
  v.strictObject({ state: v.literal('ended') }),
]);

/** One execution. `exit` is there once it has ended: a code, or the signal that ended it. */
export const RunSchema = v.strictObject({
  run: Id,
  name: v.string(),
  job: v.optional(Id),
  agent: v.string(),
  agentTitle: v.string(),
  argv: v.array(v.string()),
  cwd: v.string(),
  status: RunStateSchema,
  startedAt: TimeMs,
  lastActivityAt: TimeMs,
  endedAt: v.optional(TimeMs),
  exit: v.optional(v.strictObject({ code: v.nullable(v.number()), signal: v.nullable(v.string()), reason: v.optional(v.string()) })),
  startedBy: v.string(),
  cols: v.number(),
  rows: v.number(),
  /** A terminal at the desk is attached. */
  atDesk: v.boolean(),
  /** It goes on by itself then, after its usage limit. */
  resumeAt: v.optional(TimeMs),
  /** Output epoch and the offsets that can still be read. */
  output: v.strictObject({ epoch: Id, start: Offset, end: Offset }),
});
export type Run = v.InferOutput<typeof RunSchema>;

export const CLOSE_REASONS = ['answered_at_desk', 'answered', 'superseded', 'agent_ended', 'dismissed'] as const;

/** A question with its life: `open → answered → (closed)`, or `open → closed(reason)`. */
export const QuestionSchema = v.strictObject({
  qid: Id,
  run: Id,
  rev: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Of kind, title, text, detail and option labels as displayed. The phone sends it back with the answer. */
  digest: v.string(),
  /** One per option, in order. */
  labelDigests: v.array(v.string()),
  question: ParsedQuestionSchema,
  agent: v.string(),
  agentTitle: v.string(),
  runName: v.string(),
  cwd: v.string(),
  openedAt: TimeMs,
  state: v.variant('state', [
    v.strictObject({ state: v.literal('open') }),
    v.strictObject({
      state: v.literal('answered'),
      by: v.string(),
      at: TimeMs,
      verdict: v.picklist(['typed', 'confirmed', 'typed_unconfirmed', 'unknown']),
      what: v.optional(v.string()),
    }),
    v.strictObject({ state: v.literal('closed'), reason: v.picklist(CLOSE_REASONS), at: TimeMs, by: v.optional(v.string()) }),
  ]),
});
export type Question = v.InferOutput<typeof QuestionSchema>;

export const AnswerSchema = v.strictObject({
  /** 128 random bits made once per tap; the same id is sent again after a cut, and is typed at most once. */
  answerId: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/)),
  run: Id,
  qid: Id,
  rev: v.pipe(v.number(), v.integer(), v.minValue(1)),
  digest: Text(128),
  choice: ChoiceSchema,
  /** Seconds for which the answer may still be typed, from `sentAt` on the sender's clock difference-free: the daemon counts from receipt. */
  ttlS: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3600)),
});
export type Answer = v.InferOutput<typeof AnswerSchema>;

export const VERDICTS = [
  'typed',
  'confirmed',
  'typed_unconfirmed',
  'unknown',
  'question_gone',
  'question_changed',
  'already_answered',
  'expired',
  'journal_unavailable',
  'agent_not_reading',
  'not_typed',
  'bad_choice',
] as const;
export type VerdictCode = (typeof VERDICTS)[number];

/** What became of an answer. The first five words of VERDICTS say that keys were, or may have been, written; the others that none were. */
export const VerdictSchema = v.strictObject({
  answerId: v.string(),
  run: Id,
  qid: Id,
  verdict: v.picklist(VERDICTS),
  message: v.string(),
  /** The question as it stands now, with `question_changed`. */
  current: v.optional(QuestionSchema),
  by: v.optional(v.string()),
  at: v.optional(TimeMs),
});
export type Verdict = v.InferOutput<typeof VerdictSchema>;

export const MachineSchema = v.strictObject({
  id: Id,
  name: v.string(),
  platform: v.string(),
  version: v.string(),
  agents: v.array(v.strictObject({ name: v.string(), title: v.string(), installed: v.boolean() })),
  roots: v.array(v.string()),
});
export type Machine = v.InferOutput<typeof MachineSchema>;

export const PushSubscriptionSchema = v.strictObject({ endpoint: Text(2048), p256dh: Text(128), auth: Text(64) });

/**
 * A rule that answers permission questions by itself. What is given must fit: agent, job, run, tool (the dialog's title), directory. `command`: the words
 * a command begins with (`*` for any one word, `$` at the end for "and nothing more"). Deny wins over allow.
 */
export const PolicySchema = v.strictObject({
  id: Id,
  effect: v.picklist(['allow', 'deny']),
  agent: v.optional(Text(64)),
  job: v.optional(Id),
  run: v.optional(Id),
  tool: v.optional(Text(128)),
  command: v.optional(v.pipe(v.array(Text(1024)), v.minLength(1), v.maxLength(32))),
  directory: v.optional(Text(4096)),
  /** After this it says nothing. */
  until: v.optional(TimeMs),
  createdAt: TimeMs,
  by: Text(128),
});
export type Policy = v.InferOutput<typeof PolicySchema>;

export const StartSchema = v.variant('from', [
  v.strictObject({ from: v.literal('job'), requestId: Id, job: Id, parameters: v.optional(v.record(v.string(), Text(65_536))) }),
  v.strictObject({
    from: v.literal('agent'),
    requestId: Id,
    agent: Text(64),
    prompt: v.optional(v.string()),
    model: v.optional(Text(128)),
    flags: v.optional(v.pipe(v.array(Text(1024)), v.maxLength(64))),
    cwd: v.string(),
    name: v.optional(Text(128)),
  }),
  v.strictObject({
    from: v.literal('command'),
    requestId: Id,
    argv: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(256)),
    cwd: v.string(),
    name: v.optional(Text(128)),
  }),
  /** The bundled scripted agent that asks, waits and goes on. */
  v.strictObject({ from: v.literal('demo'), requestId: Id }),
]);
export type Start = v.InferOutput<typeof StartSchema>;

// ---- commands -------------------------------------------------------------------------------------------------------------------

const None = v.strictObject({});
const OfRun = v.strictObject({ run: Id });

/** Every command: arguments, result, and the grant that a phone needs. The CLI has all grants. */
export const COMMANDS = {
  'state.get': { grant: 'view', args: None, result: v.lazy(() => SnapshotSchema) },
  'jobs.save': { grant: 'admin', args: v.strictObject({ job: JobSchema, replace: v.optional(v.boolean()) }), result: JobViewSchema },
  'jobs.remove': { grant: 'admin', args: v.strictObject({ job: Id }), result: None },
  'runs.start': { grant: 'start', args: StartSchema, result: RunSchema },
  'runs.stop': {
    grant: 'start',
    args: v.strictObject({ run: Id, hard: v.optional(v.boolean()) }),
    result: v.strictObject({ alreadyStopped: v.boolean() }),
  },
  'runs.history': {
    grant: 'view',
    args: v.strictObject({
      job: v.optional(Id),
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200))),
      before: v.optional(TimeMs),
      search: v.optional(Text(256)),
    }),
    result: v.strictObject({ runs: v.array(RunSchema) }),
  },
  /** Streams output from `from`; with `epoch` of another log, or an offset that is no longer kept, a gap event comes first. */
  'runs.subscribe': {
    grant: 'view',
    args: v.strictObject({
      run: Id,
      epoch: v.optional(Id),
      from: v.optional(v.number()),
      creditBytes: v.pipe(v.number(), v.minValue(0), v.maxValue(4 * 1024 * 1024)),
    }),
    result: v.strictObject({ stream: v.number(), epoch: Id, start: Offset, end: Offset, from: Offset }),
  },
  'runs.credit': { grant: 'view', args: v.strictObject({ stream: v.number(), bytes: v.pipe(v.number(), v.minValue(1)) }), result: None },
  'runs.unsubscribe': { grant: 'view', args: v.strictObject({ stream: v.number() }), result: None },
  /** The true screen now: rows of text, and the serialised terminal (ANSI) that redraws it. */
  'runs.screen': {
    grant: 'view',
    args: OfRun,
    result: v.strictObject({ cols: v.number(), rows: v.number(), offset: Offset, text: v.array(v.string()), ansi: v.string() }),
  },
  'runs.type': {
    grant: 'type',
    args: v.strictObject({
      run: Id,
      typeId: Id,
      text: v.optional(Text(16_384)),
      keys: v.optional(v.pipe(v.array(Text(16)), v.maxLength(64))),
    }),
    result: v.strictObject({ typed: v.boolean() }),
  },
  /** Goes on by itself when its usage limit is over (or at `at`), with `text` ("continue"); `on: false` calls it off. */
  'runs.resume': {
    grant: 'type',
    args: v.strictObject({ run: Id, on: v.boolean(), at: v.optional(TimeMs), text: v.optional(Text(4096)) }),
    result: v.strictObject({ at: v.optional(TimeMs) }),
  },
  'questions.answer': { grant: 'answer', args: AnswerSchema, result: VerdictSchema },
  'policies.list': { grant: 'view', args: None, result: v.strictObject({ policies: v.array(PolicySchema) }) },
  'policies.add': {
    grant: 'admin',
    args: v.strictObject({ policy: v.omit(PolicySchema, ['id', 'createdAt', 'by']) }),
    result: PolicySchema,
  },
  'policies.remove': { grant: 'answer', args: v.strictObject({ id: Id }), result: None },
  /** Who did what on this machine, newest first. */
  'audit.list': {
    grant: 'view',
    args: v.strictObject({
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200))),
      before: v.optional(v.number()),
    }),
    result: v.strictObject({
      entries: v.array(
        v.strictObject({
          n: v.number(),
          at: v.string(),
          type: v.string(),
          by: v.optional(v.string()),
          run: v.optional(Id),
          text: v.string(),
        }),
      ),
      intact: v.boolean(),
    }),
  },
  'devices.list': {
    grant: 'view',
    args: None,
    result: v.strictObject({
      devices: v.array(
        v.strictObject({ id: Id, kind: v.string(), name: v.optional(v.string()), lastSeenAt: v.optional(TimeMs), self: v.boolean() }),
      ),
      words: v.string(),
    }),
  },
  'push.subscribe': {
    grant: 'view',
    args: v.strictObject({ subscription: PushSubscriptionSchema, pushKey: Text(64), name: v.optional(Text(128)) }),
    result: None,
  },
  'push.unsubscribe': { grant: 'view', args: None, result: None },
  'push.test': {
    grant: 'view',
    args: v.strictObject({ device: v.optional(Id) }),
    result: v.strictObject({ outcome: v.picklist(['ok', 'gone', 'retry', 'refused', 'none']) }),
  },
  'push.wishes': { grant: 'view', args: v.strictObject({ wishes: PushWishesSchema }), result: None },
  /** The receipt: this phone has shown the push numbered `n`, and so every earlier one that reached it. */
  'push.received': { grant: 'view', args: v.strictObject({ n: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) }), result: None },
  'push.devices': { grant: 'view', args: None, result: v.strictObject({ devices: v.array(HearingSchema) }) },
  /** Says who this phone is, for "answered by", and whether a person is looking at it (no push while one is). */
  'phone.hello': {
    grant: 'view',
    args: v.strictObject({ name: Text(128), watching: v.boolean(), protocol: v.number() }),
    result: v.strictObject({ protocol: v.number(), version: v.string() }),
  },
} as const;
export type CommandName = keyof typeof COMMANDS;
export type ArgsOf<C extends CommandName> = v.InferOutput<(typeof COMMANDS)[C]['args']>;

// ---- events ---------------------------------------------------------------------------------------------------------------------

export const SnapshotSchema = v.strictObject({
  machine: MachineSchema,
  jobs: v.array(JobViewSchema),
  runs: v.array(RunSchema),
  questions: v.array(QuestionSchema),
  seq: v.number(),
  nowMs: TimeMs,
});
export type Snapshot = v.InferOutput<typeof SnapshotSchema>;
export type ResultOf<C extends CommandName> = C extends 'state.get' ? Snapshot : v.InferOutput<(typeof COMMANDS)[C]['result']>;

/** Pushed by the daemon. `seq` grows by one per event of a connection; a hole means: ask for the state again. */
export const EventSchema = v.variant('event', [
  v.strictObject({ event: v.literal('snapshot'), data: SnapshotSchema }),
  v.strictObject({ event: v.literal('run'), data: RunSchema }),
  v.strictObject({ event: v.literal('run.removed'), data: v.strictObject({ run: Id }) }),
  v.strictObject({ event: v.literal('job'), data: JobViewSchema }),
  v.strictObject({ event: v.literal('job.removed'), data: v.strictObject({ job: Id }) }),
  v.strictObject({ event: v.literal('question'), data: QuestionSchema }),
  v.strictObject({ event: v.literal('verdict'), data: VerdictSchema }),
  v.strictObject({
    event: v.literal('gap'),
    data: v.strictObject({ stream: v.number(), from: Offset, to: Offset, why: v.picklist(['trimmed', 'skipped', 'epoch', 'lost']) }),
  }),
  v.strictObject({ event: v.literal('stream.end'), data: v.strictObject({ stream: v.number(), end: Offset }) }),
  v.strictObject({ event: v.literal('notice'), data: v.strictObject({ level: v.picklist(['info', 'warning']), text: v.string() }) }),
]);
export type ProtocolEvent = v.InferOutput<typeof EventSchema>;
export type EventOf<E extends ProtocolEvent['event']> = Extract<ProtocolEvent, { event: E }>['data'];

// ---- wire -----------------------------------------------------------------------------------------------------------------------

const ErrorBodySchema = v.object({
  code: v.string(),
  message: v.string(),
  hint: v.optional(v.string()),
  data: v.optional(v.record(v.string(), v.unknown())),
});

/** Requests carry an id and get exactly one reply; events carry a sequence number. */
export const MessageSchema = v.variant('t', [
  v.strictObject({ t: v.literal('req'), id: v.number(), cmd: v.string(), args: v.unknown() }),
  v.strictObject({ t: v.literal('res'), id: v.number(), ok: v.literal(true), result: v.unknown() }),
  v.strictObject({ t: v.literal('err'), id: v.number(), error: ErrorBodySchema }),
  v.strictObject({ t: v.literal('ev'), seq: v.number(), ev: v.unknown() }),
]);
export type Message = v.InferOutput<typeof MessageSchema>;
