import { describe, expect, it } from 'vitest';
import { Nonces } from './nonce.ts';
import { ReplayGuard } from './replay.ts';

describe('server nonces', () => {
  it('are the same for a minute, taken for the next, and never after', async () => {
    let now = 60_000;
    const nonces = new Nonces(() => now);
    const first = await nonces.current();
    now += 59_999;
    expect(await nonces.current()).toBe(first);
    now += 1;
    expect(await nonces.current()).not.toBe(first);
    expect(await nonces.accepts(first)).toBe(true);
    now += 60_000;
    expect(await nonces.accepts(first)).toBe(false);
    expect(await nonces.accepts('')).toBe(false);
  });

  it('of one relay are worth nothing at another', async () => {
    const [a, b] = [new Nonces(() => 0), new Nonces(() => 0)];
    expect(await b.accepts(await a.current())).toBe(false);
  });
});

describe('used proofs', () => {
  it('are remembered for three minutes, longer than a nonce lives, each key by itself', () => {
    let now = 0;
    const guard = new ReplayGuard(() => now);
    expect(guard.use('a', 'one')).toBe('fresh');
    expect(guard.use('a', 'one')).toBe('replayed');
    expect(guard.use('b', 'one')).toBe('fresh');
    now = 179_999;
    expect(guard.use('a', 'one')).toBe('replayed');
    now = 180_001;
    expect(guard.use('a', 'one')).toBe('fresh');
  });

  it('are never forgotten early: a key with too many is told to slow down', () => {
    let now = 0;
    const guard = new ReplayGuard(() => now);
    for (let i = 0; i < 256; i++) expect(guard.use('a', `id-${i}`)).toBe('fresh');
    expect(guard.use('a', 'one more')).toBe('crowded');
    expect(guard.use('a', 'id-0')).toBe('replayed');
    expect(guard.use('b', 'one more')).toBe('fresh');
    now = 180_001;
    expect(guard.use('a', 'one more')).toBe('fresh');
  });
});
