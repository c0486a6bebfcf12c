/**
 * Screen, reader and detector of one run put together: decides when the screen is read. The same code runs live (a real clock) and in
 * `clawtab replay` (the recording's clock). Owns the pace of reading and nothing else; what the events mean is the life cycle's.
 */
import type { ParsedQuestion } from '../../shared/question.ts';
import type { Agent, HookHint, Reading, ScreenView } from '../agents/agent.ts';
import { Screen } from '../screen.ts';
import { Detector, type DetectorEvent, type DetectorOptions } from './detector.ts';

export interface Clock {
  nowMs(): number;
  /** Calls back once, at or after `atMs`; the returned function cancels. */
  at(atMs: number, callback: () => void): () => void;
}

export const realClock: Clock = {
  nowMs: () => performance.now(),
  at(atMs, callback) {
    const timer = setTimeout(callback, Math.max(0, atMs - performance.now()));
    return () => clearTimeout(timer);
  },
};

/** The screen is read when it has been quiet for this long: most prompts arrive in one or two chunks (agents.md, Timing). */
const QUIET_MS = 6;
/** …and at the latest this long after the first unread byte, so that a stream or a spinner cannot hide a question. */
const LATEST_MS = 40;
/**
 * Under a steady stream the next reading waits for this many times what the last one cost, so that reading stays a few per cent of a core
 * however fast the agent prints, yet never longer than `LATEST_COSTLY_MS`.
 */
const COST_FACTOR = 25;
const LATEST_COSTLY_MS = 150;
/** After a resize the screen is the terminal's own reflow until the program has drawn it anew: the first that shows, then this much quiet. */
const REDRAWN_MS = 150;
/** …and a program that does not care about its size is read again after this. */
const RESIZE_MS = 600;
/** Agents paint a dialog, and listen to its keys a moment later: a key that comes within 50 ms of the picture was lost in Claude. */
export const ARMED_MS = 250;
/** A synchronized update that stays open longer than this is read as it is. */
const SYNC_MS = 200;
/** Hook hints kept. They never expire by age: a dialog may stand for hours and must not change while it does. */
const MAX_HINTS = 256;

