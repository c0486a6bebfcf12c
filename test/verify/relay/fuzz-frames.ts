/**
 * Frames nobody should send, and odd ones that everybody may. Odd ones leave the socket open and their effect is known, so that the fuzzer can check it;
 * broken ones must end it, and mutated ones may do either. Everything comes from the seed.
 */
import { OPCODE, type WireOptions, wireFrame } from '../../../relay/test-socket.ts';
import { utf8 } from '../../../shared/bytes.ts';
import { encodeFrame, FRAME, type FrameType, MAX_FRAME_BYTES } from '../../../shared/frame.ts';
import type { Random } from '../../rig/random.ts';

export interface OddFrame {
  wire: Buffer;
  /** It must come out at the other end. */
  delivered: boolean;
}

export const bytesOf = (random: Random, most: number): Uint8Array<ArrayBuffer> => {
  const out = new Uint8Array(random.below(most + 1));
  for (let i = 0; i < out.length; i++) out[i] = random.below(256);
  return out;
};
const anyPeer = (random: Random): number => random.pick([0, 1, 0xffff_ffff, 0x7fff_ffff, random.below(2 ** 32)]);
const binary = (frame: Uint8Array, options?: WireOptions): Buffer => wireFrame(OPCODE.binary, frame, options);

/** `ws` cuts who asks for more than sixty pongs in one breath; a batch must stay below. */
const PING_BETWEEN = 0.05;

/** In pieces of random sizes, empty ones too, with control frames of the wire in between. */
function fragmented(random: Random, frame: Uint8Array): Buffer {
  const pieces: Buffer[] = [];
  const cuts = Array.from({ length: 1 + random.below(12) }, () => random.below(frame.length + 1)).sort((a, b) => a - b);
  const ends = [...cuts, frame.length];
  let from = 0;
  for (const [i, to] of ends.entries()) {
    const opcode = i === 0 ? OPCODE.binary : OPCODE.continuation;
    pieces.push(wireFrame(opcode, frame.subarray(from, to), { fin: i === ends.length - 1 }));
    if (i < ends.length - 1 && random.chance(PING_BETWEEN)) pieces.push(wireFrame(OPCODE.ping, bytesOf(random, 125)));
    from = to;
  }
  return Buffer.concat(pieces);
}

const ODD: readonly [weight: number, make: (random: Random, peer: number, payload: number) => OddFrame][] = [
  [8, (r, peer, n) => ({ wire: binary(data(r, peer, 1 + r.below(n))), delivered: true })],
  [1, (r, peer) => ({ wire: binary(data(r, peer, 1 + r.below(20_000))), delivered: true })],
  [2, (r, peer, n) => ({ wire: fragmented(r, data(r, peer, 1 + r.below(n))), delivered: true })],
  [2, (r, _peer, n) => ({ wire: binary(data(r, anyPeer(r), 1 + r.below(n))), delivered: false })],
  [2, (r) => ({ wire: binary(encodeFrame(FRAME.ping, r.pick([0, 1]), anyPeer(r), bytesOf(r, 125))), delivered: false })],
  [1, (r, _peer, n) => ({ wire: binary(encodeFrame(FRAME.pong, r.pick([0, 1]), anyPeer(r), bytesOf(r, n))), delivered: false })],
  [1, (r) => ({ wire: wireFrame(OPCODE.ping, bytesOf(r, 125)), delivered: false })],
  [1, (r) => ({ wire: wireFrame(OPCODE.pong, bytesOf(r, 125)), delivered: false })],
];
const ODD_WEIGHT = ODD.reduce((sum, [weight]) => sum + weight, 0);

/** A payload whose bytes are random where it matters: at its ends. */
function data(random: Random, peer: number, length: number): Uint8Array {
  const payload = new Uint8Array(length).fill(random.below(256));
  for (let i = 0; i < Math.min(16, length); i++) payload[random.chance(0.5) ? i : length - 1 - i] = random.below(256);
  return encodeFrame(FRAME.data, random.pick([0, 1]), peer, payload);
}

/** A frame that an open socket may send, however odd. */
export function oddFrame(random: Random, peer: number): OddFrame {
  let at = random.below(ODD_WEIGHT);
  for (const [weight, make] of ODD) {
    if (at < weight) return make(random, peer, 200);
    at -= weight;
  }
  throw new Error('weights');
}

const SAMPLES = (peer: number): Uint8Array[] => [
  encodeFrame(FRAME.data, 0, peer, utf8('some text')),
  encodeFrame(FRAME.ping, 0, 0, utf8('x')),
  encodeFrame(FRAME.renew, 0, 0, utf8('{"relayToken":"ctr_AAAA","sig":"AAAA"}')),
  encodeFrame(FRAME.hello, 0, 0, utf8('{"relayToken":"ctr_AAAA","kid":"k","sig":"AAAA","version":1}')),
];

