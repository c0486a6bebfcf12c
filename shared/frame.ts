/**
 * The frame: the only thing that the relay reads. `version u8 · type u8 · class u8 · peer u32 · payload`. Going up, `peer` is the
 * destination connection; going down the relay has put the source there, in place. The payload of DATA is sealed; the other
 * types carry small JSON between a client and the relay.
 */
import { ClawError } from './errors.ts';
import { FRAME_VERSION } from './version.ts';

export const FRAME_HEADER_BYTES = 7;

export const FRAME = {
  challenge: 1,
  hello: 2,
  welcome: 3,
  renew: 4,
  renewed: 5,
  presence: 6,
  error: 7,
  drain: 8,
  /** The relay dropped bulk frames from `peer`: `{frames, bytes}`. */
  gap: 9,
  /** Client → relay → client round trip, payload echoed: how a client learns that its link is alive. */
  ping: 10,
  pong: 11,
  data: 16,
} as const;
export type FrameType = (typeof FRAME)[keyof typeof FRAME];
const TYPES: ReadonlySet<number> = new Set(Object.values(FRAME));

/** Control goes first and is never dropped; bulk may be dropped to an explicit gap. */
export const CLASS = { control: 0, bulk: 1 } as const;
export type FrameClass = (typeof CLASS)[keyof typeof CLASS];

/** Largest frame a client of each kind may send, header included, bytes. */
export const MAX_FRAME_BYTES = { daemon: 256 * 1024, phone: 64 * 1024, hello: 4 * 1024 } as const;

export interface FrameHeader {
  type: FrameType;
  class: FrameClass;
  peer: number;
}

export function encodeFrame(type: FrameType, cls: FrameClass, peer: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  out[0] = FRAME_VERSION;
  out[1] = type;
  out[2] = cls;
  writePeer(out, peer);
  out.set(payload, FRAME_HEADER_BYTES);
  return out;
}

/** Header of a frame; the payload is `frame.subarray(FRAME_HEADER_BYTES)`. Throws `upgrade_required` or `bad_envelope: why`. */
export function decodeHeader(frame: Uint8Array): FrameHeader {
  if (frame.length < FRAME_HEADER_BYTES)
    throw new ClawError('bad_envelope', `bad_envelope: ${frame.length} bytes, a header has ${FRAME_HEADER_BYTES}.`);
  const version = frame[0]!;
  const type = frame[1]!;
  const cls = frame[2]!;
  if (version !== FRAME_VERSION)
    throw new ClawError('upgrade_required', `Frame version ${version} is not spoken here; this end speaks ${FRAME_VERSION}.`);
  if (!TYPES.has(type)) throw new ClawError('bad_envelope', `bad_envelope: unknown frame type ${type}.`);
  if (cls !== CLASS.control && cls !== CLASS.bulk) throw new ClawError('bad_envelope', `bad_envelope: unknown class ${cls}.`);
  return { type: type as FrameType, class: cls, peer: readPeer(frame) };
}

export function readPeer(frame: Uint8Array): number {
  return ((frame[3]! << 24) | (frame[4]! << 16) | (frame[5]! << 8) | frame[6]!) >>> 0;
}

/** Swaps destination for source in place: all that the relay ever changes in a frame. */
export function writePeer(frame: Uint8Array, peer: number): void {
  frame[3] = peer >>> 24;
  frame[4] = peer >>> 16;
  frame[5] = peer >>> 8;
  frame[6] = peer;
}
