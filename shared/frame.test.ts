import { describe, expect, it } from 'vitest';
import { utf8 } from './bytes.ts';
import { CLASS, decodeHeader, encodeFrame, FRAME, FRAME_HEADER_BYTES, writePeer } from './frame.ts';

describe('frame', () => {
  it('keeps the documented bytes: version, type, class, peer, payload', () => {
    expect([...encodeFrame(FRAME.data, CLASS.bulk, 0x01020304, utf8('hi'))]).toEqual([1, 16, 1, 1, 2, 3, 4, 104, 105]);
  });

  it('swaps the peer in place and leaves the payload alone', () => {
    const frame = encodeFrame(FRAME.data, CLASS.control, 7, utf8('payload'));
    writePeer(frame, 0xfffffffe);
    expect(decodeHeader(frame)).toEqual({ type: FRAME.data, class: CLASS.control, peer: 0xfffffffe });
    expect([...frame.subarray(FRAME_HEADER_BYTES)]).toEqual([...utf8('payload')]);
  });

  it.each([
    ['nothing', [], 'bad_envelope'],
    ['a header cut short', [1, 16, 0, 0, 0, 0], 'bad_envelope'],
    ['another version', [2, 16, 0, 0, 0, 0, 1], 'upgrade_required'],
    ['an unknown type', [1, 99, 0, 0, 0, 0, 1], 'bad_envelope'],
    ['an unknown class', [1, 16, 2, 0, 0, 0, 1], 'bad_envelope'],
  ])('refuses %s', (_name, bytes, code) => {
    expect(() => decodeHeader(Uint8Array.from(bytes))).toThrowError(expect.objectContaining({ code }));
  });
});
