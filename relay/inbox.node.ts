/**
 * What one socket receives. Binary frames that came whole are taken here, one view of the received buffer each; everything else (control frames, text, fragments,
 * frames too large or against the protocol, the beginning and the end of one that comes in pieces) goes on to the receiver of `ws`, byte for byte, and is answered
 * there. Measured: half the CPU a frame, for the receiver makes seven views and three events of each.
 */
import type { Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { countReceived } from './memory.node.ts';

/** Private parts of `ws` that have no public name; the tests of limits, closes and faults notice if they move. */
export interface Receiver extends Writable {
  _maxPayload: number;
}
interface Taker {
  receive(frame: Uint8Array): void;
}

const WHOLE_BINARY = 0x82;
const FINAL = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;
const FIRST_CONTROL = 8;

/**
 * One socket's share of a turn of the event loop, bytes: libuv reads 2 MB of it before it looks at the next, and small frames of so many bytes take 15 ms. Only
 * buffers that may be followed by another in the same turn are counted.
 */
const TURN_BYTES = 512 * 1024;
const COUNTED_FROM_BYTES = 16 * 1024;

let turn = 0;
let turnEnds = false;
let waiting: WebSocket[] = [];

function nextTurn(): void {
  turn++;
  turnEnds = false;
  const all = waiting;
  waiting = [];
  for (const ws of all) ws.resume();
}

/** In place (RFC 6455 5.3). `view` is of the whole `bytes`. */
function unmask(bytes: Uint8Array, view: DataView, from: number, to: number, mask: number): void {
  let at = from;
  for (; at + 4 <= to; at += 4) view.setInt32(at, view.getInt32(at) ^ mask);
  for (let shift = 24; at < to; at++, shift -= 8) bytes[at]! ^= mask >>> shift;
}

export class Inbox {
  readonly #ws: WebSocket;
  readonly #receiver: Receiver;
  readonly #taker: Taker;
  readonly #write: (chunk: Buffer) => boolean;
  /** So many bytes of a frame that `ws` has begun are still to come. */
  #owed = 0;
  /** The beginning of a header whose end has not come. */
  #rest: Buffer | null = null;
  /** Between the fragments of a message, where no other may begin. */
  #fragments = false;
  #turn = -1;
  #turnBytes = 0;

  constructor(ws: WebSocket, receiver: Receiver, taker: Taker) {
    this.#ws = ws;
    this.#receiver = receiver;
    this.#taker = taker;
    this.#write = receiver.write;
    receiver.write = (chunk: Buffer) => this.#take(chunk);
  }

  #take(received: Buffer): boolean {
    if (received.length >= COUNTED_FROM_BYTES) this.#count(received.length);
    const bytes = this.#rest === null ? received : Buffer.concat([this.#rest, received]);
    this.#rest = null;
    const { length } = bytes;
    let view: DataView | null = null;
    let at = this.#owed === 0 ? 0 : this.#pass(bytes, 0, this.#owed);
    while (at < length) {
      if (this.#receiver.errored !== null || this.#receiver.writableEnded) return true; // nothing after a fault or a close counts
      const [first, second] = [bytes[at]!, at + 1 < length ? bytes[at + 1]! : -1];
      const masked = (second & MASKED) !== 0;
      let size = second & 0x7f;
      let head = 2;
      if (size === 126) head = 4;
      else if (size === 127) head = 10;
      if (masked) head += MASK_BYTES;
      const from = at + head;
      if (second < 0 || from > length) {
        this.#rest = Buffer.from(bytes.subarray(at));
        return true;
      }
      if (size === 126) size = bytes.readUInt16BE(at + 2);
      else if (size === 127) size = bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
      const to = from + size;
      if (first !== WHOLE_BINARY || !masked || this.#fragments || to > length || size === 0 || size > this.#receiver._maxPayload) {
        if ((first & 0x0f) < FIRST_CONTROL) this.#fragments = (first & FINAL) === 0;
        at = this.#pass(bytes, at, head + size);
        continue;
      }
      const mask = bytes.readInt32BE(from - MASK_BYTES);
      if (mask !== 0) {
        view ??= new DataView(bytes.buffer, bytes.byteOffset, length);
        unmask(bytes, view, from, to, mask);
      }
      at = to;
      this.#taker.receive(bytes.subarray(from, to));
    }
    return true;
  }

  /** Gives `ws` what is here of the next `size` bytes. Returns where that ends. */
  #pass(bytes: Buffer, at: number, size: number): number {
    const to = Math.min(bytes.length, at + size);
    this.#owed = size - (to - at);
    this.#write.call(this.#receiver, bytes.subarray(at, to));
    return to;
  }

  #count(bytes: number): void {
    countReceived(bytes);
    if (this.#turn !== turn) {
      this.#turn = turn;
      this.#turnBytes = 0;
    }
    if (!turnEnds) {
      turnEnds = true;
      setImmediate(nextTurn);
    }
    const before = this.#turnBytes;
    this.#turnBytes += bytes;
    if (before >= TURN_BYTES || this.#turnBytes < TURN_BYTES) return;
    this.#ws.pause();
    waiting.push(this.#ws);
  }
}
