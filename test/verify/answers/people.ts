/** People who answer: one at a time, two at once and not always of one mind, the same tap sent again as after a cut. */
import { answerTo } from '../../../daemon/test-daemon.ts';
import type { Answer, Question, Verdict } from '../../../shared/protocol.ts';
import type { FakeQuestion } from '../../rig/fake-agent.ts';
import { shownIndex, type Try } from '../../rig/questioner.ts';
import type { Random } from '../../rig/random.ts';

export interface Sender {
  name: string;
  send(answer: Answer): Promise<Verdict>;
}

/** What was tried, over all agents. */
export interface History {
  tries: Try[];
  both: number;
  bothRight: number;
  resends: number;
  resendsDiffer: number;
  /** Nonces of questions at which a person pressed Enter by hand. */
  entered: Set<string>;
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
/** `typed`: it has its answer. `again`: nothing was typed, and the card still stands. `over`: this card is gone, another may stand. */
type Outcome = 'typed' | 'again' | 'over';
const OVER = new Set(['already_answered', 'question_gone', 'session_gone']);
const outcomeOf = (verdict: string): Outcome => (TYPED.has(verdict) ? 'typed' : OVER.has(verdict) ? 'over' : 'again');

/** Answers one question in one of the ways that people do. */
export async function answerOne(
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
