import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, equalBytes } from '../../shared/bytes.ts';
import { confirmed, type Decision, REPLACEMENTS, rotate, type TokenState, WINDOW_MS } from './rotation.ts';

const IDLE_MS = 90 * 86_400_000;
let made = 0;
const fresh = (): Bytes => {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(0, ++made);
  return hash;
};
const first = (nowMs = 0): TokenState => ({
  current: fresh(),
  previous: null,
  retired: [],
  generation: 1,
  rotatedAtMs: nowMs,
  replacements: 0,
});
const use = (state: TokenState, hash: Bytes, nowMs: number): Decision | null => rotate(state, hash, fresh(), nowMs, IDLE_MS);
function rotated(decision: Decision | null): TokenState {
  if (decision?.outcome !== 'rotated') throw new Error(`not rotated but ${decision?.outcome}`);
  return decision.state;
}

describe('rotation of a device token', () => {
  it('gives the current token a successor of the next generation', () => {
    const state = first();
    const next = rotated(use(state, state.current!, 1000));
    expect(next).toMatchObject({ generation: 2, rotatedAtMs: 1000, replacements: 0 });
    expect(equalBytes(next.previous!, state.current!)).toBe(true);
  });

  it('heals a lost response: the token before gets a replacement, and the successor that was lost is void', () => {
    const a = first();
    const b = rotated(use(a, a.current!, 0));
    const c = rotated(use(b, a.current!, WINDOW_MS));
    expect(c).toMatchObject({ generation: 2, replacements: 1 });
    expect(use(c, b.current!, WINDOW_MS)).toEqual({ outcome: 'reuse' });
    expect(rotated(use(c, c.current!, WINDOW_MS)).generation).toBe(3);
  });

  it('heals at most five lost responses a minute, and asks who loses more to wait', () => {
    const a = first();
    let state = rotated(use(a, a.current!, 0));
    for (let i = 0; i < REPLACEMENTS; i++) state = rotated(use(state, a.current!, 10));
    expect(use(state, a.current!, 10)).toEqual({ outcome: 'crowded', retryAfterS: 61 });
    state = rotated(use(state, a.current!, WINDOW_MS + 1));
    expect(state).toMatchObject({ replacements: 1, rotatedAtMs: WINDOW_MS + 1, generation: 2 });
  });

  it('heals a response that was lost in the evening, in the morning', () => {
    const a = first();
    const b = rotated(use(a, a.current!, 0));
    expect(rotated(use(b, a.current!, 10 * 3_600_000)).generation).toBe(2);
    expect(use(b, a.current!, IDLE_MS + 1)).toEqual({ outcome: 'expired' });
  });

  it('ends the grace at the first use of the session that came with the successor', () => {
    const a = first();
    const b = confirmed(rotated(use(a, a.current!, 0)));
    expect(use(b, a.current!, 1)).toEqual({ outcome: 'reuse' });
    expect(rotated(use(b, b.current!, 1)).generation).toBe(3);
  });

  it('ends the grace at the first use of the successor', () => {
    const a = first();
    const b = rotated(use(a, a.current!, 0));
    const c = rotated(use(b, b.current!, 1));
    expect(use(c, a.current!, 2)).toEqual({ outcome: 'reuse' });
    expect(rotated(use(c, b.current!, 2)).replacements).toBe(1);
  });

  it('sees a fork: two copies of a device that take turns are both found out within one rotation', () => {
    const start = first();
    const genuine = rotated(use(start, start.current!, 0));
    const afterClone = rotated(use(genuine, start.current!, 1)); // the clone replays within the grace
    expect(use(afterClone, genuine.current!, 2)).toEqual({ outcome: 'reuse' });
  });

  it('does not know a token that never was one of this device', () => {
    expect(use(first(), fresh(), 0)).toBeNull();
    expect(use({ ...first(), current: null }, fresh(), 0)).toBeNull();
  });

  it('knows old generations for a while, then as strangers', () => {
    const start = first();
    let state = start;
    for (let i = 0; i < 17; i++) state = rotated(use(state, state.current!, i));
    expect(use(state, start.current!, 20)).toEqual({ outcome: 'reuse' });
    for (let i = 0; i < 3; i++) state = rotated(use(state, state.current!, i));
    expect(use(state, start.current!, 20)).toBeNull();
    expect(state.retired.length).toBeLessThanOrEqual(16);
  });

  it('expires a token that was not used for ninety days, and not a moment before', () => {
    const state = first();
    expect(use(state, state.current!, IDLE_MS + 1)).toEqual({ outcome: 'expired' });
    expect(rotated(use(state, state.current!, IDLE_MS)).generation).toBe(2);
  });

  it('never logs a device out whose responses are lost at random, and never lets a second holder live on', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), fc.nat({ max: 20 }), (lost, thief) => {
        let state = first();
        let held = state.current!;
        let stolen: Bytes | null = null;
        let tries = 0;
        for (const [i, isLost] of lost.entries()) {
          if (i === thief) stolen = held;
          const at = i * (WINDOW_MS / 10);
          const decision = use(state, held, at);
          if (tries >= REPLACEMENTS) break; // more than anyone loses in a minute
          state = rotated(decision);
          if (isLost) tries++;
          else {
            state = confirmed(state);
            held = state.current!;
            tries = 0;
          }
        }
        if (!stolen || equalBytes(stolen, held)) return;
        // The thief's copy is older than the one its owner has used since: never a token again.
        const verdict = use(state, stolen, lost.length * WINDOW_MS);
        expect(verdict === null || verdict.outcome === 'reuse').toBe(true);
      }),
      { seed: 20261124, numRuns: 500 },
    );
  });
});
