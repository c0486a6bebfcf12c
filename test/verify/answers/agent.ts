/** One fake agent from its first question to its last, everything on its cards answered. */
import { join } from 'node:path';
import type { TestPhone } from '../../../daemon/test-phone.ts';
import { randomId } from '../../../shared/bytes.ts';
import type { Question } from '../../../shared/protocol.ts';
import { type FakeQuestion, fakeAgent, type LogEntry, readLog } from '../../rig/fake-agent.ts';
import type { Product } from '../../rig/product.ts';
import { nonceOf } from '../../rig/questioner.ts';
import { type Random, seeded } from '../../rig/random.ts';
import { meddle, pressEnter } from './desk.ts';
import { answerOne, type History, type Sender } from './people.ts';
import { makeQuestions } from './questions.ts';

/** No question that was not there before for this long: the run hangs, and the figures say so. */
const STALL_MS = 30_000;

const ENTER_HEX = '0d';

/** Told with every question of a run that is open, and with null at its end. */
export type Heard = Map<string, (question: Question | null) => void>;

export interface AgentLog {
  log: LogEntry[];
  /** Nonces of questions that stayed until they were answered, and never came as a card. */
  unseen: string[];
  /** Nonces of questions that took the Enter which a person had pressed at the one before, a moment too late. */
  overtaken: string[];
  /** Where a run hung: the end of its screen and of its log. */
  stalled: string | null;
}

export interface AgentOptions {
  product: Product;
  index: number;
  seed: number;
  /** Questions to ask. */
  count: number;
  senders: readonly [Sender, Sender];
  phone: TestPhone;
  heard: Heard;
  history: History;
}

export async function oneAgent(options: AgentOptions): Promise<AgentLog> {
  const { product, index, phone, heard, history } = options;
  const rng = seeded(options.seed);
  const questions = makeQuestions(options.count, rng);
  const file = join(product.place.home, `agent-${index}.log`);
  const argv = fakeAgent({ log: file, questions });
  const name = `agent ${index}`;
  const { run } = await phone.call('runs.start', { from: 'command', requestId: randomId(), argv, cwd: product.place.home, name });
  const cards = new Cards(run, questions, options, rng);
  heard.set(run, (question) => cards.heard(question));
  // What had come before anyone listened.
  for (const event of [...phone.events])
    if (event.event === 'question' && event.data.run === run && event.data.state.state === 'open') cards.heard(event.data);
  const leave = await meddle(product, run, rng, () => cards.style);
  const stalled = !(await cards.over());
  leave();
  const tried = new Set(history.tries.map((t) => t.nonce));
  const log = readLog(file);
  const untried = questions.map((q) => q.nonce).filter((nonce, i) => questions[i]!.swapMs === undefined && !tried.has(nonce));
  const before = new Map(questions.map((q, i) => [q.nonce, questions[i - 1]?.nonce ?? '']));
  const overtaken = untried.filter(
    (nonce) => history.entered.has(before.get(nonce)!) && log.some((entry) => entry.nonce === nonce && entry.stdin === ENTER_HEX),
  );
  return {
    log,
    unseen: untried.filter((nonce) => !overtaken.includes(nonce)),
    overtaken,
    stalled: stalled ? `${await whereItHangs(phone, run, log)} | ${cards.last}` : null,
  };
}

async function whereItHangs(phone: TestPhone, run: string, log: readonly LogEntry[]): Promise<string> {
  const { text } = await phone.call('runs.screen', { run });
  const screen = text.filter((line) => line !== '').slice(-6);
  return [...screen, ...log.slice(-4).map((entry) => JSON.stringify(entry))].join(' | ');
}

/** The cards of one run as they come, answered one after the other. */
class Cards {
  /** Of the question that came last. */
  style: FakeQuestion['style'] = 'list';
  readonly #run: string;
  readonly #options: AgentOptions;
  readonly #rng: Random;
  readonly #byNonce: Map<string, FakeQuestion>;
  readonly #newest = new Map<string, Question>();
  /** The card of each nonce that was answered last: another card wants another try. */
  readonly #tried = new Map<string, string>();
  readonly #done = new Set<string>();
  #busy: Promise<void> = Promise.resolve();
  #newMs = performance.now();
  /** Nothing is tried any more: the log is about to be read beside the tries. */
  #closed = false;
  #end!: () => void;
  readonly #ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(run: string, questions: readonly FakeQuestion[], options: AgentOptions, rng: Random) {
    this.#run = run;
    this.#options = options;
    this.#rng = rng;
    this.#byNonce = new Map(questions.map((q) => [q.nonce, q]));
  }

  /** True when the run has ended, false when nothing new came for `STALL_MS`. */
  async over(): Promise<boolean> {
    let stalled = false;
    const watch = setInterval(() => {
      if (performance.now() - this.#newMs < STALL_MS) return;
      stalled = true;
      this.#end();
    }, 1000);
    await this.#ended;
    clearInterval(watch);
    this.#closed = true;
    await this.#busy;
    return !stalled;
  }

  /** The newest card, and what became of the last tries. */
  get last(): string {
    const [nonce, card] = [...this.#newest].at(-1) ?? [];
    const tries = this.#options.history.tries.filter((t) => t.nonce === nonce).slice(-3);
    const state = nonce !== undefined && this.#done.has(nonce) ? 'answered' : 'unanswered';
    return `${nonce} ${card?.qid}.${card?.rev} ${state}: ${tries.map((t) => `${t.by} ${t.verdict} ${t.answer.qid}.${t.answer.rev}`).join(', ')}`;
  }

  heard(question: Question | null): void {
    if (question === null) return this.#end();
    const fake = this.#byNonce.get(nonceOf(question) ?? '');
    if (fake === undefined) return;
    if (!this.#newest.has(fake.nonce)) {
      this.style = fake.style;
      this.#newMs = performance.now();
    }
    this.#newest.set(fake.nonce, question);
    this.#queue(fake);
  }

  #queue(fake: FakeQuestion): void {
    if (!this.#done.has(fake.nonce)) this.#busy = this.#busy.then(() => this.#answer(fake));
  }

  async #answer(fake: FakeQuestion): Promise<void> {
    // A card that changed while it was being answered is answered as it stands now.
    const now = this.#newest.get(fake.nonce)!;
    const card = `${now.qid}/${now.rev}/${now.digest}`;
    if (this.#closed || this.#done.has(fake.nonce) || this.#tried.get(fake.nonce) === card) return;
    this.#tried.set(fake.nonce, card);
    const { senders, history, phone } = this.#options;
    if (this.#rng.chance(0.2)) await new Promise((resolve) => setTimeout(resolve, this.#rng.below(120)));
    const outcome = await answerOne(now, fake, senders, this.#rng, history);
    if (outcome === 'over') return;
    if (outcome === 'typed') {
      // Typed, and still on the screen: a person looks and presses Enter, and answers the card again where it comes again.
      if (fake.style === 'yesno' && history.tries.some((t) => t.nonce === fake.nonce && t.verdict === 'typed_unconfirmed')) {
        if (await pressEnter(phone, this.#run, fake)) history.entered.add(fake.nonce);
      } else this.#done.add(fake.nonce);
      return;
    }
    setTimeout(() => {
      this.#tried.delete(fake.nonce);
      this.#queue(fake);
    }, 50);
  }
}
