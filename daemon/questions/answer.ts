/**
 * Answering: at most once, only the question that was on the card, never silently lost (design.md "Answering"). Owns the order of checks,
 * journal and typing; the keys are the reader's, their pace the executor's, the id and life of the question the book's.
 */
import { createHash } from 'node:crypto';
import { ClawError } from '../../shared/errors.ts';
import type { Answer, Question, Verdict, VerdictCode } from '../../shared/protocol.ts';
import type { Choice, ParsedQuestion } from '../../shared/question.ts';
import type { Performed } from './answering.ts';
import type { QuestionBook } from './book.ts';
import { checkChoice, describeChoice } from './choice.ts';
import type { AnswerJournal } from './journal.ts';

/** How long the prompt may take to go away before the answer counts as typed, but not seen to work. */
export const CONFIRM_MS = 2000;

/** Refused answers that are remembered; a phone sends its last few again after a cut. */
const REFUSED_KEPT = 4096;

/** What of the run an answer needs. */
export interface AnswerTarget {
  readonly ended: boolean;
  /** Runs tasks of this run one after another. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
  /** Resolves when everything that the agent has printed by now is on the screen. */
  catchUp(): Promise<void>;
  /** Digest of the question that stands on the live screen this moment, or null. */
  liveDigest(): string | null;
  /**
   * Carries out the choice key by key, verifying on the live screen. Resolves with whether the answering keys were written, and what went wrong.
   * Throws `bad_choice` (nothing written), `agent_not_reading`.
   */
  perform(question: ParsedQuestion, choice: Choice): Promise<Performed>;
  /** Resolves true as soon as the question `qid` stands no longer, nor the page on which its answer was sent; false after `timeoutMs`. */
  gone(qid: string, timeoutMs: number): Promise<boolean>;
}

export interface AnswerDesk {
  book: QuestionBook;
  journal: AnswerJournal;
  /** Undefined where no such run is alive or remembered. */
  target(run: string): AnswerTarget | undefined;
  /** Told at `typed`, and again with the last word; the reply carries only the last word. */
  onVerdict(verdict: Verdict): void;
  /** An unexpected failure while keys were being written. */
  onTrouble(error: unknown): void;
  nowMs?: () => number;
  monotonicMs?: () => number;
}

export class Answers {
  readonly #desk: AnswerDesk;
  readonly #nowMs: () => number;
  readonly #monotonicMs: () => number;
  readonly #pending = new Map<string, { content: string; verdict: Promise<Verdict> }>();
  /** Answers that were refused before they reached the journal, newest last: sent again, they stay refused. */
  readonly #refused = new Map<string, { content: string; verdict: Verdict }>();

  constructor(desk: AnswerDesk) {
    this.#desk = desk;
    this.#nowMs = desk.nowMs ?? Date.now;
    this.#monotonicMs = desk.monotonicMs ?? (() => performance.now());
  }

