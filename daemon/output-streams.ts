/**
 * The output streams of one connection: bytes by offset, within the credit that the viewer gave, gaps told, never a byte skipped in silence.
 * Each stream has its own reading place at the source, so that a slow viewer costs itself only. Reading is the source's.
 */
import { ClawError } from '../shared/errors.ts';
import type { EventOf, ProtocolEvent } from '../shared/protocol.ts';
import type { OutputChunk } from '../shared/wire.ts';

/** Where a reading place stands and what has been there so far. */
export interface OutputTap {
  epoch: string;
  /** First offset that can still be read, and one past the last, when it was opened. */
  start: number;
  end: number;
  /** The first offset that will be delivered. */
  from: number;
  pause(): void;
  resume(): void;
  close(): void;
}

export interface TapEvents {
  data(offset: number, bytes: Uint8Array): void;
  gap(from: number, to: number, why: EventOf<'gap'>['why']): void;
  /** The run has ended and everything has been delivered. */
  end(offset: number): void;
  /** The source failed; the viewer may subscribe again from where it is. */
  lost(): void;
}

export interface OutputSource {
  /** Opens a reading place, paused. Throws `session_gone`, `bad_offset`. */
  tap(run: string, from: { epoch?: string; offset?: number }, events: TapEvents): Promise<OutputTap>;
}

interface Stream {
  tap: OutputTap | null;
  credit: number;
  /** Bytes read but not yet covered by credit, and what comes behind them, in order; the tap is paused while there are any. */
  held: ({ offset: number; bytes: Uint8Array } | (() => void))[];
  next: number;
}

export interface StreamSink {
  maxChunkBytes: number;
  chunk(chunk: OutputChunk): void;
  event(event: ProtocolEvent): void;
}

const MAX_STREAMS = 16;
/** Credit a viewer can pile up. */
const MAX_CREDIT = 4 << 20;

export class OutputStreams {
  readonly #source: OutputSource;
  readonly #sink: StreamSink;
  readonly #streams = new Map<number, Stream>();
  #count = 0;
  #closed = false;

  constructor(source: OutputSource, sink: StreamSink) {
    this.#source = source;
    this.#sink = sink;
  }

  /** Opens a stream; its chunks follow the reply that carries the result. */
  async open(args: { run: string; epoch?: string | undefined; from?: number | undefined; creditBytes: number }) {
    if (this.#streams.size >= MAX_STREAMS) throw new ClawError('busy', `A connection may read ${MAX_STREAMS} outputs at once.`);
    if (args.from !== undefined && (!Number.isSafeInteger(args.from) || args.from < 0))
      throw new ClawError('bad_offset', 'The offset must be a whole number from 0.');
    const id = ++this.#count;
    const stream: Stream = { tap: null, credit: args.creditBytes, held: [], next: 0 };
    this.#streams.set(id, stream);
    try {
      const place = {
        ...(args.epoch === undefined ? {} : { epoch: args.epoch }),
        ...(args.from === undefined ? {} : { offset: args.from }),
      };
      const tap = await this.#source.tap(args.run, place, this.#events(id, stream));
      if (this.#closed || !this.#streams.has(id)) {
        tap.close();
        throw new ClawError('session_gone', 'The connection ended.');
      }
      stream.tap = tap;
      stream.next = tap.from;
      // After the reply: the viewer must know the stream before its first byte.
      setImmediate(() => this.#flow(id, stream));
      return { stream: id, epoch: tap.epoch, start: tap.start, end: tap.end, from: tap.from };
    } catch (error) {
      this.#streams.delete(id);
      throw error;
    }
  }

  credit(id: number, bytes: number): void {
    const stream = this.#streams.get(id);
    // A stream that ended a moment ago may still get credit: nothing to do, nothing wrong.
    if (!stream) return;
    stream.credit = Math.min(MAX_CREDIT, stream.credit + bytes);
    this.#flow(id, stream);
  }

  closeStream(id: number): void {
    this.#streams.get(id)?.tap?.close();
    this.#streams.delete(id);
  }

  close(): void {
    this.#closed = true;
    for (const id of [...this.#streams.keys()]) this.closeStream(id);
  }

  #events(id: number, stream: Stream): TapEvents {
    const inOrder = (task: () => void): void => {
      stream.held.push(task);
      this.#flow(id, stream);
    };
    return {
      data: (offset, bytes) => {
        stream.held.push({ offset, bytes });
        this.#flow(id, stream);
      },
      gap: (from, to, why) => inOrder(() => this.#gap(id, stream, from, to, why)),
      end: (offset) =>
        inOrder(() => {
          this.#sink.event({ event: 'stream.end', data: { stream: id, end: offset } });
          this.closeStream(id);
        }),
      lost: () =>
        inOrder(() => {
          this.#gap(id, stream, stream.next, stream.next, 'lost');
          this.closeStream(id);
        }),
    };
  }

  #gap(id: number, stream: Stream, from: number, to: number, why: EventOf<'gap'>['why']): void {
    stream.next = to;
    this.#sink.event({ event: 'gap', data: { stream: id, from, to, why } });
  }

  #flow(id: number, stream: Stream): void {
    if (!stream.tap || !this.#streams.has(id)) return;
    for (let first = stream.held[0]; first !== undefined; first = stream.held[0]) {
      if (typeof first === 'function') {
        stream.held.shift();
        first();
        if (!this.#streams.has(id)) return;
        continue;
      }
      if (stream.credit === 0) break;
      const length = Math.min(first.bytes.length, stream.credit, this.#sink.maxChunkBytes);
      this.#sink.chunk({ stream: id, offset: first.offset, bytes: first.bytes.subarray(0, length) });
      stream.credit -= length;
      stream.next = first.offset + length;
      if (length === first.bytes.length) stream.held.shift();
      else stream.held[0] = { offset: first.offset + length, bytes: first.bytes.subarray(length) };
    }
    if (stream.held.length > 0 || stream.credit === 0) stream.tap.pause();
    else stream.tap.resume();
  }
}
