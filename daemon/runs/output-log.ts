/**
 * A run's output, addressed by byte offset: a ring of segment files on disk and the newest bytes in memory. Written by the run's holder
 * only. A disk that refuses never stops the agent: bytes stay in memory as long as they fit, the disk is tried again with the next
 * output, and what was lost is an explicit gap. Nothing here throws after `create`.
 */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { errno } from '../state.ts';
import type { LogState } from './holder-protocol.ts';
import { type LogRead, readSegments, SEGMENT_HEADER_BYTES, type Segment, segmentFile, segmentHeader } from './log-segments.ts';

export const DEFAULT_LOG_LIMIT_BYTES = 16 << 20;
/** Newest output kept in memory: what a client that lags a little reads, and what survives a short disk trouble. */
const TAIL_BYTES = 256 << 10;
/** A disk that has failed is tried again with the next output, but not more often than this. */
const RETRY_MS = 250;

export interface OutputLogOptions {
  dir: string;
  /** All segment files together stay below this. */
  limitBytes?: number;
  tailBytes?: number;
  now?: () => number;
}

export class OutputLog {
  readonly epoch = randomBytes(16).toString('hex');
  readonly #dir: string;
  readonly #limit: number;
  readonly #segmentBytes: number;
  readonly #tail: Buffer;
  readonly #now: () => number;
  #segments: Segment[] = [];
  #fd = -1;
  #end = 0;
  /** Everything before it is on disk or given up. */
  #diskEnd = 0;
  #lost = 0;
  #trouble: string | null = null;
  #triedMs = 0;

  /** The folder must exist; the first file is made with the first byte. */
  constructor(options: OutputLogOptions) {
    this.#dir = options.dir;
    this.#limit = Math.max(options.limitBytes ?? DEFAULT_LOG_LIMIT_BYTES, 256 << 10);
    // A sixteenth: trimming drops at most that much of the history at once.
    this.#segmentBytes = Math.floor(this.#limit / 16);
    this.#tail = Buffer.allocUnsafeSlow(options.tailBytes ?? TAIL_BYTES);
    this.#now = options.now ?? Date.now;
  }

  get end(): number {
    return this.#end;
  }

  get start(): number {
    return this.#segments[0]?.start ?? this.#tailStart;
  }

  get state(): LogState {
    const lostBytes = this.#lost + Math.max(0, this.#tailStart - this.#diskEnd);
    return { epoch: this.epoch, start: this.start, end: this.#end, trouble: this.#trouble, lostBytes };
  }

  get #tailStart(): number {
    return Math.max(0, this.#end - this.#tail.length);
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += this.#tail.length) {
      this.take(bytes.subarray(at, at + this.#tail.length));
      this.store();
    }
  }

  /** The first half of `append`, in memory: from now on it can be read. At most as much as the tail holds before `store` is called. */
  take(bytes: Uint8Array): void {
    const size = this.#tail.length;
    const at = this.#end % size;
    const first = Math.min(bytes.length, size - at);
    this.#tail.set(bytes.subarray(0, first), at);
    if (first < bytes.length) this.#tail.set(bytes.subarray(first), 0);
    this.#end += bytes.length;
  }

  /** The other half: to disk, unless the disk has just refused. */
  store(): void {
    if (this.#trouble === null || this.#now() - this.#triedMs >= RETRY_MS) this.#catchUp();
  }

  /** Bytes from `from` (at most `maxBytes`), or the gap there; null where `from` is the end. */
  read(from: number, maxBytes: number): LogRead | null {
    if (from >= this.#end) return null;
    if (from >= this.#tailStart) return { bytes: this.#fromTail(from, Math.min(maxBytes, this.#end - from)), offset: from };
    return (
      readSegments(this.#segments, from, maxBytes) ?? {
        gap: { from, to: this.#tailStart, why: this.#diskEnd > from ? 'trimmed' : 'write_error' },
      }
    );
  }

  /** One last try to bring everything to disk, then durable. */
  close(): void {
    this.#catchUp();
    if (this.#fd < 0) return;
    try {
      fs.fsyncSync(this.#fd);
    } catch (error) {
      this.#trouble = errno(error);
    }
    fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** A copy, since the ring goes on under it. */
  #fromTail(from: number, length: number): Buffer {
    const out = Buffer.allocUnsafe(length);
    const at = from % this.#tail.length;
    const first = this.#tail.copy(out, 0, at, Math.min(at + length, this.#tail.length));
    if (first < length) this.#tail.copy(out, first, 0, length - first);
    return out;
  }

  /** Writes from memory what the disk does not have yet. */
  #catchUp(): void {
    this.#triedMs = this.#now();
    try {
      while (this.#diskEnd < this.#end) {
        const from = Math.max(this.#diskEnd, this.#tailStart);
        const last = this.#segments.at(-1);
        if (last === undefined || this.#fd < 0 || from !== this.#diskEnd || last.length >= this.#segmentBytes) this.#roll(from);
        this.#writeTo(this.#segments.at(-1)!, from);
      }
      this.#trouble = null;
    } catch (error) {
      this.#trouble = errno(error) || 'EIO';
      // A smaller ring is better than none: give the oldest part back and go on with the next output.
      if (this.#trouble === 'ENOSPC' || this.#trouble === 'EDQUOT') this.#dropOldest(2);
    }
  }

  #writeTo(segment: Segment, from: number): void {
    const length = Math.min(this.#end - from, this.#segmentBytes - segment.length);
    const at = from % this.#tail.length;
    const piece = this.#tail.subarray(at, Math.min(at + length, this.#tail.length));
    // By position: a write that failed half way is written over, not behind.
    const count = fs.writeSync(this.#fd, piece, 0, piece.length, SEGMENT_HEADER_BYTES + segment.length);
    segment.length += count;
    this.#diskEnd = from + count;
  }

  #roll(from: number): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
    this.#trim();
    const gapWhy = from === this.#diskEnd ? '' : 'write_error';
    const file = segmentFile(this.#dir, from);
    const fd = fs.openSync(file, 'w', 0o600);
    try {
      const header = segmentHeader(this.epoch, from, gapWhy);
      if (fs.writeSync(fd, header, 0, header.length, 0) < header.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
    this.#fd = fd;
    this.#lost += from - this.#diskEnd;
    this.#diskEnd = from;
    this.#segments.push({ file, start: from, length: 0, gapWhy });
  }

  #trim(): void {
    const used = () => this.#segments.reduce((sum, segment) => sum + segment.length + SEGMENT_HEADER_BYTES, 0);
    while (this.#segments.length > 1 && used() > this.#limit - this.#segmentBytes - SEGMENT_HEADER_BYTES) this.#dropOldest(1);
  }

  /** Removes the oldest file unless only `keep` are left. */
  #dropOldest(keep: number): void {
    if (this.#segments.length <= keep) return;
    const [oldest] = this.#segments.splice(0, 1);
    try {
      fs.rmSync(oldest!.file, { force: true });
    } catch (error) {
      this.#trouble = errno(error) || 'EIO'; // Read-only: the file stays, the log goes on in memory.
    }
  }
}
