/**
 * What waits for one slow socket: control first, both classes bounded. Bulk that does not fit is dropped to an explicit gap per source, placed
 * where it happened in that source's stream; control is never dropped, so too much of it ends the socket. Frames are copied in: a small view
 * would keep its whole receive buffer alive.
 */
import { utf8 } from '../shared/bytes.ts';
import { CLASS, encodeFrame, FRAME } from '../shared/frame.ts';
import type { Limits } from './limits.ts';

/** First in, first out; taking is O(1). */
class Line {
  #frames: Uint8Array[] = [];
  #head = 0;
  bytes = 0;

  get empty(): boolean {
    return this.#head === this.#frames.length;
  }
  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.bytes += frame.length;
  }
  shift(): Uint8Array | undefined {
    const frame = this.#frames[this.#head];
    if (frame === undefined) return undefined;
    this.#head++;
    this.bytes -= frame.length;
    if (this.#head > 1024 && this.#head * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    } else this.#frames[this.#head - 1] = EMPTY;
    return frame;
  }
}
const EMPTY = new Uint8Array();

export type Kept = 'kept' | 'dropped' | 'overflow';

export class Backlog {
  readonly #limits: Pick<Limits, 'controlQueueBytes' | 'bulkQueueBytes'>;
  readonly #control = new Line();
  readonly #bulk = new Line();
  /** Dropped since the last gap frame, by source connection. */
  readonly #gaps = new Map<number, { frames: number; bytes: number }>();

  constructor(limits: Pick<Limits, 'controlQueueBytes' | 'bulkQueueBytes'>) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#control.bytes + this.#bulk.bytes;
  }
  get empty(): boolean {
    return this.#control.empty && this.#bulk.empty && this.#gaps.size === 0;
  }

  /** `source`: connection the frame came from, 0 for the relay itself. */
  push(frame: Uint8Array, cls: number, source: number): Kept {
    if (cls === CLASS.control) {
      if (this.#control.bytes + frame.length > this.#limits.controlQueueBytes) return 'overflow';
      this.#control.push(frame.slice());
      return 'kept';
    }
    if (this.#bulk.bytes + frame.length > this.#limits.bulkQueueBytes) {
      const gap = this.#gaps.get(source) ?? { frames: 0, bytes: 0 };
      gap.frames++;
      gap.bytes += frame.length;
      this.#gaps.set(source, gap);
      return 'dropped';
    }
    this.#closeGap(source);
    this.#bulk.push(frame.slice());
    return 'kept';
  }

  #closeGap(source: number): void {
    const gap = this.#gaps.get(source);
    if (!gap) return;
    this.#gaps.delete(source);
    this.#bulk.push(encodeFrame(FRAME.gap, CLASS.bulk, source, utf8(JSON.stringify(gap))));
  }

  /** The next frame to send. */
  shift(): Uint8Array | undefined {
    const frame = this.#control.shift() ?? this.#bulk.shift();
    if (frame !== undefined || this.#gaps.size === 0) return frame;
    // Nothing more came from these sources: their gaps are told now.
    for (const source of [...this.#gaps.keys()]) this.#closeGap(source);
    return this.#bulk.shift();
  }
}
