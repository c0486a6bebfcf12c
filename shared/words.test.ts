import { describe, expect, it } from 'vitest';
import { fingerprintWords, generatePhrase } from './words.ts';

describe('words', () => {
  it('make a password of five random words', async () => {
    const [a, b] = [await generatePhrase(), await generatePhrase()];
    expect(a).toMatch(/^[a-z-]+(-[a-z-]+){4,}$/);
    expect(a).not.toBe(b);
  });

  it('show one key as the same six words everywhere, and another as others', async () => {
    const key = new Uint8Array(65).fill(7);
    expect(await fingerprintWords(key)).toEqual(await fingerprintWords(key.slice()));
    expect((await fingerprintWords(key)).join(' ')).toBe('stuffy issue amused headwear unlucky snowman');
    key[64] = 8;
    expect((await fingerprintWords(key)).join(' ')).not.toBe('stuffy issue amused headwear unlucky snowman');
  });
});
