import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBase64url, toBase64url, toHex } from './bytes.ts';

test('base64url and hex are those of the runtime, at every length', () => {
  for (const length of [...Array(70).keys(), 24_575, 24_576, 24_577, 100_000]) {
    const bytes = randomFillSync(new Uint8Array(length));
    const text = Buffer.from(bytes).toString('base64url');
    expect(toBase64url(bytes)).toBe(text);
    expect(fromBase64url(text)).toEqual(bytes);
    expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
  }
});

test('base64url that another writer would write otherwise is none', () => {
  const near = fc.string({ unit: fc.constantFrom(...'ABz09-_+/= \n\u{e9}\u{1f600}') });
  fc.assert(
    fc.property(near, (text) => {
      const canonical = Buffer.from(text, 'base64url').toString('base64url') === text;
      expect(fromBase64url(text) !== null).toBe(canonical);
    }),
    { numRuns: 2000 },
  );
});
