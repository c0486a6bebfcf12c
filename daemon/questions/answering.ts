/**
 * Carries out one choice on the live screen: the planner's steps, key by key, paced, each expectation seen before the next write. Owns the
 * timing of typing. Never types into another question than the one that was chosen from, and never submits what it has not seen; journal,
 * lock and verdict are `answer.ts`.
 */
import { ClawError } from '../../shared/errors.ts';
import type { Choice, ParsedQuestion } from '../../shared/question.ts';
import type { Agent, Reading, ScreenView, Step } from '../agents/agent.ts';
import { keyBytes } from '../agents/lib/keys.ts';
import { onlyMoves } from '../runs/terminal-input.ts';
import { questionIn } from './detector.ts';
import { asksTheSame } from './likeness.ts';
import { ARMED_MS, type Clock, realClock } from './watcher.ts';

/** How long a screen may take to show what a key did. Agents repaint within 100 ms; a loaded machine takes ten times that. */
const EXPECT_MS = 3000;
/** How long to wait for a change that need not come. */
const SETTLE_MS = 600;
/** One repaint may hide the question for a moment. */
const FLICKER_MS = 400;
/** Half of a repaint may read as another question; one that stands this long is one. */
const OTHER_MS = 40;
/** A plan that walks longer than this has met a screen that does not do what it should. */
const MAX_STEPS = 400;
const MAX_MS = 30_000;
/** An agent that writes all the time is answered all the same, after so many looks that all showed the question. */
const MOVED_TRIES = 10;

/** What the executor needs of a run; `Watcher` is one. */
export interface LiveScreen {
  view(): ScreenView;
  read(): Reading;
  /** False while a picture is half painted: nothing is decided on it. */
  readonly whole: boolean;
  /** Resolves at the next change of the screen. */
  changed(): Promise<void>;
  /** Told with every write, so that the detector knows an answer may have been given; `moves`: arrow keys and nothing else. */
  input(moves: boolean): void;
}

export interface Performance {
  agent: Pick<Agent, 'keys' | 'paceMs'>;
  watcher: LiveScreen;
  question: ParsedQuestion;
  choice: Choice;
  /**
   * One write to the pty; rejects where nothing may be written (somebody typed at the desk, the run is over), and with `output_moved` where the agent has
   * written what the screen does not show yet. `blind`: it is not asked about that.
   */
  write(bytes: string, blind: boolean): Promise<unknown>;
  clock?: Clock;
  /** Resolves when everything that the agent has printed by now is on the screen. Awaited before a key that answers. */
  catchUp(): Promise<void>;
  /** Awaited once, before the first byte: the place for a journal entry. */
  onFirstByte?(): Promise<void>;
  /** Told before each key that answers: the page it is for, null where that is the question itself. */
  onSend?(page: ParsedQuestion | null): void;
}

/**
 * `typed`: the write that answers was made; `why`, if there, completes "Typed, but …". Else nothing was submitted, and `why` completes
 * "The answer was not given: …".
 */
export interface Performed {
  typed: boolean;
  why?: string;
}

/** Throws `bad_choice` before anything is written, and what `write` throws as long as nothing was written. */
export async function performChoice(performance: Performance): Promise<Performed> {
  const steps = performance.agent.keys(performance.question, performance.choice);
  return new Typist(performance).run(steps);
}

class Stopped extends Error {}

class Typist {
  readonly #job: Performance;
  readonly #clock: Clock;
  #lastWriteMs = Number.NEGATIVE_INFINITY;
  #wrote = false;
  #typed = false;
  /** The page seen last, and since when it is another one than was chosen from. */
  #page: { question: ParsedQuestion; sinceMs: number } | null = null;
  /** The last expectation that nothing has been written since. */
  #expected: Extract<Step, { do: 'expect' }> | null = null;

  constructor(job: Performance) {
    this.#job = job;
    this.#clock = job.clock ?? realClock;
  }

