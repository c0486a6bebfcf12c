/**
 * The contract of an agent folder. Everything here is pure: a reader sees a screen and says what stands on it, a planner turns a choice
 * into steps. No clock, no I/O; timing and verification live in `daemon/questions/`.
 */
import type { Choice, ParsedQuestion } from '../../shared/question.ts';

/** Stands in a text or a detail for the beginning of a box that is taller than the screen. */
export const ABOVE = '[… the beginning is above the screen]\n';

/** One cell of the screen. Colours are palette indexes (0-255), 0xRRGGBB with `rgb`, or -1 for the default. */
export interface Cell {
  chars: string;
  width: number;
  fg: number;
  bg: number;
  fgRgb: boolean;
  bgRgb: boolean;
  bold: boolean;
  dim: boolean;
  inverse: boolean;
  underline: boolean;
}

/** What a reader may look at: the true screen (not the scrollback), as the terminal holds it now. */
export interface ScreenView {
  readonly cols: number;
  readonly rows: number;
  readonly cursor: { row: number; col: number; visible: boolean };
  readonly alternate: boolean;
  /** Last OSC 0/2 title, '' before the first. */
  readonly title: string;
  /** Lines that have scrolled off the top since the start: `scrolled + row` names a line for as long as nothing clears or resizes. */
  readonly scrolled: number;
  /** The program has asked for bracketed paste. */
  readonly bracketedPaste: boolean;
  /** The program has asked for application cursor keys (`ESC O A` instead of `ESC [ A`). */
  readonly applicationCursor: boolean;
  /** A synchronized update (mode 2026) is open: the screen is half painted. */
  readonly synchronized: boolean;
  /** Text of screen row `row` (0-based), trailing blanks cut. */
  line(row: number): string;
  /** All rows, trailing blanks cut. */
  lines(): string[];
  /** True where `row` continues the row above (soft wrap). */
  wrapped(row: number): boolean;
  cell(row: number, col: number): Cell | undefined;
}

/** What the agent's own hooks have said lately, newest last; a hint, never a decision. */
export interface HookHint {
  atMs: number;
  /** The agent's name for the event ("PermissionRequest"). */
  event: string;
  payload: unknown;
}
export interface Hints {
  hooks: readonly HookHint[];
  argv: readonly string[];
  /**
   * The question that stands open by what was read before, if any: rows of a list that have scrolled off since are still in it, a prompt
   * line that somebody types into still asks the same.
   */
  standing?: ParsedQuestion;
  standingAnchor?: string;
}

export type AgentState =
  | { state: 'working' }
  /** Waits for its next prompt; `lastText` is its last sentence, where the screen shows it. */
  | { state: 'ready'; lastText: string }
  | { state: 'error'; text: string; retrying: boolean }
  | { state: 'limit'; text: string; resetAt?: string };

/**
 * `anchor` tells two appearances of the same text apart where the screen can (the generic reader gives the prompt's line number); a
 * question whose anchor changes, other than by a resize, is a new question. `null`: the screen says nothing certain (a repaint, a shell).
 */
export type Reading =
  | {
      type: 'question';
      question: ParsedQuestion;
      anchor?: string /** How long it must stand before it counts, ms; default the detector's. */;
      settleMs?: number;
    }
  | { type: 'state'; state: AgentState }
  | null;

/**
 * Steps that carry out one choice. `keys` are sent one by one with the pace the agent needs; each `expect` must hold on the live screen
 * (it is waited for, see answering.ts) before the next step, else nothing more is sent and the verdict says so; `settle` waits the same way
 * but goes on regardless, for a `then` that looks again (`patient`: as long as an `expect`, before a key that would do harm twice). `commit` marks
 * the step after which the answer counts as typed. `what` completes the sentence "the answer was not sent: …" (behind a `commit`: "typed, but …")
 * and never holds the answer's text.
 */
export type Step =
  | { do: 'keys'; keys: string[]; commit?: boolean }
  | { do: 'text'; text: string; paste: boolean; commit?: boolean }
  | { do: 'expect'; what: string; holds: (now: Reading, screen: ScreenView) => boolean }
  | { do: 'settle'; patient?: true; holds: (now: Reading, screen: ScreenView) => boolean }
  /** Sends nothing more; `what` as in `expect`. */
  | { do: 'stop'; what: string }
  /** Looks at the live screen and says which steps come next: for lists that must be walked ("move until the highlight is on it"). */
  | { do: 'then'; plan: (now: Reading, screen: ScreenView) => Step[] };

export interface Reader {
  read(screen: ScreenView, hints: Hints): Reading;
  /** Throws `ClawError('bad_choice')` where the choice cannot be made in this dialog. */
  keys(question: ParsedQuestion, choice: Choice): Step[];
}

export interface LaunchRequest {
  prompt?: string;
  model?: string;
  /** Extra flags, passed as they are, before any prompt. */
  flags: readonly string[];
  resume?: boolean;
}

export interface Agent extends Reader {
  /** Folder name and the value of `--agent`. */
  name: string;
  /** For people: "Claude Code". */
  title: string;
  /** Does this command line start that agent? argv[0] may be a path or an interpreter with a script. */
  matches(argv: readonly string[]): boolean;
  /** argv for a job of this agent; the prompt is always behind `--` or an option of its own, never parsed as a flag. */
  launch(request: LaunchRequest): string[];
  /**
   * Adds this run's hooks to the command without touching a user file. `hookCommand` is an argv that delivers stdin (the hook's JSON)
   * to the daemon and returns at once.
   */
  withHooks?(argv: readonly string[], hookCommand: readonly string[]): { argv: string[]; env?: Record<string, string> };
  /** How long to wait between two writes of one answer, ms (agents lose text that comes too fast). */
  paceMs: number;
}
