import { describe, expect, it } from 'vitest';
import { randomBytes, toHex, utf8 } from './bytes.ts';
import {
  checkKdf,
  createSigningKey,
  derivePasswordKeys,
  importPublic,
  KDF_FLOOR,
  type KdfParams,
  normalEmail,
  sign,
  thumbprint,
  unwrapAccountKey,
  verify,
  wrapAccountKey,
} from './keys.ts';

const FLOOR: KdfParams = { algorithm: 'argon2id', ...KDF_FLOOR };

describe('password keys', () => {
  it('give the same result on every device, for any spelling of address and password', async () => {
    const salt = new Uint8Array(16).fill(7);
    const a = await derivePasswordKeys('pa\u0308ss word long', 'Ada@Example.org ', salt, FLOOR);
    const b = await derivePasswordKeys('p\u00e4ss word long', 'ada@example.org', salt, FLOOR);
    expect(toHex(a.auth)).toBe(toHex(b.auth));
    expect(toHex(a.auth)).toBe('68b47797c19a771d5f87d2c4a8d7fe927ff716f083f995e647d29d4327c547f4');
  });

  it('differ between two accounts that share a password and, by a hostile relay, a salt', async () => {
    const salt = randomBytes(16);
    const a = await derivePasswordKeys('correct horse battery', 'a@example.org', salt, FLOOR);
    const b = await derivePasswordKeys('correct horse battery', 'b@example.org', salt, FLOOR);
    expect(toHex(a.auth)).not.toBe(toHex(b.auth));
  });

  it.each([
    ['less memory than the floor', { ...FLOOR, memoryKiB: 8 }],
    ['one iteration', { ...FLOOR, iterations: 1 }],
    ['memory that would stall the client', { ...FLOOR, memoryKiB: 4 * 1024 * 1024 }],
    ['another algorithm', { ...FLOOR, algorithm: 'none' as 'argon2id' }],
  ])('are not derived at all with %s', (_name, kdf) => {
    expect(() => checkKdf(kdf)).toThrowError(expect.objectContaining({ code: 'kdf_out_of_range' }));
  });

  it('normalises addresses so that case twins are one account', () => {
    expect(normalEmail(' ADA@EXAMPLE.org')).toBe('ada@example.org');
  });
});

describe('account key', () => {
  it('opens with the password that sealed it, and its private half cannot be exported', async () => {
    const ask = await createSigningKey(true);
    const { wrap } = await derivePasswordKeys('correct horse battery', 'a@example.org', new Uint8Array(16), FLOOR);
    const opened = await unwrapAccountKey(await wrapAccountKey(ask, wrap, 'account', FLOOR), ask.publicRaw, wrap, 'account', FLOOR);
    const signature = await sign(opened.privateKey, 'ct/list/1', utf8('x'));
    expect(await verify(ask.publicRaw, 'ct/list/1', utf8('x'), signature)).toBe(true);
    await expect(crypto.subtle.exportKey('pkcs8', opened.privateKey)).rejects.toThrow();
  });

  it('does not open under another account, another KDF, or beside another public half', async () => {
    const ask = await createSigningKey(true);
    const other = await createSigningKey(true);
    const { wrap } = await derivePasswordKeys('correct horse battery', 'a@example.org', new Uint8Array(16), FLOOR);
    const wrapped = await wrapAccountKey(ask, wrap, 'account', FLOOR);
    const code = expect.objectContaining({ code: 'list_wrong_account_key' });
    await expect(unwrapAccountKey(wrapped, ask.publicRaw, wrap, 'account2', FLOOR)).rejects.toEqual(code);
    await expect(unwrapAccountKey(wrapped, ask.publicRaw, wrap, 'account', { ...FLOOR, iterations: 3 })).rejects.toEqual(code);
    await expect(unwrapAccountKey(wrapped, other.publicRaw, wrap, 'account', FLOOR)).rejects.toEqual(code);
  });
});

describe('signatures', () => {
  it('made for one purpose verify for no other', async () => {
    const key = await createSigningKey();
    const signature = await sign(key.privateKey, 'ct-ws', utf8('text'));
    expect(await verify(key.publicRaw, 'ct-ws', utf8('text'), signature)).toBe(true);
    expect(await verify(key.publicRaw, 'ct-e2e', utf8('text'), signature)).toBe(false);
  });

  it.each([
    ['too short', 64],
    ['compressed', 33],
    ['not on the curve', 65],
  ])('refuse a public key that is %s', async (_name, length) => {
    const raw = new Uint8Array(length).fill(1);
    raw[0] = 4;
    await expect(importPublic(raw)).rejects.toEqual(expect.objectContaining({ code: 'bad_key' }));
  });

  it('has the RFC 7638 thumbprint of its key as a device id', async () => {
    const { publicRaw } = await createSigningKey();
    const { calculateJwkThumbprint } = await import('jose');
    const jwk = await crypto.subtle.exportKey('jwk', await importPublic(publicRaw));
    expect(await thumbprint(publicRaw)).toBe(await calculateJwkThumbprint(jwk as never));
  });
});