  async run(plan: readonly Step[]): Promise<Performed> {
    const untilMs = this.#clock.nowMs() + MAX_MS;
    const queue = [...plan];
    try {
      for (let count = 0; queue.length > 0; count++) {
        if (count > MAX_STEPS || this.#clock.nowMs() > untilMs) throw new Stopped('the screen did not follow the keys');
        const step = queue.shift()!;
        if (step.do === 'then') queue.unshift(...(await this.#plan(step)));
        else await this.#step(step);
      }
    } catch (error) {
      // After the answering write nothing can be taken back: it counts as typed, whatever came after it.
      const why = error instanceof Stopped ? error.message : 'it was interrupted by somebody typing';
      if (this.#typed) return { typed: true, why };
      if (error instanceof Stopped || this.#wrote) return { typed: false, why };
      throw error;
    }
    return this.#typed ? { typed: true } : { typed: false, why: 'the screen changed while it was being answered' };
  }

  /** How long a hidden picture is waited for: half an answer is worth more patience than none, and resizes may follow one another. */
  get #patienceMs(): number {
    return this.#typed ? EXPECT_MS : FLICKER_MS;
  }

  /** The next steps, made up on a whole picture; before the answer is out, on one that says something. */
  async #plan(step: Extract<Step, { do: 'then' }>): Promise<Step[]> {
    const { watcher } = this.#job;
    await this.#until((now) => this.#typed || now !== null, this.#patienceMs);
    return step.plan(watcher.read(), watcher.view());
  }

  async #step(step: Exclude<Step, { do: 'then' }>): Promise<void> {
    switch (step.do) {
      case 'keys':
        for (const key of step.keys) await this.#write(keyBytes(key, this.#job.watcher.view().applicationCursor), step.commit === true);
        return;
      case 'text':
        await this.#write(this.#textBytes(step.text, step.paste), step.commit === true);
        return;
      case 'expect':
        if (!(await this.#until(step.holds, EXPECT_MS))) throw new Stopped(step.what);
        this.#expected = step;
        return;
      case 'stop':
        throw new Stopped(step.what);
      case 'settle':
        await this.#until(step.holds, step.patient === true ? EXPECT_MS : SETTLE_MS);
    }
  }

  #textBytes(text: string, paste: boolean): string {
    if (paste && this.#job.watcher.view().bracketedPaste) return `\x1b[200~${text}\x1b[201~`;
    if (text.includes('\n')) throw new Stopped('this field takes a single line');
    return text;
  }

  async #write(bytes: string, commit: boolean, tries = 0): Promise<void> {
    await this.#pause(this.#lastWriteMs + this.#job.agent.paceMs - this.#clock.nowMs());
    if (commit || tries > 0) await this.#job.catchUp();
    if (commit && this.#page !== null) await this.#pause(this.#page.sinceMs + ARMED_MS - this.#clock.nowMs());
    // Behind the first answering key (`y`, then Enter) the question may be gone already; the plan itself has looked.
    if (!this.#typed) await this.#stillAsked(commit);
    // What was seen before the pause must hold now: somebody else's key may have come between.
    const expected = this.#expected;
    if (commit && expected !== null && !(await this.#until(expected.holds, this.#patienceMs))) throw new Stopped(expected.what);
    if (!this.#wrote) await this.#job.onFirstByte?.();
    if (commit) this.#job.onSend?.(this.#page?.question ?? null);
    const written = this.#job.write(bytes, tries >= MOVED_TRIES);
    this.#job.watcher.input(onlyMoves(bytes));
    try {
      await written;
    } catch (error) {
      // What was decided on is not the newest picture: look again.
      if (!(error instanceof ClawError && error.code === 'output_moved')) throw error;
      return this.#write(bytes, commit, tries + 1);
    }
    this.#expected = null;
    this.#wrote = true;
    if (commit) this.#typed = true;
    this.#lastWriteMs = this.#clock.nowMs();
  }

  /**
   * Nothing is typed into another question, or into an agent that has gone on. A screen that says nothing for a moment is waited for; the key that
   * answers wants to see its question.
   */
  async #stillAsked(commit: boolean): Promise<void> {
    const same = (now: Reading): boolean => this.#verdict(now) === 'same';
    if (await this.#until(same, FLICKER_MS, (now) => this.#verdict(now) === 'other')) return;
    if (await this.#until(same, OTHER_MS)) return;
    const verdict = this.#verdict(this.#job.watcher.read());
    if (verdict === 'other') throw new Stopped('another question stands now');
    if (commit && verdict === 'unknown') throw new Stopped('the question could not be seen on the screen');
  }

  #verdict(now: Reading): 'same' | 'other' | 'unknown' {
    if (now === null) return 'unknown';
    const { question, choice } = this.#job;
    const live = questionIn(now);
    if (live === null) return 'other';
    if (question.kind === 'idle') return live.kind === 'idle' ? 'same' : 'other';
    if (live.kind === 'idle') return 'other';
    // A form goes through several pages, which its plan recognises one by one.
    if (choice.type === 'form') return 'same';
    // The page that reviews several answers belongs to the question it came from.
    if (choice.type === 'options' && live.kind === 'confirm' && question.tabs !== undefined && sameTabs(question, live)) return 'same';
    return asksTheSame(live, question) ? 'same' : 'other';
  }

  /** Looks now and at each change; true as soon as `holds`, false after `limitMs` or as soon as `never` holds. */
  async #until(holds: (now: Reading, screen: ScreenView) => boolean, limitMs: number, never?: (now: Reading) => boolean): Promise<boolean> {
    const { watcher } = this.#job;
    let over = false;
    let cancel = (): void => undefined;
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#clock.at(this.#clock.nowMs() + limitMs, () => {
        over = true;
        resolve();
      });
    });
    try {
      for (;;) {
        const now = watcher.read();
        this.#turnPage(questionIn(now));
        if (watcher.whole && holds(now, watcher.view())) return true;
        if (over || (watcher.whole && never?.(now) === true)) return false;
        await Promise.race([watcher.changed(), timeout]);
      }
    } finally {
      cancel();
    }
  }

  #turnPage(seen: ParsedQuestion | null): void {
    if (seen === null) return;
    if (asksTheSame(seen, this.#job.question)) this.#page = null;
    else if (this.#page === null || !asksTheSame(seen, this.#page.question)) this.#page = { question: seen, sinceMs: this.#clock.nowMs() };
  }

  #pause(ms: number): Promise<void> {
    return ms <= 0 || Number.isNaN(ms) ? Promise.resolve() : new Promise((resolve) => this.#clock.at(this.#clock.nowMs() + ms, resolve));
  }
}

const sameTabs = (one: ParsedQuestion, other: ParsedQuestion): boolean =>
  JSON.stringify(one.tabs?.map((tab) => tab.title)) === JSON.stringify(other.tabs?.map((tab) => tab.title));
