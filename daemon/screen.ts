/**
 * The true screen of one run: feeds pty bytes to @xterm/headless and shows the result as a `ScreenView`. Owns parsing, title, cursor
 * visibility and the allow-list of terminal replies; knows nothing about questions. Bounded: a fixed scrollback, one write in flight per feed.
 */
import serializeAddon from '@xterm/addon-serialize';
import headless, { type IBufferCell, type IBufferLine, type Terminal as XTerminal } from '@xterm/headless';
import type { Cell, ScreenView } from './agents/agent.ts';
import { StringGuard } from './string-guard.ts';

const { Terminal } = headless;
const { SerializeAddon } = serializeAddon;

/** Of a title that a program sets; a longer one is cut. */
const TITLE_CHARS = 200;
/** Combining marks kept on one character (BAD-97). */
const PILED_MARKS = /(\p{M}{16})\p{M}+/gu;

/** Lines kept above the screen: enough for a snapshot to a phone; the whole output is in the run's log. */
const SCROLLBACK_LINES = 500;

/**
 * Replies a terminal may give on its own without carrying program-chosen text: device attributes, status, cursor position, mode reports.
 * Anything else (titles, colours, DECRQSS) stays unanswered, so that output can never type into the agent.
 */
const SAFE_REPLY = /^\x1b\[(?:\?[\d;]+c|>[\d;]+c|0n|\??\d+;\d+R|\??\d+;\d+\$y)$/;

export interface ScreenOptions {
  cols: number;
  rows: number;
  scrollback?: number;
  /** Called with replies to terminal queries; give it only while no real terminal is attached to the pty. */
  onReply?: (bytes: string) => void;
}

export class Screen {
  readonly #term: XTerminal;
  readonly #serialize: InstanceType<typeof SerializeAddon>;
  readonly #scratch: IBufferCell;
  readonly #guard = new StringGuard();
  #title = '';
  #cursorVisible = true;
  #scrolled = 0;
  #generation = 0;
  #view: View | undefined;
  onReply: ((bytes: string) => void) | undefined;

  constructor(options: ScreenOptions) {
    this.onReply = options.onReply;
    this.#term = new Terminal({
      cols: options.cols,
      rows: options.rows,
      scrollback: options.scrollback ?? SCROLLBACK_LINES,
      allowProposedApi: true,
      logLevel: 'off',
    });
    this.#serialize = new SerializeAddon();
    // The add-on is typed for the browser terminal; the headless one has all it uses.
    this.#term.loadAddon(this.#serialize as unknown as Parameters<XTerminal['loadAddon']>[0]);
    this.#scratch = this.#term.buffer.active.getNullCell();
    this.#term.onTitleChange((title) => {
      this.#title = title.slice(0, TITLE_CHARS);
    });
    this.#term.onScroll(() => {
      this.#scrolled++;
    });
    this.#term.onData((data) => {
      if (this.onReply !== undefined && SAFE_REPLY.test(data)) this.onReply(data);
    });
    const cursor = (visible: boolean) => (params: (number | number[])[]) => {
      if (params.includes(25)) this.#cursorVisible = visible;
      return false;
    };
    this.#term.parser.registerCsiHandler({ prefix: '?', final: 'h' }, cursor(true));
    this.#term.parser.registerCsiHandler({ prefix: '?', final: 'l' }, cursor(false));
    const reset = () => {
      this.#cursorVisible = true;
      return false;
    };
    this.#term.parser.registerEscHandler({ final: 'c' }, reset);
    this.#term.parser.registerCsiHandler({ intermediates: '!', final: 'p' }, reset);
  }

  /** Parses `bytes`; resolves when the screen shows them. */
  feed(bytes: Uint8Array | string): Promise<void> {
    const pieces = this.#guard.pass(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    const last = pieces.pop();
    for (const piece of pieces) this.#term.write(piece);
    return new Promise((resolve) => {
      this.#term.write(last ?? '', () => {
        this.#generation++;
        resolve();
      });
    });
  }

  resize(cols: number, rows: number): void {
    // @xterm/headless 6.0.0: an alternate screen entered after the window was once higher scrolls lines off that it must not keep. Made higher with those,
    // it lacks its last row, and the next line feed throws from a timer. One row less puts it right.
    const { type, baseY } = this.#term.buffer.active;
    if (type === 'alternate' && baseY > 0) this.#term.resize(cols, Math.max(1, Math.min(rows, this.rows) - 1));
    this.#term.resize(cols, rows);
    this.#generation++;
  }

  get cols(): number {
    return this.#term.cols;
  }

  get rows(): number {
    return this.#term.rows;
  }

  /** Grows with every parsed write and resize. */
  get generation(): number {
    return this.#generation;
  }

  /** The screen as it is now; a snapshot that later writes do not change as far as it has been looked at. */
  view(): ScreenView {
    if (this.#view === undefined || this.#view.generation !== this.#generation) {
      this.#view = new View(this.#term, this.#scratch, this.#generation, {
        title: this.#title,
        cursorVisible: this.#cursorVisible,
        scrolled: this.#scrolled,
      });
    }
    return this.#view;
  }

  /** Escape sequences that paint this screen, with up to `scrollbackLines` lines above it, on a terminal of the same size. */
  serialize(scrollbackLines = 0): string {
    return this.#serialize.serialize({ scrollback: scrollbackLines });
  }

  dispose(): void {
    this.#term.dispose();
  }
}

