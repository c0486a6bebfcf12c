/**
 * How protocol messages lie in a byte string: first byte 0 = UTF-8 JSON, 1 = a piece of terminal output as it is (`stream u32 · offset u64 ·
 * bytes`). Used inside the seal and on the daemon's unix socket alike.
 */
import * as v from 'valibot';
import { type Bytes, concat, fromUtf8, utf8 } from './bytes.ts';
import { ClawError } from './errors.ts';
import { type Message, MessageSchema } from './protocol.ts';

export interface OutputChunk {
  stream: number;
  /** Of the first byte, in the run's output. */
  offset: number;
  bytes: Uint8Array;
}
export type Wire = { kind: 'message'; message: Message } | { kind: 'output'; chunk: OutputChunk };

const JSON_KIND = 0;
const OUTPUT_KIND = 1;
const OUTPUT_HEADER_BYTES = 13;

export const encodeMessage = (message: Message): Bytes => concat(Uint8Array.of(JSON_KIND), utf8(JSON.stringify(message)));

export function encodeOutput(chunk: OutputChunk): Bytes {
  const out = new Uint8Array(OUTPUT_HEADER_BYTES + chunk.bytes.length);
  const view = new DataView(out.buffer);
  out[0] = OUTPUT_KIND;
  view.setUint32(1, chunk.stream);
  view.setBigUint64(5, BigInt(chunk.offset));
  out.set(chunk.bytes, OUTPUT_HEADER_BYTES);
  return out;
}

/** Throws `bad_frame` for anything that is neither. */
export function decodeWire(bytes: Uint8Array): Wire {
  if (bytes[0] === OUTPUT_KIND && bytes.length >= OUTPUT_HEADER_BYTES) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return {
      kind: 'output',
      chunk: { stream: view.getUint32(1), offset: Number(view.getBigUint64(5)), bytes: bytes.subarray(OUTPUT_HEADER_BYTES) },
    };
  }
  if (bytes[0] !== JSON_KIND) throw new ClawError('bad_frame', 'The message is neither JSON nor output.');
  try {
    return { kind: 'message', message: v.parse(MessageSchema, JSON.parse(fromUtf8(bytes.subarray(1)))) };
  } catch (cause) {
    throw new ClawError('bad_frame', 'The message does not fit the protocol.', { cause });
  }
}
