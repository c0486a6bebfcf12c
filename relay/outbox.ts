/**
 * What waits for one socket: control first, each class with its bound and its policy for full (control: the socket is closed as slow; bulk: dropped to an
 * explicit gap). Frames go straight to the runtime while it keeps up. Corked per tick: all frames of one tick leave in one write.
 */
import { concat, utf8 } from '../shared/bytes.ts';
import { CLASS, encodeFrame, FRAME, type FrameClass } from '../shared/frame.ts';
import type { Limits } from './limits.ts';

/** The runtime's end of a socket. */
export interface Line {
  send(frame: Uint8Array): void;
  /** Bytes handed over that the network has not taken yet. */
  bufferedBytes(): number;
  close(code: number, reason: string): void;
  /** Ends without waiting for the far end. */
  destroy(): void;
  cork?(): void;
  uncork?(): void;
}

export interface DropCount {
  frames: number;
  bytes: number;
}

const dirty: Outbox[] = [];
function flushAll(): void {
  for (const outbox of dirty.splice(0)) outbox.uncork();
}

export class Outbox {
  readonly #line: Line;
  readonly #limits: Limits;
  readonly #onSlow: () => void;
  readonly #dropped: DropCount;
  #control: Uint8Array[] = [];
  #bulk: Uint8Array[] = [];
  #controlBytes = 0;
  #bulkBytes = 0;
  #corked = false;
  /** Bulk frames lost since the last gap was told, by source connection. */
  #gaps: Map<number, DropCount> | null = null;

  /** `dropped`: a counter shared by all sockets. `onSlow`: control overflowed; nothing more is kept. */
  constructor(line: Line, limits: Limits, dropped: DropCount, onSlow: () => void) {
    this.#line = line;
    this.#limits = limits;
    this.#dropped = dropped;
    this.#onSlow = onSlow;
  }

  /** Sends or queues a frame whose peer field already names its source. */
  push(frame: Uint8Array, cls: FrameClass, source: number): void {
    const idle = this.#control.length === 0 && this.#bulk.length === 0 && this.#gaps === null;
    if (idle && this.#line.bufferedBytes() < this.#limits.inFlightBytes) this.#write(frame);
    else if (cls === CLASS.control) this.#queueControl(frame);
    else this.#queueBulk(frame, source);
  }

  /** The network has taken what it was given. */
  drained(): void {
    while (this.#control.length > 0 && this.#room()) {
      const frame = this.#control.shift()!;
      this.#controlBytes -= frame.length;
      this.#write(frame);
    }
    while (this.#bulk.length > 0 && this.#room()) {
      const frame = this.#bulk.shift()!;
      this.#bulkBytes -= frame.length;
      this.#write(frame);
    }
    if (this.#bulk.length === 0 && this.#gaps !== null && this.#room()) this.#tellGaps(this.#gaps);
  }

  uncork(): void {
    this.#corked = false;
    this.#line.uncork?.();
  }

  clear(): void {
    this.#control = [];
    this.#bulk = [];
    this.#controlBytes = this.#bulkBytes = 0;
    this.#gaps = null;
  }

  #room(): boolean {
    return this.#line.bufferedBytes() < this.#limits.inFlightBytes;
  }

  #write(frame: Uint8Array): void {
    if (!this.#corked && this.#line.cork) {
      this.#corked = true;
      this.#line.cork();
      if (dirty.push(this) === 1) process.nextTick(flushAll);
    }
    this.#line.send(frame);
  }

  #queueControl(frame: Uint8Array): void {
    if (this.#controlBytes + frame.length > this.#limits.controlQueueBytes) {
      this.clear();
      this.#onSlow();
      return;
    }
    this.#control.push(own(frame));
    this.#controlBytes += frame.length;
  }

  /** Once something was dropped, all later bulk is dropped too until the gap has been told, so that a gap is one hole and not a sieve. */
  #queueBulk(frame: Uint8Array, source: number): void {
    if (this.#gaps === null && this.#bulkBytes + frame.length <= this.#limits.bulkQueueBytes) {
      this.#bulk.push(own(frame));
      this.#bulkBytes += frame.length;
      return;
    }
    this.#gaps ??= new Map();
    const lost = this.#gaps.get(source) ?? { frames: 0, bytes: 0 };
    this.#gaps.set(source, { frames: lost.frames + 1, bytes: lost.bytes + frame.length });
    this.#dropped.frames += 1;
    this.#dropped.bytes += frame.length;
  }

  #tellGaps(gaps: Map<number, DropCount>): void {
    this.#gaps = null;
    for (const [source, lost] of gaps) this.#write(encodeFrame(FRAME.gap, CLASS.control, source, utf8(JSON.stringify(lost))));
  }
}

/** A queued frame must not keep the whole receive buffer alive that it lies in. */
const own = (frame: Uint8Array): Uint8Array => (frame.buffer.byteLength > 2 * frame.length ? concat(frame) : frame);
