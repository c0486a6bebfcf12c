import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from './bytes.ts';
import { decodeWire, encodeMessage, encodeOutput } from './wire.ts';

describe('wire', () => {
  it('carries terminal bytes as bytes, with their offset, beyond four gigabytes too', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(0xffffffff), fc.nat(Number.MAX_SAFE_INTEGER), (bytes, stream, offset) => {
        const back = decodeWire(encodeOutput({ stream, offset, bytes }));
        expect(back).toEqual({ kind: 'output', chunk: { stream, offset, bytes } });
      }),
    );
  });

  it('carries a request as it is', () => {
    const message = { t: 'req', id: 7, cmd: 'state.get', args: {} } as const;
    expect(decodeWire(encodeMessage(message))).toEqual({ kind: 'message', message });
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['an unknown kind', Uint8Array.of(9, 1)],
    ['output cut short', Uint8Array.of(1, 0, 0)],
    ['JSON cut short', utf8('\0{"t":"req"')],
    ['invalid UTF-8', Uint8Array.of(0, 0xff, 0xfe)],
    ['a message of no known type', utf8('\0{"t":"what"}')],
    ['a field that nobody knows', utf8('\0{"t":"req","id":1,"cmd":"x","args":{},"grants":["admin"]}')],
  ])('refuses %s', (_name, bytes) => {
    expect(() => decodeWire(bytes)).toThrowError(expect.objectContaining({ code: 'bad_frame' }));
  });
});
