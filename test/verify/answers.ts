/**
 * npm run verify -- answers: fake agents whose questions carry nonces, under repaints, resizes, keys typed at the desk, questions that are swapped, and two
 * callers at once, through relay and seal. Each agent's own log of stdin says what it was really told.
 */
import { join } from 'node:path';
import { RunStore } from '../../daemon/runs/run-store.ts';
import { openState } from '../../daemon/state.ts';
import { answerTo, type Listener } from '../../daemon/test-daemon.ts';
import type { TestPhone } from '../../daemon/test-phone.ts';
import { randomId } from '../../shared/bytes.ts';
import type { Answer, ProtocolEvent, Question, Verdict } from '../../shared/protocol.ts';
import { type FakeQuestion, fakeAgent, readLog } from '../rig/fake-agent.ts';
import { Figures, options, spread } from '../rig/figures.ts';
import { Product } from '../rig/product.ts';
import { check, nonceOf, shownIndex, type Try } from '../rig/questioner.ts';
import { type Random, seeded } from '../rig/random.ts';

const wanted = options();
const COUNT = wanted.number('count', 20_000, 400);
const AGENTS = wanted.number('agents', 8, 4);
const random = seeded(wanted.seed);
const figures = new Figures('answers', wanted);

/** No question that was not there before for this long: the run hangs, and the figures say so. */
const STALL_MS = 30_000;

function makeQuestions(count: number, rng: Random): FakeQuestion[] {
  return Array.from({ length: count }, () => {
    const style = rng.pick(['list', 'numbers', 'yesno'] as const);
    return {
      nonce: rng.nonce(),
      style,
      options: style === 'yesno' ? 2 : 2 + rng.below(4),
      lines: rng.below(4),
      ...(rng.chance(0.4) ? { repaintMs: 20 + rng.below(200) } : {}),
      ...(rng.chance(0.1) ? { swapMs: 30 + rng.below(600) } : {}),
    };
  });
}

interface Sender {
  name: string;
  send(answer: Answer): Promise<Verdict>;
}

interface History {
  tries: Try[];
  both: number;
  bothRight: number;
  resends: number;
  resendsDiffer: number;
}

async function attempt(sender: Sender, question: Question, fake: FakeQuestion, option: number, into: Try[]): Promise<Try | null> {
  const index = shownIndex(question, fake, option);
  if (index < 0) return null;
  const answer = answerTo(question, { type: 'option', index, labelDigest: question.labelDigests[index]! });
  const startedMs = performance.now();
  const verdict = await sender.send(answer).then(
    (v) => v.verdict as string,
    (error: { code?: string }) => error.code ?? String(error),
  );
  const tried: Try = { nonce: fake.nonce, option, by: sender.name, answer, verdict, tookMs: performance.now() - startedMs };
  into.push(tried);
  return tried;
}

const TYPED = new Set(['typed', 'confirmed', 'typed_unconfirmed', 'unknown']);
/** `typed`: it has its answer. `again`: nothing was typed, and the card still stands. `over`: this card is gone. */
type Outcome = 'typed' | 'again' | 'over';
const outcomeOf = (verdict: string): Outcome =>
  TYPED.has(verdict) || verdict === 'already_answered'
    ? 'typed'
    : verdict === 'question_gone' || verdict === 'session_gone'
      ? 'over'
      : 'again';

