/**
 * The output of one run as lines: fed with bytes and gaps, bounded, and taken in in slices so that a flood never blocks the page. Knows no
 * DOM and no network; drawing is parts/log-view.tsx.
 */
import { signal } from '@preact/signals';
import { AnsiLines } from './ansi.ts';
import { type Line, lineText } from './line.ts';

export interface Gap {
  gap: { from: number; to: number; why: string };
}
export type Entry = Line | Gap;
export const isGap = (entry: Entry): entry is Gap => typeof entry === 'object' && 'gap' in entry;

/** Lines kept, and what they may cost in memory, bytes; the machine keeps the rest. */
export const MAX_LINES = 1_000_000;
const MAX_COST = 110_000_000;
/** What a string costs beside its characters. */
const STRING_COST = 24;
/** Dropped at once when there are too many, so that it happens seldom. */
const TRIM_LINES = 50_000;
/** Work in one go, ms and bytes: far below what a finger notices. */
const SLICE_MS = 8;
const PIECE_BYTES = 8 * 1024;

export interface LogModelOptions {
  /** So many bytes have been taken in. */
  onConsumed(bytes: number): void;
  /** Calls `task` soon, after the browser has had its turn. */
  later?(task: () => void): void;
  nowMs?(): number;
}

export class LogModel {
  /** Grows whenever there is something new to draw. */
  readonly version = signal(0);
  /** Number of entries that have been dropped at the top: entry `i` of the log is `entries[i - dropped]`. */
  dropped = 0;
  readonly entries: Entry[] = [];
  /** Display width of each entry, in cells; -1 for a gap. */
  readonly widths: number[] = [];
  /** The run has ended and all of it is here. */
  ended = false;
  readonly #options: LogModelOptions;
  readonly #ansi = new AnsiLines({ line: (line) => this.#add(line) });
  #queue: (Uint8Array | Gap)[] = [];
  #at = 0;
  #pumping = false;
  #cost = 0;

  constructor(options: LogModelOptions) {
    this.#options = options;
  }

  /** The line that is being written. */
  get current(): Line {
    return this.#ansi.current;
  }
  get altScreen(): boolean {
    return this.#ansi.altScreen;
  }
  get addressing(): number {
    return this.#ansi.addressing;
  }

  data(bytes: Uint8Array): void {
    this.#queue.push(bytes.slice());
    this.#pump();
  }

  gap(from: number, to: number, why: string): void {
    this.#queue.push({ gap: { from, to, why } });
    this.#pump();
  }

  end(): void {
    this.ended = true;
    this.version.value++;
  }

  /** Text of a range of entries, for copying and sharing. */
  text(from = this.dropped, to = this.dropped + this.entries.length): string {
    const lines = this.entries.slice(Math.max(0, from - this.dropped), to - this.dropped).map(entryText);
    const last = lineText(this.current);
    if (to >= this.dropped + this.entries.length && last) lines.push(last);
    return lines.join('\n');
  }

  /** Entries that contain `needle`, whatever the case, oldest first. Yields to the page every few thousand lines. */
  async find(needle: string, limit = 2000): Promise<number[]> {
    const wanted = needle.toLowerCase();
    const hits: number[] = [];
    if (!wanted) return hits;
    for (let i = 0; i < this.entries.length && hits.length < limit; i++) {
      if (entryText(this.entries[i]!).toLowerCase().includes(wanted)) hits.push(i + this.dropped);
      if (i % 10_000 === 9_999) await new Promise<void>((resolve) => this.#later(resolve));
    }
    return hits;
  }

  #later(task: () => void): void {
    if (this.#options.later) this.#options.later(task);
    else setTimeout(task, 0);
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#slice();
  }

  #slice(): void {
    const nowMs = this.#options.nowMs ?? (() => performance.now());
    const endMs = nowMs() + SLICE_MS;
    let consumed = 0;
    while (this.#queue.length > 0 && nowMs() < endMs) {
      const first = this.#queue[0]!;
      if (!(first instanceof Uint8Array)) {
        this.#add(first);
        this.#queue.shift();
        continue;
      }
      const piece = first.subarray(this.#at, this.#at + PIECE_BYTES);
      this.#ansi.feed(piece);
      consumed += piece.length;
      this.#at += piece.length;
      if (this.#at < first.length) continue;
      this.#at = 0;
      this.#queue.shift();
    }
    if (consumed > 0) this.#options.onConsumed(consumed);
    this.version.value++;
    if (this.#queue.length > 0) this.#later(() => this.#slice());
    else this.#pumping = false;
  }

  #add(entry: Entry): void {
    this.entries.push(entry);
    this.widths.push(isGap(entry) ? -1 : cells(lineText(entry)));
    this.#cost += costOf(entry);
    if (this.entries.length < MAX_LINES + TRIM_LINES && this.#cost < MAX_COST) return;
    const gone = Math.min(TRIM_LINES, this.entries.length - 1);
    for (const old of this.entries.splice(0, gone)) this.#cost -= costOf(old);
    this.widths.splice(0, gone);
    this.dropped += gone;
  }
}

/** One byte a character, or two where there is one beyond Latin-1. */
const costOf = (entry: Entry): number => (isGap(entry) ? STRING_COST : STRING_COST + entry.length * (BEYOND_LATIN.test(entry) ? 2 : 1));
const BEYOND_LATIN = /[^\u0000-\u00ff]/;

export const entryText = (entry: Entry): string =>
  isGap(entry) ? `[${entry.gap.to - entry.gap.from} bytes missing: ${entry.gap.why}]` : lineText(entry);

const NOT_ASCII = /[^\u0020-\u007e]/;
const NO_WIDTH = /\p{Mn}|\p{Me}/u;

/** Two cells: East Asian wide forms and most pictographs. */
const isWide = (c: number): boolean =>
  (c >= 0x1100 && c <= 0x115f) ||
  (c >= 0x2e80 && c <= 0x303e) ||
  (c >= 0x3041 && c <= 0xa4cf) ||
  (c >= 0xac00 && c <= 0xd7a3) ||
  (c >= 0xf900 && c <= 0xfaff) ||
  (c >= 0xfe30 && c <= 0xfe6f) ||
  (c >= 0xff00 && c <= 0xff60) ||
  (c >= 0xffe0 && c <= 0xffe6) ||
  (c >= 0x1f300 && c <= 0x1faff) ||
  (c >= 0x20000 && c <= 0x3fffd);

/** Width in cells, near enough to know how often a line wraps. */
export function cells(text: string): number {
  if (!NOT_ASCII.test(text)) return text.length;
  let width = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!;
    if (code > 0xffff) i++;
    if (code < 0x300) width++;
    else if (isWide(code)) width += 2;
    else if (
      code !== 0x200d &&
      (code < 0xfe00 || code > 0xfe0f) &&
      !(code < 0x1dc0 ? code < 0x0370 || NO_WIDTH.test(String.fromCodePoint(code)) : false)
    )
      width++;
  }
  return width;
}