function mutated(random: Random, sample: Uint8Array): Uint8Array {
  const out = Buffer.from(sample);
  for (let i = 1 + random.below(4); i > 0; i--) {
    const at = random.below(out.length);
    out[at] = random.chance(0.5) ? random.below(256) : out[at]! ^ (1 << random.below(8));
  }
  return random.chance(0.2) ? out.subarray(0, random.below(out.length + 1)) : out;
}

/** Hellos and renewals as JSON that is not quite theirs. */
function almostJson(random: Random): string {
  const value = (): unknown =>
    random.pick<unknown>([
      null,
      0,
      -1,
      1e308,
      '',
      'x',
      '\u0000',
      '‮',
      'ctr_'.padEnd(50, 'A'),
      [],
      {},
      true,
      random.nonce(64),
      'A'.repeat(3000),
    ]);
  const body: Record<string, unknown> = {};
  for (const field of ['relayToken', 'kid', 'sig', 'version', '__proto__', 'constructor', 'x'])
    if (random.chance(0.6)) body[field] = value();
  const text = JSON.stringify(random.chance(0.1) ? value() : body);
  return random.chance(0.3) ? text.slice(0, random.below(text.length)) : text;
}

/** What an authenticated socket must not send: each ends it. */
export function brokenFrame(random: Random): Buffer {
  const type = (of: number): Buffer => binary(encodeFrame(of as FrameType, 0, 0, bytesOf(random, 40)));
  return random.pick<() => Buffer>([
    () => type(random.pick([FRAME.challenge, FRAME.welcome, FRAME.renewed, FRAME.presence, FRAME.error, FRAME.drain, FRAME.gap])),
    () => type(random.pick([0, 12, 13, 14, 15, 17, 127, 128, 255])),
    () => binary(encodeFrame(FRAME.hello, 0, 0, utf8(almostJson(random)))),
    () => binary(encodeFrame(FRAME.renew, 0, 0, utf8(almostJson(random)))),
    () => binary(encodeFrame(FRAME.data, 0, anyPeer(random), new Uint8Array(0))),
    () => binary(encodeFrame(FRAME.ping, 0, 0, new Uint8Array(126 + random.below(2000)))),
    () => binary(encodeFrame(FRAME.data, (2 + random.below(254)) as 0, anyPeer(random), bytesOf(random, 40))),
    () => binary(bytesOf(random, 6)),
    () => wireFrame(OPCODE.text, bytesOf(random, 100)),
    () => wireFrame(random.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), bytesOf(random, 100)),
    () => binary(bytesOf(random, 100), { rsv: 1 + random.below(7) }),
    () => binary(bytesOf(random, 100), { masked: false }),
    () => wireFrame(OPCODE.continuation, bytesOf(random, 100)),
    () => wireFrame(OPCODE.ping, new Uint8Array(126)),
    () => wireFrame(OPCODE.ping, bytesOf(random, 50), { fin: false }),
    () =>
      wireFrame(OPCODE.close, random.pick([Uint8Array.of(3), Uint8Array.of(0, 1), Uint8Array.of(3, 238), Uint8Array.of(3, 232, 255, 255)])),
    () => binary(new Uint8Array(8), { length: Buffer.of(127, 0, 0, 0, 0, 0, 1 + random.below(255), 0, 0) }),
    () => binary(new Uint8Array(8), { length: Buffer.of(127, 128 + random.below(128), 0, 0, 0, 0, 0, 0, 8) }),
    () => binary(encodeFrame(FRAME.data, 0, 1, new Uint8Array(MAX_FRAME_BYTES.daemon))),
    () => Buffer.concat([wireFrame(OPCODE.binary, Uint8Array.of(1), { fin: false }), wireFrame(OPCODE.binary, Uint8Array.of(1))]),
    () =>
      Buffer.concat([
        wireFrame(OPCODE.binary, Uint8Array.of(1), { fin: false }),
        ...Array.from({ length: 70 }, () => wireFrame(OPCODE.continuation, Uint8Array.of(1), { fin: false })),
      ]),
  ])();
}

/** Anything at all. What the relay makes of it is open, but for that it lives. */
export function mutatedFrame(random: Random, peer: number): Buffer {
  const sample = random.pick(SAMPLES(peer));
  return random.pick<() => Buffer>([
    () => binary(mutated(random, sample)),
    () => Buffer.from(mutated(random, binary(sample))),
    () => Buffer.from(bytesOf(random, 200)),
    () => binary(bytesOf(random, 200)),
  ])();
}

/** The first thing said on a socket that has not said hello. */
export function firstFrame(random: Random): Buffer {
  return random.pick<() => Buffer>([
    () => binary(encodeFrame(FRAME.hello, 0, 0, utf8(almostJson(random)))),
    () => binary(oddFrame(random, anyPeer(random)).wire.subarray(0, 4000)),
    () => brokenFrame(random),
    () => mutatedFrame(random, 1),
    () => binary(encodeFrame(FRAME.hello, 0, 0, bytesOf(random, 4000))),
  ])();
}
