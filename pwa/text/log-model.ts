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

/** Lines kept; the machine keeps the rest. */
export const MAX_LINES = 1_000_000;
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
    if (this.entries.length < MAX_LINES + TRIM_LINES) return;
    this.entries.splice(0, TRIM_LINES);
    this.widths.splice(0, TRIM_LINES);
    this.dropped += TRIM_LINES;
  }
}

export const entryText = (entry: Entry): string =>
  isGap(entry) ? `[${entry.gap.to - entry.gap.from} bytes missing: ${entry.gap.why}]` : lineText(entry);

const NOT_ASCII = /[^\u0020-\u007e]/;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /\p{Mn}|\p{Me}|\u200d|[\ufe00-\ufe0f]/u;

/** Width in cells, near enough to know how often a line wraps. */
export function cells(text: string): number {
  if (!NOT_ASCII.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += NO_WIDTH.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}
