/**
 * From readings of one screen over time to appearances of questions: which is new, which is the one that stood already, when it is gone.
 * Pure: the clock comes in as milliseconds, nothing is scheduled (`dueAtMs` says when `tick` has something to do). Owns ids, revisions and
 * debouncing; answering and the life cycle after an answer are `answering.ts` and `lifecycle.ts`.
 */
import type { ParsedQuestion } from '../../shared/question.ts';
import type { AgentState, Reading } from '../agents/agent.ts';
import { questionDigest } from './digest.ts';
import { asksTheSame, isWalked, labels, moreOrLess, pinFields, wholeOf } from './likeness.ts';

export interface DetectorTiming {
  /** A question must have read the same for this long before it becomes a card: a prompt painted in two chunks is one card. */
  settleMs: number;
  /** "Ready for input" must have stood this long: the longest pause between two frames of a spinner was 498 ms for Claude, 620 ms for Codex. */
  idleSettleMs: number;
  /** A state is told after this long. */
  stateSettleMs: number;
  /** The question has been off the screen for this long, and nothing certain stands instead: gone. */
  goneMs: number;
  /** The same where no key was pressed that may have answered: an agent held up halfway through a repaint, as a rule. */
  goneUntouchedMs: number;
  /** The same where the agent visibly does something else. Above the 20-60 ms of one repaint. */
  replacedMs: number;
  /** Until this age, a question that changes its text without anybody typing is one that was still being painted. */
  paintingMs: number;
  /** An answered prompt that is back in its place within this time was only repainted. */
  blinkMs: number;
  /** For this long after the first reading that follows a resize, line numbers and what is in view above a prompt mean nothing. */
  resizedMs: number;
}

export const TIMING: DetectorTiming = {
  settleMs: 25,
  idleSettleMs: 700,
  stateSettleMs: 100,
  goneMs: 250,
  goneUntouchedMs: 800,
  replacedMs: 100,
  paintingMs: 500,
  blinkMs: 60,
  resizedMs: 500,
};

export interface StandingQuestion {
  qid: string;
  /** Grows when the digest changes; a moved highlight or a ticked box does not count. */
  rev: number;
  digest: string;
  question: ParsedQuestion;
  openedAtMs: number;
}

export type DetectorEvent =
  /** `new`: a fresh qid. `rev`: same appearance, other text or options. `refresh`: only highlight, ticks or keys differ. */
  | { event: 'question'; change: 'new' | 'rev' | 'refresh'; atMs: number; standing: StandingQuestion }
  /** `unsure`: an equal one took its place after the window had changed its size, and may be the same one elsewhere. */
  | { event: 'closed'; atMs: number; qid: string; reason: 'gone' | 'superseded' | 'ended'; unsure?: true }
  | { event: 'state'; atMs: number; state: AgentState | null };

interface Candidate {
  question: ParsedQuestion;
  settleMs: number | undefined;
  anchor: string | undefined;
  digest: string;
  sinceMs: number;
  /** Revision of the standing question, or a question of its own. */
  fresh: boolean;
}

interface Standing extends StandingQuestion {
  anchor: string | undefined;
  /** Everything on the card, to notice a refresh. */
  display: string;
  /** As it was read last: a list shows more of its rows while an answer walks it, and the card keeps those that were chosen from. */
  seen: { question: ParsedQuestion; digest: string };
  /** A key was pressed that may have answered it. */
  inputSince: boolean;
  /** The size changed after the last such key. */
  resizedSince: boolean;
  /** Since when its place and surroundings are those of another size; `untilMs` is set by the first reading in the new one. */
  resized: { untilMs: number | null } | null;
  missing: { sinceMs: number; replaced: boolean } | null;
}

export interface DetectorOptions {
  /** Fresh ids are `${prefix}1`, `${prefix}2`, …; give each run its own prefix. */
  prefix?: string;
  timing?: Partial<DetectorTiming>;
  /** False where keystrokes cannot be seen (a recording without input): then anything may have been answered at any time. */
  inputKnown?: boolean;
}

