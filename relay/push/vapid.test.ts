import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importJWK, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '../../shared/bytes.ts';
import { createVapid, keptVapidKey } from './vapid.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'clawtab-vapid-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** What a push service does with the header. */
async function read(header: string, audience: string, nowMs: number) {
  const [, jwt = '', k = ''] = /^vapid t=([^,]+), k=(\S+)$/.exec(header) ?? [];
  const point = fromBase64url(k)!;
  const key = await importJWK(
    { kty: 'EC', crv: 'P-256', x: toBase64url(point.subarray(1, 33)), y: toBase64url(point.subarray(33)) },
    'ES256',
  );
  return (await jwtVerify(jwt, key, { audience, currentDate: new Date(nowMs) })).payload;
}

describe('the VAPID key', () => {
  it('is made at the first start, kept for the next, and nobody else may read it', () => {
    const state = join(dir, 'state');
    const first = keptVapidKey(state);
    expect(keptVapidKey(state)).toBe(first);
    expect(statSync(join(state, 'vapid.json')).mode & 0o777).toBe(0o600);
    expect(statSync(state).mode & 0o777).toBe(0o700);
    expect(readdirSync(state)).toEqual(['vapid.json']);
    expect(fromBase64url(first)).toHaveLength(32);
  });

  it('is refused where others can read it, and where the file is damaged, and is left as it is', () => {
    const file = join(dir, 'vapid.json');
    keptVapidKey(dir);
    chmodSync(file, 0o644);
    expect(() => keptVapidKey(dir)).toThrow('can be read by others');
    chmodSync(file, 0o600);
    for (const text of ['', '{', '{"privateKey":"short"}', 'null']) {
      writeFileSync(file, text);
      expect(() => keptVapidKey(dir)).toThrow('is damaged');
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
  });

  it('signs for one push service, for at most 24 hours, in the relay’s name', async () => {
    const now = Date.parse('2026-11-24T12:00:00Z');
    const vapid = await createVapid(keptVapidKey(dir), 'mailto:you@example.org', () => now);
    const header = await vapid.authorization('https://web.push.apple.com');
    const claims = await read(header, 'https://web.push.apple.com', now);
    expect(claims.sub).toBe('mailto:you@example.org');
    expect(claims.exp! - now / 1000).toBeGreaterThan(0);
    expect(claims.exp! - now / 1000).toBeLessThanOrEqual(24 * 3600);
    expect(header).toContain(vapid.publicKey);
    await expect(read(header, 'https://fcm.googleapis.com', now)).rejects.toThrow();
  });

  it('signs anew long before a signature runs out', async () => {
    let now = Date.parse('2026-11-24T12:00:00Z');
    const vapid = await createVapid(keptVapidKey(dir), null, () => now);
    const first = await vapid.authorization('https://a.example');
    expect(await vapid.authorization('https://a.example')).toBe(first);
    now += 11 * 3600_000;
    const later = await vapid.authorization('https://a.example');
    expect(later).not.toBe(first);
    expect((await read(later, 'https://a.example', now)).sub).toBeUndefined();
  });

  it.each(['', 'AAAA', toBase64url(new Uint8Array(32)), toBase64url(new Uint8Array(32).fill(255))])(
    'is refused where the number %j is no P-256 key',
    async (key) => {
      await expect(createVapid(key, null, Date.now)).rejects.toMatchObject({ code: 'config_invalid' });
    },
  );
});
