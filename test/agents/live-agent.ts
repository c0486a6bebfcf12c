/** What the live tests and the recorder must know of one agent: how it is installed, started and asked, and how it names its answers. */
import type { ToolCall } from './script.ts';

export interface Prepared {
  env: Record<string, string>;
  /** Arguments before the prompt. */
  args: string[];
}

/** A question with several options, as the scripted model asks it. */
export interface Asking {
  question: string;
  labels: readonly string[];
}

export interface LiveAgent {
  /** Name of its folder under daemon/agents. */
  name: string;
  /** The npm package, the version that the recordings are of, and the program it brings. */
  npm: { package: string; version: string; bin: string };
  /** Writes what the agent needs in its home. `trusted`: a folder that it must not ask about; any other folder is new to it. */
  prepare(home: string, trusted: string, origin: string): Prepared;
  /** The argument(s) that carry the first prompt. */
  prompt(text: string): string[];
  /** Names of the buttons, as the agent writes its options. */
  buttons: {
    allow: RegExp;
    refuse: RegExp;
    /** Allows this and what is like it. */
    always: RegExp;
    /** Allows one edit of a file. */
    write: RegExp;
    /** The option of a question that takes one's own words; null where the field stands by itself. */
    ownWords: RegExp | null;
  };
  /** The dialog about a new folder; absent where the agent has none. `refused`: what the agent does then. */
  trust?: { text: RegExp; yes: RegExp; no: RegExp; refused: 'ends' | 'starts' | 'waits' };
  /** Every option of its dialogs, word for word: what a recording is labelled by (`npm run record`). */
  rows: {
    shell(command: string, workspace: string): readonly string[];
    write(file: string): readonly string[];
    /** Beside the asked ones. */
    ask: readonly string[];
    /** Where it differs from `ask`. */
    askSeveral?: readonly string[];
    trust?(workspace: string): { text: string; options: readonly string[] };
  };
  shell(command: string): ToolCall;
  /** A command that `buttons.always` is offered for; default: a small program. */
  alwaysCommand?: string;
  /** It asks before it writes outside the workspace only. */
  writesOutside?: true;
  /** Makes a file. */
  write(path: string, content: string): ToolCall;
  ask(asking: Asking): ToolCall;
  /** Several answers at once; absent where the agent has no such question. */
  askSeveral?(asking: Asking): ToolCall;
  /** How long the model thinks before each turn, ms, where the agent cannot bear an answer at once. */
  thinkMs?: number;
  /** Scenarios that this agent cannot play, and why: printed, never counted as passed. */
  cannot?: Readonly<Record<string, string>>;
}