export class Detector {
  readonly #timing: DetectorTiming;
  readonly #prefix: string;
  readonly #inputKnown: boolean;
  #count = 0;
  #standing: Standing | null = null;
  #candidate: Candidate | null = null;
  #renewed = false;
  #covered: 'all' | { digest: string } | null = null;
  #state: { shown: string; state: AgentState | null; since: number; pending: boolean } = {
    shown: '',
    state: null,
    since: 0,
    pending: false,
  };

  constructor(options: DetectorOptions = {}) {
    this.#timing = { ...TIMING, ...options.timing };
    this.#prefix = options.prefix ?? 'q';
    this.#inputKnown = options.inputKnown ?? true;
  }

  /** The open question, or null. Never more than one. */
  get standing(): (StandingQuestion & { anchor: string | undefined }) | null {
    return this.#standing;
  }

  /** The open question as it was read last, with all of its rows that were in view since: for the next reading. */
  get seen(): ParsedQuestion | undefined {
    return this.#standing?.seen.question;
  }

  /** When `tick` must be called at the latest, or null. */
  get dueAtMs(): number | null {
    const due: number[] = [];
    if (this.#candidate !== null) due.push(this.#candidate.sinceMs + this.#settleMs(this.#candidate));
    if (this.#standing?.missing != null) due.push(this.#goneAtMs(this.#standing, this.#standing.missing));
    if (this.#state.pending) due.push(this.#state.since + this.#timing.stateSettleMs);
    return due.length === 0 ? null : Math.min(...due);
  }

  /**
   * Somebody (desk or phone) typed: what stands may have been answered, and true is returned; not by arrow keys alone (`moves`) where those move
   * a highlight.
   */
  input(moves = false): boolean {
    const standing = this.#standing;
    if (standing === null || (moves && isWalked(standing.question))) return false;
    standing.inputSince = true;
    standing.resizedSince = false;
    return true;
  }

  /** The screen changed its size: until it is read again nobody knows what stands on it. */
  resized(): void {
    if (this.#standing === null) return;
    this.#standing.resized = { untilMs: null };
    this.#standing.resizedSince = true;
    this.#standing.missing = null;
  }

  /** The standing question was answered: the same text, once it has been off the screen for a single reading, is a new appearance. */
  renew(): void {
    this.#renewed = true;
  }

  /**
   * The standing question is being answered: that page of it (or whatever shows) is not a question of its own, until the next call or until the
   * question has gone. Has its effect at the next reading.
   */
  cover(page: 'all' | ParsedQuestion | null): void {
    this.#covered = page === null || page === 'all' ? page : { digest: questionDigest(page) };
  }

  read(reading: Reading, nowMs: number): DetectorEvent[] {
    const events = this.tick(nowMs);
    this.#readState(reading, nowMs);
    const seen = asQuestion(reading);
    if (seen === null) this.#nothing(reading, nowMs);
    else events.push(...this.#something(seen, nowMs));
    events.push(...this.tick(nowMs));
    return events;
  }

  /** Does what has come due. */
  tick(nowMs: number): DetectorEvent[] {
    const events: DetectorEvent[] = [];
    const standing = this.#standing;
    if (standing?.missing != null && nowMs >= this.#goneAtMs(standing, standing.missing)) {
      events.push(this.#close('gone', nowMs));
    }
    const candidate = this.#candidate;
    if (candidate !== null && nowMs >= candidate.sinceMs + this.#settleMs(candidate)) {
      this.#candidate = null;
      if (candidate.fresh || this.#standing === null) {
        if (this.#standing !== null) {
          const unsure = this.#standing.resizedSince && this.#standing.digest === candidate.digest;
          events.push({ ...this.#close('superseded', nowMs), ...(unsure ? { unsure } : {}) });
        }
        events.push(this.#open(candidate, nowMs));
      } else {
        events.push(this.#revise(this.#standing, candidate, nowMs));
      }
    }
    if (this.#state.pending && nowMs >= this.#state.since + this.#timing.stateSettleMs) {
      this.#state.pending = false;
      const shown = JSON.stringify(this.#state.state);
      if (shown !== this.#state.shown) {
        this.#state.shown = shown;
        events.push({ event: 'state', atMs: nowMs, state: this.#state.state });
      }
    }
    return events;
  }

  /** The run is over: closes what stands. */
  ended(nowMs: number): DetectorEvent[] {
    this.#candidate = null;
    this.#state.pending = false;
    return this.#standing === null ? [] : [this.#close('ended', nowMs)];
  }

  #nothing(reading: Reading, nowMs: number): void {
    this.#candidate = null;
    const standing = this.#standing;
    if (standing === null) return;
    const replaced = reading !== null;
    if (standing.missing === null) standing.missing = { sinceMs: nowMs, replaced };
    else if (replaced) standing.missing.replaced = true;
  }

  #something(seen: Seen, nowMs: number): DetectorEvent[] {
    const { anchor, settleMs } = seen;
    const digest = questionDigest(seen.question);
    const standing = this.#standing;
    const question = standing === null ? seen.question : pinFields(standing.question, seen.question);
    const covered = this.#covered !== null && (this.#covered === 'all' || this.#covered.digest === digest);
    if (covered && standing !== null && standing.missing?.replaced !== true && digest !== standing.digest) {
      if (asksTheSame(question, standing.question)) standing.seen = { question, digest };
      standing.missing = null;
      this.#candidate = null;
      return [];
    }
    if (standing === null || !this.#same(standing, question, anchor, digest, nowMs)) {
      if (standing !== null && standing.missing === null) standing.missing = { sinceMs: nowMs, replaced: true };
      this.#propose({ question, anchor, settleMs, digest, sinceMs: nowMs, fresh: true });
      return [];
    }
    standing.missing = null;
    standing.seen = { question, digest };
    standing.anchor = anchor;
    if (standing.resized !== null) standing.resized.untilMs ??= nowMs + this.#timing.resizedMs;
    if (digest !== standing.digest) {
      this.#propose({ question, anchor, settleMs, digest, sinceMs: nowMs, fresh: false });
      return [];
    }
    this.#candidate = null;
    const display = JSON.stringify(question);
    if (display === standing.display) return [];
    standing.display = display;
    standing.question = question;
    return [{ event: 'question', change: 'refresh', atMs: nowMs, standing: publicPart(standing) }];
  }

  #propose(next: Candidate): void {
    const now = this.#candidate;
    const unchanged = now !== null && now.digest === next.digest && now.fresh === next.fresh && now.anchor === next.anchor;
    this.#candidate = unchanged ? { ...next, sinceMs: now.sinceMs } : next;
  }

  #same(standing: Standing, question: ParsedQuestion, anchor: string | undefined, digest: string, nowMs: number): boolean {
    const old = standing.question;
    const touched = standing.inputSince || !this.#inputKnown;
    if (standing.resized?.untilMs != null && nowMs > standing.resized.untilMs) standing.resized = null;
    if (this.#renewed && standing.missing !== null) {
      // A repaint blinks for a reading; an agent takes longer to ask the very same thing in the very same place.
      const blinked = nowMs - standing.missing.sinceMs < this.#timing.blinkMs;
      return (
        blinked &&
        (digest === standing.digest || digest === standing.seen.digest) &&
        anchor === standing.anchor &&
        !standing.missing.replaced
      );
    }
    if (touched && standing.missing?.replaced === true) return false;
    if (standing.resized === null && anchor !== standing.anchor && touched) return false;
    if (digest === standing.digest) return true;
    const painting = nowMs - standing.openedAtMs < this.#timing.paintingMs;
    const untouched = this.#inputKnown ? !standing.inputSince : painting;
    // Where a part of the picture comes late, a list becomes a permission; in a new size it may lack rows for a while.
    const late = untouched && ((painting && anchor === standing.anchor) || standing.resized !== null);
    if (question.kind !== old.kind && (!late || question.kind === 'idle' || old.kind === 'idle')) return false;
    // "Ready" is one state however the last sentence reads.
    if (question.kind === 'idle') return true;
    const sameHead = asksTheSame(question, old);
    if (sameHead && (question.detail === old.detail || wholeOf(question, old))) return true;
    if (standing.resized !== null && moreOrLess(question, old) && labels(question) === labels(old)) return true;
    if (!untouched) return false;
    return question.text === old.text || labels(question) === labels(old) || (painting && question.text.startsWith(old.text));
  }

  #open(candidate: Candidate, nowMs: number): DetectorEvent {
    this.#renewed = false;
    const standing: Standing = {
      qid: `${this.#prefix}${++this.#count}`,
      rev: 1,
      digest: candidate.digest,
      question: candidate.question,
      openedAtMs: nowMs,
      anchor: candidate.anchor,
      display: JSON.stringify(candidate.question),
      seen: { question: candidate.question, digest: candidate.digest },
      inputSince: false,
      resizedSince: false,
      resized: null,
      missing: null,
    };
    this.#standing = standing;
    return { event: 'question', change: 'new', atMs: nowMs, standing: publicPart(standing) };
  }

  #revise(standing: Standing, candidate: Candidate, nowMs: number): DetectorEvent {
    standing.rev++;
    standing.digest = candidate.digest;
    standing.question = candidate.question;
    standing.display = JSON.stringify(candidate.question);
    return { event: 'question', change: 'rev', atMs: nowMs, standing: publicPart(standing) };
  }

  #close(reason: 'gone' | 'superseded' | 'ended', nowMs: number): Extract<DetectorEvent, { event: 'closed' }> {
    const qid = this.#standing!.qid;
    this.#standing = null;
    this.#covered = null;
    if (this.#candidate !== null) this.#candidate.fresh = true;
    return { event: 'closed', atMs: nowMs, qid, reason };
  }

  #settleMs(candidate: Candidate): number {
    return candidate.settleMs ?? (candidate.question.kind === 'idle' ? this.#timing.idleSettleMs : this.#timing.settleMs);
  }

  #goneAtMs(standing: Standing, missing: { sinceMs: number; replaced: boolean }): number {
    const { replacedMs, goneMs, goneUntouchedMs } = this.#timing;
    // While an answer walks a list, its keys are not the one that answers.
    const touched = (standing.inputSince || !this.#inputKnown) && this.#covered !== 'all';
    return missing.sinceMs + (missing.replaced ? replacedMs : touched ? goneMs : goneUntouchedMs);
  }

  #readState(reading: Reading, nowMs: number): void {
    const next = reading !== null && reading.type === 'state' ? reading.state : null;
    if (JSON.stringify(next) === JSON.stringify(this.#state.state)) return;
    this.#state.state = next;
    this.#state.since = nowMs;
    this.#state.pending = true;
  }
}

/** "Ready for input" is shown as a question of kind `idle`: a card with the agent's last sentence and a reply box. */
export function idleQuestion(lastText: string): ParsedQuestion {
  return {
    kind: 'idle',
    title: '',
    text: lastText,
    detail: '',
    options: [],
    freeText: { option: null, multiline: true },
    source: 'screen',
  };
}

const idle = (lastText: string): Seen => ({ question: idleQuestion(lastText), anchor: undefined, settleMs: undefined });

interface Seen {
  question: ParsedQuestion;
  anchor: string | undefined;
  settleMs: number | undefined;
}

/** The question that a reading shows, an idle agent's included; null while the agent works or the screen says nothing. */
export function questionIn(reading: Reading): ParsedQuestion | null {
  return asQuestion(reading)?.question ?? null;
}

function asQuestion(reading: Reading): Seen | null {
  if (reading === null) return null;
  if (reading.type === 'question') return { question: reading.question, anchor: reading.anchor, settleMs: reading.settleMs };
  const { state } = reading;
  if (state.state === 'ready') return idle(state.lastText);
  // An agent that has given up waits for its next prompt as well.
  if (state.state === 'limit' || (state.state === 'error' && !state.retrying)) return idle(state.text);
  return null;
}

function publicPart(standing: Standing): StandingQuestion {
  return {
    qid: standing.qid,
    rev: standing.rev,
    digest: standing.digest,
    question: standing.question,
    openedAtMs: standing.openedAtMs,
  };
}
