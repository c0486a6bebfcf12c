import { expect, test } from 'vitest';
import { createSigningKey, sign, verify } from '../../shared/keys.ts';
import { publicKeyOf, verifyNow } from './signature.ts';

const message = new TextEncoder().encode('nonce and token');

test('takes what WebCrypto signed, and nothing that WebCrypto would not take', async () => {
  const [key, other] = await Promise.all([createSigningKey(), createSigningKey()]);
  const good = await sign(key.privateKey, 'ct-ws', message);
  expect(verifyNow(publicKeyOf(key.publicRaw), 'ct-ws', message, good)).toBe(true);
  const flipped = good.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
  const cases = [
    [other.publicRaw, 'ct-ws', message, good],
    [key.publicRaw, 'ct-e2e', message, good],
    [key.publicRaw, 'ct-ws', message.slice(1), good],
    [key.publicRaw, 'ct-ws', message, flipped],
    [key.publicRaw, 'ct-ws', message, good.slice(0, 63)],
    [key.publicRaw, 'ct-ws', message, new Uint8Array(64)],
    [key.publicRaw, 'ct-ws', message, new Uint8Array(0)],
  ] as const;
  for (const [publicRaw, purpose, text, signature] of cases) {
    expect(verifyNow(publicKeyOf(publicRaw), purpose, text, signature)).toBe(false);
    expect(await verify(publicRaw, purpose, text, signature)).toBe(false);
  }
});

test.each([
  ['too short', new Uint8Array(64)],
  ['compressed', Uint8Array.of(2, ...new Uint8Array(64))],
  ['off the curve', Uint8Array.of(4, ...new Uint8Array(64).fill(7))],
])('a public key that is %s is named as such', (_why, publicRaw) => {
  expect(() => publicKeyOf(publicRaw)).toThrow(expect.objectContaining({ code: 'bad_key' }));
});
