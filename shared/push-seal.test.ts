import { describe, expect, it } from 'vitest';
import { randomBytes } from './bytes.ts';
import { openPush, PUSH_PLAIN_BYTES, type PushMessage, sealPush } from './push-seal.ts';

const message: PushMessage = {
  v: 1,
  n: 7,
  exp: 1_800_000_000_000,
  machine: { id: 'm', name: 'desk' },
  kind: 'question',
  tag: 't',
  title: 'Bash command',
  body: 'npm test',
};

describe('the seal of a push', () => {
  it('opens with the same key, raw or as the phone keeps it', async () => {
    const key = randomBytes(32);
    const sealed = await sealPush(key, message);
    expect(await openPush(key, sealed)).toEqual(message);
    const kept = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
    expect(await openPush(kept, sealed)).toEqual(message);
  });

  it('opens neither with another key nor changed', async () => {
    const sealed = await sealPush(randomBytes(32), message);
    expect(await openPush(randomBytes(32), sealed)).toBeNull();
    const key = randomBytes(32);
    const changed = await sealPush(key, message);
    changed[20]! ^= 1;
    expect(await openPush(key, changed)).toBeNull();
  });

  it('does not show how long the words are', async () => {
    const key = randomBytes(32);
    const [a, b] = [await sealPush(key, message), await sealPush(key, { ...message, body: 'rm -rf node_modules && npm ci' })];
    expect(a.length).toBe(b.length);
  });

  it('fits a push service, or says that it does not', async () => {
    await expect(sealPush(randomBytes(32), { ...message, body: 'x'.repeat(PUSH_PLAIN_BYTES) })).rejects.toMatchObject({
      code: 'too_large',
    });
  });
});