/** Answers one question in one of the ways that people do. */
async function answerOne(
  question: Question,
  fake: FakeQuestion,
  senders: readonly [Sender, Sender],
  rng: Random,
  history: History,
): Promise<Outcome> {
  const option = rng.below(fake.options);
  if (rng.chance(0.15)) {
    // Two people at once, not always of one mind.
    history.both++;
    const other = rng.chance(0.5) ? option : rng.below(fake.options);
    const said = await Promise.all([
      attempt(senders[0], question, fake, option, history.tries),
      attempt(senders[1], question, fake, other, history.tries),
    ]);
    const typed = said.filter((t) => t !== null && TYPED.has(t.verdict)).length;
    if (typed <= 1) history.bothRight++;
    const outcomes = said.map((t) => (t === null ? 'again' : outcomeOf(t.verdict)));
    return outcomes.find((o) => o === 'typed') ?? outcomes.find((o) => o === 'again') ?? 'over';
  }
  const tried = await attempt(senders[rng.below(2)]!, question, fake, option, history.tries);
  if (tried && rng.chance(0.1)) {
    // The same tap once more, as after a cut.
    history.resends++;
    const again = await senders[0].send(tried.answer).then(
      (v) => v.verdict as string,
      (error: { code?: string }) => error.code ?? String(error),
    );
    if (again !== tried.verdict && !(tried.verdict === 'typed' && again === 'confirmed')) history.resendsDiffer++;
  }
  return tried === null ? 'again' : outcomeOf(tried.verdict);
}

async function main(): Promise<void> {
  const product = await Product.start();
  try {
    const phone = await product.phone();
    const desk = await product.desk();
    await phone.call('phone.hello', { name: 'Verify', watching: true, protocol: 1 });
    const senders: [Sender, Sender] = [
      { name: 'phone', send: (answer) => phone.call('questions.answer', answer) },
      { name: 'desk', send: (answer) => desk.client.call('questions.answer', answer) },
    ];
    const history: History = { tries: [], both: 0, bothRight: 0, resends: 0, resendsDiffer: 0 };
    const heard = hearQuestions(phone, desk);
    const started = performance.now();
    const logs = await Promise.all(
      Array.from({ length: AGENTS }, (_, i) => oneAgent(product, i, Math.ceil(COUNT / AGENTS), senders, phone, heard, history)),
    );
    report(logs, history, performance.now() - started);
    phone.close();
    desk.client.close();
  } finally {
    await product.stop();
  }
}

/** Calls back with each open question of a run, in order of appearance; empties the lists that the callers keep. */
function hearQuestions(phone: TestPhone, desk: Listener): Map<string, (question: Question | null) => void> {
  const heard = new Map<string, (question: Question | null) => void>();
  phone.onEvent = (event: ProtocolEvent) => {
    if (event.event === 'question' && event.data.state.state === 'open') heard.get(event.data.run)?.(event.data);
    if (event.event === 'run' && event.data.status.state === 'ended') heard.get(event.data.run)?.(null);
    if (phone.events.length > 1000) phone.events.length = 0;
    if (desk.events.length > 1000) desk.events.length = 0;
  };
  return heard;
}

/**
 * "Typed, but it still stands: look at it." The letter is on the line, the desk came between it and Enter: a person looks, and presses Enter. (One that the
 * agent may take back is left alone: the Enter could be the next one's.)
 */
async function pressEnter(phone: TestPhone, run: string, fake: FakeQuestion): Promise<void> {
  const { text } = await phone.call('runs.screen', { run });
  if (fake.swapMs !== undefined || !text.findLast((line) => line !== '')?.includes(fake.nonce)) return;
  await phone.call('runs.type', { run, typeId: randomId(), keys: ['enter'] });
}

interface AgentLog {
  log: ReturnType<typeof readLog>;
  run: string;
  unseen: string[];
  stalled: boolean;
}

