/**
 * Device-token rotation as a pure table: at most one live successor; a lost response is healed, everything else is two holders of one key. The store runs
 * it under the row's lock. A response has arrived when its token or its session is first used, and the token before is retired with that; no clock
 * decides it, since a phone may lose a response at the mouth of a tunnel and sleep until morning (`verify -- relay`: with a limit of 60 s, hundreds of
 * false alarms in a week).
 */
import { type Bytes, equalBytes } from '../../shared/bytes.ts';

/** Lost responses healed in a window; who loses more waits for the next one. */
export const REPLACEMENTS = 5;
export const WINDOW_MS = 60_000;
/** Older tokens remembered, so that a restored copy of a device is told from garbage. */
const RETIRED = 16;

export interface TokenState {
  current: Bytes | null;
  /** Known only until `current` or its session is first used: that moves it to `retired`, which is what ends the grace. */
  previous: Bytes | null;
  /** Earlier tokens, and successors that a lost response made void; whoever shows one has forked the chain. */
  retired: readonly Bytes[];
  generation: number;
  rotatedAtMs: number;
  /** In this window, which begins with a rotation or with the first replacement after the last one. */
  replacements: number;
}

export type Rotation = { account: string } & Decision;
export type Decision =
  | { outcome: 'rotated'; state: TokenState }
  /** Too many lost responses in this window. */
  | { outcome: 'crowded'; retryAfterS: number }
  /** Two holders of one key: quarantine. */
  | { outcome: 'reuse' }
  /** Not used for too long. */
  | { outcome: 'expired' };

/** The response that carried `current` has arrived. */
export const confirmed = (state: TokenState): TokenState => ({ ...state, previous: null, retired: keep(...state.retired, state.previous) });

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
    const ageMs = nowMs - state.rotatedAtMs;
    if (ageMs > idleMs) return { outcome: 'expired' };
    const window = ageMs > WINDOW_MS ? { rotatedAtMs: nowMs, replacements: 1 } : { replacements: state.replacements + 1 };
    if (window.replacements > REPLACEMENTS) return { outcome: 'crowded', retryAfterS: Math.ceil((WINDOW_MS - ageMs) / 1000) + 1 };
    return { outcome: 'rotated', state: { ...state, ...window, current: successor, retired: keep(...state.retired, state.current) } };
  }
  return state.retired.some((hash) => is(hash)) ? { outcome: 'reuse' } : null;
}