  /**
   * The verdict on `answer`; the same id gives the same verdict however often it comes. `by`: who, as others will read it. Throws what is wrong
   * with the answer itself: `answer_id_conflict`, `session_gone`, `text_not_allowed`, `too_long`, `control_chars_not_allowed`.
   */
  answer(answer: Answer, by: string): Promise<Verdict> {
    const content = contentOf(answer);
    const pending = this.#pending.get(answer.answerId);
    if (pending) return pending.content === content ? pending.verdict : Promise.reject(conflict());
    const known = this.#desk.journal.find(answer.answerId);
    if (known) {
      if (known.content !== content) return Promise.reject(conflict());
      return Promise.resolve(known.verdict ?? say(answer, 'unknown', UNKNOWN));
    }
    const refused = this.#refused.get(answer.answerId);
    if (refused) return refused.content === content ? Promise.resolve(refused.verdict) : Promise.reject(conflict());
    const verdict = this.#decide(answer, content, by)
      .then((said) => this.#remember(answer.answerId, content, said))
      .finally(() => this.#pending.delete(answer.answerId));
    this.#pending.set(answer.answerId, { content, verdict });
    return verdict;
  }

  #remember(id: string, content: string, verdict: Verdict): Verdict {
    if (this.#desk.journal.find(id)) return verdict;
    this.#refused.set(id, { content, verdict });
    for (const oldest of this.#refused.keys()) {
      if (this.#refused.size <= REFUSED_KEPT) break;
      this.#refused.delete(oldest);
    }
    return verdict;
  }

  async #decide(answer: Answer, content: string, by: string): Promise<Verdict> {
    const target = this.#desk.target(answer.run);
    if (!target || target.ended) {
      if (this.#desk.book.find(answer.run, answer.qid)) return this.#stale(answer) ?? say(answer, 'question_gone', 'The run has ended.');
      throw new ClawError('session_gone', target ? 'The run has ended.' : 'There is no such run on this machine.');
    }
    const dueMs = this.#monotonicMs() + answer.ttlS * 1000;
    return target.exclusive(() => this.#answerLocked(answer, content, by, target, dueMs));
  }

  async #answerLocked(answer: Answer, content: string, by: string, target: AnswerTarget, dueMs: number): Promise<Verdict> {
    const stale = this.#stale(answer);
    if (stale) return stale;
    const question = this.#desk.book.openOf(answer.run)!;
    try {
      checkChoice(question.question, answer.choice);
    } catch (error) {
      if (error instanceof ClawError && error.code === 'bad_choice') return say(answer, 'bad_choice', error.message);
      throw error;
    }
    await target.catchUp();
    const moved = this.#stale(answer);
    if (moved) return moved;
    if (target.liveDigest() !== answer.digest) return this.#changed(answer);
    if (this.#monotonicMs() > dueMs) return say(answer, 'expired', 'The answer came too late; nothing was typed.');
    try {
      await this.#desk.journal.intent({ id: answer.answerId, content, run: answer.run, qid: answer.qid, by });
    } catch (error) {
      if (error instanceof ClawError && error.code === 'journal_unavailable') return say(answer, 'journal_unavailable', error.message);
      throw error;
    }
    // The screen may have changed while the disk was busy; from here to the first key nothing is awaited.
    const late = this.#stale(answer) ?? (target.liveDigest() === answer.digest ? null : this.#changed(answer));
    if (late) return this.#settle(late);
    return this.#type(answer, by, question, target);
  }

  async #type(answer: Answer, by: string, question: Question, target: AnswerTarget): Promise<Verdict> {
    const { journal, book } = this.#desk;
    let result: Performed;
    try {
      result = await target.perform(question.question, answer.choice);
    } catch (error) {
      if (error instanceof ClawError && (error.code === 'bad_choice' || error.code === 'agent_not_reading'))
        return this.#settle(say(answer, error.code, error.message));
      // Some keys may be out: never again under this id, and the card says that nobody knows.
      book.apply(answer.run, answer.qid, { type: 'doubt', by, atMs: this.#nowMs() });
      this.#desk.onTrouble(error);
      return this.#settle(say(answer, 'unknown', UNKNOWN));
    }
    if (!result.typed) {
      const why = result.why ?? 'the screen changed while it was being answered';
      return this.#settle(this.#stale(answer) ?? say(answer, 'not_typed', `The answer was not given: ${why}.`, book.openOf(answer.run)));
    }
    const atMs = this.#nowMs();
    const what = describeChoice(question.question, answer.choice);
    book.apply(answer.run, answer.qid, { type: 'typed', by, atMs, what });
    const typed: Verdict = { ...say(answer, 'typed', 'Typed.'), by, at: atMs };
    this.#desk.onVerdict(typed);
    // The keys are written whatever the disk says now: a failure here must not turn into "nothing was typed".
    await journal.typed(answer.answerId).catch(() => undefined);
    const gone = await target.gone(answer.qid, CONFIRM_MS);
    const but = gone ? result.why : (result.why ?? 'the question still stands on the screen');
    const code = but === undefined ? 'confirmed' : 'typed_unconfirmed';
    book.apply(answer.run, answer.qid, { type: 'verdict', verdict: code });
    const message = but === undefined ? 'The agent took the answer.' : `Typed, but ${but}: look at it.`;
    return this.#settle({ ...typed, verdict: code, message });
  }

  /** Writes the last word down and tells it. A disk that fails now changes nothing about what happened. */
  async #settle(verdict: Verdict): Promise<Verdict> {
    await this.#desk.journal.verdict(verdict).catch(() => undefined);
    this.#desk.onVerdict(verdict);
    return verdict;
  }

  /** Why the answer is too late or for another card, or null where its question stands open as it was shown. */
  #stale(answer: Answer): Verdict | null {
    const { book } = this.#desk;
    const question = book.find(answer.run, answer.qid);
    if (!question) return say(answer, 'question_gone', 'The question is gone.', book.openOf(answer.run));
    const { state } = question;
    if (state.state === 'answered')
      return {
        ...say(answer, 'already_answered', `Already answered by ${state.by}${state.what ? `: ${state.what}` : ''}.`),
        by: state.by,
        at: state.at,
      };
    if (state.state === 'closed' && state.reason === 'answered_at_desk')
      return { ...say(answer, 'already_answered', 'Already answered at the desk.'), by: state.by ?? 'desk', at: state.at };
    if (state.state === 'closed' && state.reason !== 'answered_at_desk')
      return say(answer, 'question_gone', GONE[state.reason], book.openOf(answer.run));
    if (question.rev !== answer.rev || question.digest !== answer.digest) return this.#changed(answer);
    return null;
  }

  #changed(answer: Answer): Verdict {
    const current = this.#desk.book.openOf(answer.run);
    return say(answer, 'question_changed', 'The question on the screen is not the one on this card any more; nothing was typed.', current);
  }
}

const GONE = {
  answered: 'The question was answered another way.',
  superseded: 'It is not on the screen any more; nobody was seen to answer it.',
  agent_ended: 'The agent has ended.',
  dismissed: 'The question was dismissed.',
} as const;

const UNKNOWN = 'The answer may have been sent: look at the screen.';

const conflict = (): ClawError =>
  new ClawError('answer_id_conflict', 'This answer id was already used for another answer; nothing was typed.');

function say(answer: Answer, verdict: VerdictCode, message: string, current: Question | null = null): Verdict {
  const { answerId, run, qid } = answer;
  return { answerId, run, qid, verdict, message, ...(current === null ? {} : { current }) };
}

const contentOf = ({ run, qid, rev, digest, choice }: Answer): string =>
  createHash('sha256')
    .update(JSON.stringify([run, qid, rev, digest, choice]))
    .digest('base64url');
