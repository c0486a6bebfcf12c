import { describe, expect, it } from 'vitest';
import { fromBase64url, toHex } from '../../shared/bytes.ts';
import { hashToken, mintToken, readToken } from './token.ts';

const TYPES = ['device', 'session', 'relay'] as const;

describe('tokens', () => {
  it.each(TYPES)('a %s token says what it is and is recognised', async (type) => {
    const { token, hash } = await mintToken(type);
    expect(token).toMatch(/^ct[dsr]_[A-Za-z0-9_-]{48}$/);
    expect(fromBase64url(token.slice(4))).toHaveLength(36);
    expect(await readToken(token)).toEqual({ type, hash });
    expect(await hashToken(token)).toEqual(hash);
  });

  it('never comes twice', async () => {
    const tokens = await Promise.all(Array.from({ length: 20_000 }, async (_, i) => (await mintToken(TYPES[i % 3]!)).token.slice(4)));
    expect(new Set(tokens).size).toBe(tokens.length);
  });

  it('is worth nothing under another type’s prefix', async () => {
    const { token } = await mintToken('session');
    for (const prefix of ['ctd_', 'ctr_'])
      await expect(readToken(prefix + token.slice(4))).rejects.toMatchObject({ code: 'malformed_token' });
  });

  it('is refused with any one character changed, and with any cut off, without a look at the database', async () => {
    const { token } = await mintToken('device');
    for (let i = 0; i < token.length; i++) {
      const other = token[i] === 'A' ? 'B' : 'A';
      await expect(readToken(token.slice(0, i) + other + token.slice(i + 1))).rejects.toMatchObject({ code: 'malformed_token' });
      await expect(readToken(token.slice(0, i))).rejects.toMatchObject({ code: 'malformed_token' });
    }
  });

  it.each([
    '',
    ' ',
    'ctd_',
    'eyJhbGciOiJub25lIn0.e30.',
    'ctx_'.padEnd(52, 'A'),
    `ctd_${'A'.repeat(48)}`,
    `ctd_${'é'.repeat(48)}`,
    'x'.repeat(1e6),
  ])('refuses what never was one: %.20j', (text) => expect(readToken(text)).rejects.toMatchObject({ code: 'malformed_token' }));

  it('is stored as its SHA-256 only, from which it cannot be shown', async () => {
    const { token, hash } = await mintToken('device');
    expect(hash).toHaveLength(32);
    expect(token).not.toContain(toHex(hash));
    await expect(readToken(`ctd_${toHex(hash).slice(0, 48)}`)).rejects.toMatchObject({ code: 'malformed_token' });
  });
});
