/**
 * Terminal bytes to lines of styled text, by an allow-list (security.md T-23): SGR, line feed, carriage return, backspace, tab, and "erase in line"
 * on the line being written. Everything else is dropped with its payload; one that does not end is dropped for 64 KiB, then text is text again.
 * Never answers a query. Knows no DOM.
 */
import { type Line, pack, type Span } from './line.ts';
import { styleAfter } from './style.ts';

/** Longest line kept, in characters; the rest of a longer one is dropped and said so. */
export const MAX_LINE = 64 * 1024;
/** Most that an unterminated sequence may swallow. */
export const MAX_SEQUENCE = 64 * 1024;
const MAX_PARAMS = 256;
const MAX_FORWARD = 1000;
const CUT = ' ⟦line cut at 64 KiB⟧';
const TAB = 8;
/** A line longer than this that is written over goes on as a new line: what it costs stays bounded. */
const MAX_REWRITE = 4096;
const PRINTABLE = /[^\u0000-\u001f\u007f-\u009f]+/y;

interface Cell {
  char: string;
  style: number;
}
const BLANK: Cell = { char: ' ', style: 0 };

type State = 'ground' | 'escape' | 'intermediate' | 'csi' | 'string';

export interface LineSink {
  line(line: Line): void;
}

export class AnsiLines {
  readonly #sink: LineSink;
  readonly #decoder = new TextDecoder('utf-8');
  #state: State = 'ground';
  #swallowed = 0;
  #params = '';
  #stringEscape = false;
  #style = 0;
  /** What is written of the current line: spans while it only grows, cells once the program has gone back in it. */
  #spans: Span[] = [];
  #cells: Cell[] | null = null;
  /** In characters of `#spans`, or the number of cells. */
  #length = 0;
  #column = 0;
  #cut = false;
  /** The program uses the alternate screen now. */
  altScreen = false;
  /** Sequences that place the cursor elsewhere than on this line: many of them mean that this is a screen, not a log. */
  addressing = 0;

  readonly #cursorForward: boolean;

  /** `cursorForward`: "cursor right" leaves blanks, as in a serialised screen. In a log it is dropped like the other moves. */
  constructor(sink: LineSink, cursorForward = false) {
    this.#sink = sink;
    this.#cursorForward = cursorForward;
  }

  /** The line that is being written. */
  get current(): Line {
    return finished(this.#cells ? joined(this.#cells) : this.#spans, this.#cut);
  }

  feed(bytes: Uint8Array): void {
    this.text(this.#decoder.decode(bytes, { stream: true }));
  }

  text(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (this.#state === 'ground') {
        PRINTABLE.lastIndex = at;
        const run = PRINTABLE.exec(text);
        if (run) {
          this.#print(run[0]);
          at = PRINTABLE.lastIndex;
          continue;
        }
      }
      this.#step(text.charCodeAt(at), text[at]!);
      at++;
    }
  }

  #step(code: number, char: string): void {
    // These two and ESC end whatever is going on; the 8-bit forms too, outside a string.
    if (code === 0x18 || code === 0x1a) return this.#ground();
    switch (this.#state) {
      case 'ground':
        return this.#control(code);
      case 'escape':
        return this.#afterEscape(code);
      case 'intermediate':
        return code >= 0x30 && code <= 0x7e ? this.#ground() : this.#inSequence(code);
      case 'csi':
        return this.#inCsi(code, char);
      case 'string':
        return this.#inString(code);
    }
  }