interface Facts {
  title: string;
  cursorVisible: boolean;
  scrolled: number;
}

class View implements ScreenView {
  readonly generation: number;
  readonly cols: number;
  readonly rows: number;
  readonly cursor: { row: number; col: number; visible: boolean };
  readonly alternate: boolean;
  readonly title: string;
  readonly scrolled: number;
  readonly bracketedPaste: boolean;
  readonly applicationCursor: boolean;
  readonly synchronized: boolean;
  readonly #term: XTerminal;
  readonly #scratch: IBufferCell;
  readonly #base: number;
  readonly #lines: (string | undefined)[] = [];
  #all: string[] | undefined;

  constructor(term: XTerminal, scratch: IBufferCell, generation: number, facts: Facts) {
    const buffer = term.buffer.active;
    this.#term = term;
    this.#scratch = scratch;
    this.#base = buffer.baseY;
    this.generation = generation;
    this.cols = term.cols;
    this.rows = term.rows;
    this.cursor = { row: buffer.cursorY, col: buffer.cursorX, visible: facts.cursorVisible };
    this.alternate = buffer.type === 'alternate';
    this.title = facts.title;
    this.scrolled = facts.scrolled;
    this.bracketedPaste = term.modes.bracketedPasteMode;
    this.applicationCursor = term.modes.applicationCursorKeysMode;
    this.synchronized = term.modes.synchronizedOutputMode;
  }

  lines(): string[] {
    this.#all ??= Array.from({ length: this.rows }, (_, row) => this.line(row));
    return this.#all;
  }

  /** Rows are turned into text one by one: most readings look at the bottom of the screen only. */
  line(row: number): string {
    const known = this.#lines[row];
    if (known !== undefined) return known;
    const whole = this.#bufferLine(row)?.translateToString(true) ?? '';
    const text = trimEnd(whole.length > 2 * this.cols ? whole.replace(PILED_MARKS, '$1') : whole);
    this.#lines[row] = text;
    return text;
  }

  wrapped(row: number): boolean {
    return this.#bufferLine(row)?.isWrapped ?? false;
  }

  cell(row: number, col: number): Cell | undefined {
    const cell = this.#bufferLine(row)?.getCell(col, this.#scratch);
    if (cell === undefined) return undefined;
    return {
      chars: cell.getChars(),
      width: cell.getWidth(),
      fg: cell.isFgDefault() ? -1 : cell.getFgColor(),
      bg: cell.isBgDefault() ? -1 : cell.getBgColor(),
      fgRgb: cell.isFgRGB(),
      bgRgb: cell.isBgRGB(),
      bold: cell.isBold() !== 0,
      dim: cell.isDim() !== 0,
      inverse: cell.isInverse() !== 0,
      underline: cell.isUnderline() !== 0,
    };
  }

  #bufferLine(row: number): IBufferLine | undefined {
    return row < 0 || row >= this.rows ? undefined : this.#term.buffer.active.getLine(this.#base + row);
  }
}

/** Programs pad rows with written blanks, which xterm keeps; a no-break space counts as a blank here too. */
function trimEnd(line: string): string {
  return line.trimEnd();
}
