/**
 * Device-token rotation as a pure table (security.md 2.4): at most one live successor, a lost response is healed within the grace, everything
 * else is two holders of one key. The store runs it under the row's lock.
 */
import { type Bytes, equalBytes } from '../../shared/bytes.ts';

/** How long the previous token heals a lost response, and how often, before its successor is first used. */
export const GRACE_MS = 60_000;
export const REPLACEMENTS = 5;
/** Older tokens remembered, so that a restored copy of a device is told from garbage. */
const RETIRED = 16;

export interface TokenState {
  current: Bytes | null;
  /** Known only until `current` is first used: that use moves it to `retired`, which is what ends the grace. */
  previous: Bytes | null;
  /** Earlier tokens, and successors that a lost response made void; whoever shows one has forked the chain. */
  retired: readonly Bytes[];
  generation: number;
  rotatedAtMs: number;
  replacements: number;
}

export type Rotation = { account: string } & Decision;
export type Decision =
  | { outcome: 'rotated'; state: TokenState }
  /** Two holders of one key: quarantine. */
  | { outcome: 'reuse' }
  /** Not used for too long. */
  | { outcome: 'expired' };

const keep = (...hashes: readonly (Bytes | null)[]): Bytes[] => hashes.filter((h) => h !== null).slice(-RETIRED);

/** Null: not a token of this device. `presented` came with a valid proof of the device's key. */
export function rotate(state: TokenState, presented: Bytes, successor: Bytes, nowMs: number, idleMs: number): Decision | null {
  const is = (hash: Bytes | null): boolean => hash !== null && equalBytes(hash, presented);
  if (is(state.current)) {
    if (nowMs - state.rotatedAtMs > idleMs) return { outcome: 'expired' };
    return {
      outcome: 'rotated',
      state: {
        current: successor,
        previous: state.current,
        retired: keep(...state.retired, state.previous),
        generation: state.generation + 1,
        rotatedAtMs: nowMs,
        replacements: 0,
      },
    };
  }
  if (is(state.previous)) {
    if (nowMs - state.rotatedAtMs > GRACE_MS || state.replacements >= REPLACEMENTS) return { outcome: 'reuse' };
    return {
      outcome: 'rotated',
      state: { ...state, current: successor, retired: keep(...state.retired, state.current), replacements: state.replacements + 1 },
    };
  }
  return state.retired.some((hash) => is(hash)) ? { outcome: 'reuse' } : null;
}