/** A title, or a mode switched on or off: what an agent may send long before it draws. */
const INVISIBLE = /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[?>=<][\d;]*[a-z]/g;
const draws = (bytes: Uint8Array | string): boolean =>
  bytes.length > 512 || (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1')).replace(INVISIBLE, '') !== '';

export interface WatcherOptions extends DetectorOptions {
  agent: Agent;
  argv: readonly string[];
  cols: number;
  rows: number;
  clock?: Clock;
  onEvent: (event: DetectorEvent) => void;
  /** Replies to terminal queries, while no terminal is attached. */
  onReply?: (bytes: string) => void;
  scrollback?: number;
}

export class Watcher {
  readonly screen: Screen;
  readonly detector: Detector;
  readonly #agent: Agent;
  readonly #argv: readonly string[];
  readonly #clock: Clock;
  readonly #onEvent: (event: DetectorEvent) => void;
  #hooks: HookHint[] = [];
  #unreadSinceMs: number | null = null;
  #notBeforeMs = 0;
  #resize: { untilMs: number; drawn: boolean } | null = null;
  /** Since when a synchronized update is open. */
  #halfSinceMs: number | null = null;
  #cancelRead: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;
  #changed: (() => void)[] = [];
  #reading: { generation: number; hooks: number; reading: Reading } | undefined;
  #hookCount = 0;
  #over = false;

  constructor(options: WatcherOptions) {
    this.#agent = options.agent;
    this.#argv = options.argv;
    this.#clock = options.clock ?? realClock;
    this.#onEvent = options.onEvent;
    this.screen = new Screen(options);
    this.detector = new Detector(options);
  }

  /** Bytes from the pty, in order. Resolves when parsed (await it: that is the back-pressure). */
  async feed(bytes: Uint8Array | string): Promise<void> {
    await this.screen.feed(bytes);
    if (this.#resize !== null && draws(bytes)) this.#resize.drawn = true;
    this.#halfSinceMs = this.view().synchronized ? (this.#halfSinceMs ?? this.#clock.nowMs()) : null;
    this.#touch();
    this.#wake();
  }

  resize(cols: number, rows: number): void {
    this.screen.resize(cols, rows);
    this.detector.resized();
    this.#resize = { untilMs: this.#clock.nowMs() + RESIZE_MS, drawn: false };
    this.#touch();
  }

  /** Somebody typed into the run; see `Detector.input`. */
  input(moves = false): boolean {
    return this.detector.input(moves);
  }

  /** The agent's own hook spoke. */
  hook(event: string, payload: unknown): void {
    this.#hooks = [...this.#hooks, { atMs: this.#clock.nowMs(), event, payload }].slice(-MAX_HINTS);
    this.#hookCount++;
    this.#touch();
  }

  view(): ScreenView {
    return this.screen.view();
  }

  /** The picture is one that the program meant to be seen: no resize is being redrawn, no synchronized update is half done. */
  get whole(): boolean {
    return this.#resize === null && !this.#half;
  }

  get #half(): boolean {
    return this.#halfSinceMs !== null && this.#clock.nowMs() < this.#halfSinceMs + SYNC_MS;
  }

  /** What stands on the screen this very moment, before any debouncing; null while the picture is not whole. */
  read(): Reading {
    return this.whole ? this.#readScreen() : null;
  }

  #readScreen(): Reading {
    const generation = this.screen.generation;
    if (this.#reading?.generation !== generation || this.#reading.hooks !== this.#hookCount) {
      const { seen: standing } = this.detector;
      const standingAnchor = this.detector.standing?.anchor;
      const hints = {
        hooks: this.#hooks,
        argv: this.#argv,
        ...(standing === undefined ? {} : { standing }),
        ...(standingAnchor === undefined ? {} : { standingAnchor }),
      };
      const reading = this.#agent.read(this.screen.view(), hints);
      this.#reading = { generation, hooks: this.#hookCount, reading };
    }
    return this.#reading.reading;
  }

  /** Resolves at the next change of the screen, or of what `read` says about it. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  /**
   * Resolves when an answer may begin: what stands has stood long enough for its agent to listen, and the picture is whole (a program that draws
   * nothing after a resize is waited for `RESIZE_MS`).
   */
  async ready(): Promise<void> {
    const armedMs = (this.detector.standing?.openedAtMs ?? Number.NEGATIVE_INFINITY) + ARMED_MS;
    if (this.#clock.nowMs() < armedMs) await new Promise<void>((resolve) => this.#clock.at(armedMs, resolve));
    while (!this.whole) await this.changed();
  }

  /** As `Detector.cover`, and what stands is read again. */
  cover(page: 'all' | ParsedQuestion | null): void {
    this.detector.cover(page);
    this.#touch();
  }

  /** The run is over. */
  end(): void {
    this.#over = true;
    this.#resize = null;
    this.#halfSinceMs = null;
    this.#cancelRead?.();
    this.#cancelTick?.();
    this.#emit(this.detector.ended(this.#clock.nowMs()));
    this.#wake();
  }

  dispose(): void {
    this.#over = true;
    this.#cancelRead?.();
    this.#cancelTick?.();
    this.#resize = null;
    this.#halfSinceMs = null;
    this.#wake();
    this.screen.dispose();
  }

  #wake(): void {
    for (const wake of this.#changed.splice(0)) wake();
  }

  #touch(): void {
    if (this.#over) return;
    const now = this.#clock.nowMs();
    this.#unreadSinceMs ??= now;
    this.#cancelRead?.();
    const resize = this.#resize;
    const at =
      resize !== null
        ? Math.min(resize.drawn ? now + REDRAWN_MS : resize.untilMs, resize.untilMs)
        : Math.max(
            Math.min(now + QUIET_MS, this.#half ? this.#halfSinceMs! + SYNC_MS : this.#unreadSinceMs + LATEST_MS),
            this.#notBeforeMs,
          );
    this.#cancelRead = this.#clock.at(at, () => this.#readNow());
  }

  #readNow(): void {
    this.#cancelRead = undefined;
    const now = this.#clock.nowMs();
    if (this.#half) {
      this.#cancelRead = this.#clock.at(this.#halfSinceMs! + SYNC_MS, () => this.#readNow());
      return;
    }
    this.#unreadSinceMs = null;
    const redrawn = this.#resize !== null || this.#halfSinceMs !== null;
    this.#resize = null;
    const reading = this.#readScreen();
    const afterMs = this.#clock.nowMs();
    this.#notBeforeMs = afterMs + Math.min(LATEST_COSTLY_MS, COST_FACTOR * (afterMs - now));
    this.#emit(this.detector.read(reading, now));
    this.#planTick();
    if (redrawn) this.#wake();
  }

  #planTick(): void {
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    const due = this.detector.dueAtMs;
    if (due === null) return;
    this.#cancelTick = this.#clock.at(due, () => {
      this.#emit(this.detector.tick(this.#clock.nowMs()));
      this.#planTick();
    });
  }

  #emit(events: readonly DetectorEvent[]): void {
    for (const event of events) this.#onEvent(event);
  }
}