async function oneAgent(
  product: Product,
  index: number,
  count: number,
  senders: readonly [Sender, Sender],
  phone: TestPhone,
  heard: Map<string, (question: Question | null) => void>,
  history: History,
): Promise<AgentLog> {
  const rng = seeded(wanted.seed + 1 + index);
  const questions = makeQuestions(count, rng);
  const byNonce = new Map(questions.map((q) => [q.nonce, q]));
  const file = join(product.place.home, `agent-${index}.log`);
  const newest = new Map<string, Question>();
  let style: FakeQuestion['style'] = 'list';
  const tried = new Map<string, string>();
  const done = new Set<string>();
  const cardOf = ({ qid, rev, digest }: Question): string => `${qid}/${rev}/${digest}`;
  const again = (nonce: string): void => {
    tried.delete(nonce);
    onQuestion(newest.get(nonce)!);
  };
  let lastHeardMs = performance.now();
  let busy: Promise<void> = Promise.resolve();
  let over!: () => void;
  const ended = new Promise<void>((resolve) => {
    over = resolve;
  });
  const run = await phone.call('runs.start', {
    from: 'command',
    requestId: randomId(),
    argv: fakeAgent({ log: file, questions }),
    cwd: product.place.home,
    name: `agent ${index}`,
  });
  const onQuestion = (question: Question | null): void => {
    if (!question) return over();
    const nonce = nonceOf(question);
    if (!newest.has(nonce ?? '')) lastHeardMs = performance.now();
    const fake = nonce === null ? undefined : byNonce.get(nonce);
    if (!fake) return;
    if (!newest.has(fake.nonce)) style = fake.style;
    newest.set(fake.nonce, question);
    if (done.has(fake.nonce)) return;
    busy = busy.then(async () => {
      // A card that changed while it was being answered is answered as it stands now.
      const now = newest.get(fake.nonce)!;
      if (done.has(fake.nonce) || tried.get(fake.nonce) === cardOf(now)) return;
      tried.set(fake.nonce, cardOf(now));
      if (rng.chance(0.2)) await new Promise((resolve) => setTimeout(resolve, rng.below(120)));
      const outcome = await answerOne(now, fake, senders, rng, history);
      if (outcome === 'typed') {
        done.add(fake.nonce);
        if (fake.style === 'yesno' && history.tries.some((t) => t.nonce === fake.nonce && t.verdict === 'typed_unconfirmed'))
          await pressEnter(phone, run.run, fake);
      } else if (outcome === 'again') setTimeout(() => again(fake.nonce), 50);
    });
  };
  heard.set(run.run, onQuestion);
  // What had come before anyone listened.
  for (const event of [...phone.events])
    if (event.event === 'question' && event.data.run === run.run && event.data.state.state === 'open') onQuestion(event.data);
  const meddling = await meddle(product, run.run, rng, () => style);
  let stalled = false;
  const watch = setInterval(() => {
    if (performance.now() - lastHeardMs < STALL_MS) return;
    stalled = true;
    over();
  }, 1000);
  await ended;
  clearInterval(watch);
  await busy;
  meddling();
  if (stalled) {
    if (process.env['EXPLAIN']) {
      const last = readLog(file).at(-1)!;
      const nonce = String(last.asked ?? (last as { nonce?: string }).nonce);
      console.log(
        'STALLED',
        nonce,
        newest.get(nonce),
        done.has(nonce),
        tried.get(nonce),
        history.tries.filter((t) => t.nonce === nonce),
      );
    }
    const { text } = await phone.call('runs.screen', { run: run.run });
    figures.note(
      `agent ${index} stalled`,
      text
        .filter((line) => line !== '')
        .slice(-8)
        .join(' | '),
    );
    figures.note(
      'its log ends',
      readLog(file)
        .slice(-6)
        .map((entry) => JSON.stringify(entry))
        .join(' '),
    );
  }
  const nonces = new Set(history.tries.map((t) => t.nonce));
  return {
    log: readLog(file),
    run: run.run,
    stalled,
    unseen: questions.filter((q) => q.swapMs === undefined && !nonces.has(q.nonce)).map((q) => q.nonce),
  };
}

/**
 * A terminal at the desk that changes its size and moves in lists now and then. It leaves a line prompt alone: half a line that desk and phone both type into
 * is `typed_unconfirmed` for good, since nobody can say what the agent will make of it. Returns what ends it.
 */
