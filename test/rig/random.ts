/** Mulberry32: a small seeded generator, so that a run can be repeated from the seed it printed. */
export interface Random {
  readonly seed: number;
  /** A whole number from 0 below `limit`. */
  below(limit: number): number;
  /** True with that chance, 0 to 1. */
  chance(p: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** Hex digits. */
  nonce(length?: number): string;
}

export function seeded(seed: number): Random {
  let a = seed | 0;
  const next = (): number => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    seed,
    below,
    chance: (p) => next() < p,
    pick: (from) => from[below(from.length)]!,
    nonce: (length = 8) => Array.from({ length }, () => below(16).toString(16)).join(''),
  };
}