  #ground(): void {
    this.#state = 'ground';
    this.#params = '';
    this.#swallowed = 0;
    this.#stringEscape = false;
  }

  #enter(state: State): void {
    this.#ground();
    this.#state = state;
  }

  #control(code: number): void {
    switch (code) {
      case 0x0a:
      case 0x0b:
      case 0x0c:
      case 0x85:
        return this.#newline();
      case 0x0d:
        this.#column = 0;
        return;
      case 0x08:
        this.#column = Math.max(0, this.#column - 1);
        return;
      case 0x09:
        return this.#print(' '.repeat(TAB - (this.#column % TAB)));
      case 0x1b:
        return this.#enter('escape');
      case 0x9b:
        return this.#enter('csi');
      case 0x90:
      case 0x98:
      case 0x9d:
      case 0x9e:
      case 0x9f:
        return this.#enter('string');
      default:
        return;
    }
  }

  #afterEscape(code: number): void {
    if (code === 0x5b) return this.#enter('csi');
    // OSC, DCS, SOS, PM, APC, and the title sequence of screen(1).
    if (code === 0x5d || code === 0x50 || code === 0x58 || code === 0x5e || code === 0x5f || code === 0x6b) return this.#enter('string');
    if (code >= 0x20 && code <= 0x2f) return this.#enter('intermediate');
    if (code === 0x1b) return;
    this.#ground();
    if (code < 0x20) this.#control(code);
    else if (code === 0x63) this.#style = 0;
    else if (code === 0x45) this.#newline();
  }

  /** Control characters inside a sequence act as if they stood before it; a wrong one ends it. */
  #inSequence(code: number): void {
    if (code === 0x1b) return this.#enter('escape');
    if (++this.#swallowed > MAX_SEQUENCE) return this.#ground();
    if (code === 0x0a || code === 0x0d || code === 0x08 || code === 0x09) this.#control(code);
  }

  #inCsi(code: number, char: string): void {
    if (code >= 0x40 && code <= 0x7e) {
      const params = this.#params;
      const tooLong = this.#swallowed > MAX_PARAMS;
      this.#ground();
      if (!tooLong) this.#csi(params, char);
      return;
    }
    if (code < 0x20 || code >= 0x7f) return this.#inSequence(code);
    if (++this.#swallowed > MAX_SEQUENCE) return this.#ground();
    if (this.#params.length <= MAX_PARAMS) this.#params += char;
  }

  #inString(code: number): void {
    if (this.#stringEscape) {
      if (code === 0x5c) return this.#ground();
      this.#enter('escape');
      return this.#afterEscape(code);
    }
    if (code === 0x07 || code === 0x9c) return this.#ground();
    if (code === 0x1b) this.#stringEscape = true;
    if (++this.#swallowed > MAX_SEQUENCE) this.#ground();
  }

  #csi(params: string, final: string): void {
    if (final === 'm') {
      if (/^[\d;:]*$/.test(params)) this.#style = styleAfter(this.#style, params);
      return;
    }
    if (final === 'K' && /^[012]?$/.test(params)) return this.#eraseInLine(params);
    if ((final === 'h' || final === 'l') && /^\?(?:47|1047|1049)$/.test(params)) this.altScreen = final === 'h';
    if (final === 'C' && this.#cursorForward && /^\d{0,4}$/.test(params))
      this.#print(' '.repeat(Math.min(Number(params) || 1, MAX_FORWARD)));
    // Below the line there is nothing yet; what is left of it goes with what is below.
    if (final === 'J' && /^0?$/.test(params)) this.#eraseInLine(params);
    if ('ABEFHJLMSTdfr'.includes(final)) this.addressing++;
  }

  #newline(): void {
    this.#sink.line(this.current);
    this.#spans = [];
    this.#cells = null;
    this.#length = 0;
    this.#column = 0;
    this.#cut = false;
  }

  #print(text: string): void {
    if (this.#cells || this.#column < this.#length) return this.#overwrite(text);
    const room = MAX_LINE - this.#length;
    const kept = text.length > room ? text.slice(0, Math.max(0, room)) : text;
    if (kept.length < text.length) this.#cut = true;
    const last = this.#spans[this.#spans.length - 1];
    if (last && last.style === this.#style) last.text += kept;
    else if (kept) this.#spans.push({ text: kept, style: this.#style });
    this.#length += kept.length;
    this.#column = this.#length;
  }

  /** The line as cells, from now to its end; null where it is too long for that and has been ended instead. */
  #asCells(): Cell[] | null {
    if (this.#cells) return this.#cells;
    if (this.#length > MAX_REWRITE) {
      this.#newline();
      return null;
    }
    const before = this.#spans.flatMap((s) => Array.from(s.text, (char) => ({ char, style: s.style })));
    let units = 0;
    let index = 0;
    while (index < before.length && units < this.#column) units += before[index++]!.char.length;
    this.#column = index;
    this.#length = before.length;
    this.#cells = before;
    return before;
  }

  /** After CR or BS: what stands there is replaced, position by position. */
  #overwrite(text: string): void {
    const cells = this.#asCells();
    if (!cells) return this.#print(text);
    for (const char of text) {
      if (this.#column >= MAX_REWRITE) {
        this.#cut = true;
        break;
      }
      while (cells.length < this.#column) cells.push(BLANK);
      cells[this.#column++] = { char, style: this.#style };
    }
    this.#length = cells.length;
  }

  #eraseInLine(mode: string): void {
    if (mode === '2' && this.#column === 0) {
      this.#spans = [];
      this.#cells = null;
      this.#length = 0;
      return;
    }
    if (this.#column >= this.#length && mode !== '2' && mode !== '1') return;
    const cells = this.#asCells();
    if (!cells) return;
    if (mode === '1') cells.fill(BLANK, 0, this.#column + 1);
    else cells.length = mode === '2' ? 0 : Math.min(cells.length, this.#column);
    this.#length = cells.length;
  }
}

function joined(cells: readonly Cell[]): Span[] {
  const spans: Span[] = [];
  for (const { char, style } of cells) {
    const last = spans[spans.length - 1];
    if (last && last.style === style) last.text += char;
    else spans.push({ text: char, style });
  }
  return spans;
}

const finished = (spans: readonly Span[], cut: boolean): Line => pack(cut ? [...spans, { text: CUT, style: 0 }] : spans);