async function meddle(product: Product, run: string, rng: Random, style: () => FakeQuestion['style']): Promise<() => void> {
  const store = new RunStore(openState(product.place.env));
  const terminal = await store.connect(store.get(run)!.run, { role: 'terminal', cols: 100, rows: 30 });
  let timer: NodeJS.Timeout;
  const next = (): void => {
    timer = setTimeout(() => {
      const doing =
        style() === 'yesno' || rng.chance(0.6)
          ? terminal.resize(60 + rng.below(80), 20 + rng.below(20))
          : terminal.input(Buffer.from(rng.pick(['\x1b[A', '\x1b[B'])), { typed: true });
      Promise.resolve(doing).then(
        () => undefined,
        () => undefined,
      );
      next();
    }, 100 + rng.below(900));
  };
  next();
  return () => {
    clearTimeout(timer);
    terminal.close();
  };
}

function report(logs: readonly AgentLog[], history: History, tookMs: number): void {
  const results = logs.map(({ log }) => check(log, history.tries));
  if (process.env['EXPLAIN'])
    for (const [i, { log }] of logs.entries())
      for (const line of [...results[i]!.lost, ...results[i]!.denied, ...results[i]!.wrong, ...logs[i]!.unseen]) {
        const nonce = line.slice(0, 8);
        const at = log.findIndex((e) => e.asked === nonce);
        console.log(
          line.slice(0, 150),
          history.tries
            .filter((t) => t.nonce === nonce)
            .slice(0, 3)
            .map((t) => `${t.by} ${t.option} ${t.verdict} ${Math.round(t.tookMs)}`),
        );
        for (const e of log.slice(at, log.findIndex((e) => e.answered === nonce || e.swapped === nonce) + 3))
          console.log('   ', e.atMs - log[at]!.atMs, JSON.stringify({ ...e, atMs: undefined }));
      }
  const sum = (of: (r: (typeof results)[number]) => number): number => results.reduce((total, r) => total + of(r), 0);
  const all = (of: (r: (typeof results)[number]) => string[]): string[] => results.flatMap(of);
  const typed = history.tries.filter((t) => t.verdict === 'confirmed' || t.verdict === 'typed' || t.verdict === 'typed_unconfirmed');
  const verdicts = new Map<string, number>();
  for (const t of history.tries) verdicts.set(t.verdict, (verdicts.get(t.verdict) ?? 0) + 1);
  figures.gate(
    'questions asked',
    sum((r) => r.asked),
    `≥ ${COUNT}`,
    sum((r) => r.asked) >= COUNT,
  );
  figures.note('answered', `${sum((r) => r.answered)} in ${Math.round(tookMs / 1000)} s, by ${AGENTS} agents at once`);
  figures.note(
    'verdicts',
    [...verdicts]
      .sort((a, b) => b[1] - a[1])
      .map(([v, n]) => `${v} ${n}`)
      .join(', '),
  );
  const zero = (what: string, list: readonly string[]): void =>
    figures.gate(what, list.length === 0 ? 0 : `${list.length}: ${list.slice(0, 3).join(' · ')}`, '0', list.length === 0);
  zero(
    'wrong option typed',
    all((r) => r.wrong),
  );
  zero(
    'said to be confirmed, not with the agent',
    all((r) => r.lost),
  );
  zero(
    'typed, though the verdict says not',
    all((r) => r.denied),
  );
  zero(
    'questions that stayed and were never shown',
    logs.flatMap((l) => l.unseen),
  );
  figures.gate(
    'stalled agents',
    logs.filter((l) => l.stalled).length,
    '0',
    logs.every((l) => !l.stalled),
  );
  figures.gate('two at once, at most one typed', `${history.bothRight} of ${history.both}`, 'all', history.bothRight === history.both);
  figures.gate(
    'same answer sent again, another verdict',
    `${history.resendsDiffer} of ${history.resends}`,
    '0',
    history.resendsDiffer === 0,
  );
  figures.note(
    'swapped while the byte was under way',
    sum((r) => r.inFlight),
  );
  figures.note('tap → verdict', spread(typed.map((t) => t.tookMs)));
}

await main();
figures.note('random', random.seed);
figures.end();
