/**
 * Which proofs were used already: `jti`s per device key for 180 s, longer than any nonce lives. A key that makes more proofs than fit is told to
 * slow down rather than let an old one be forgotten.
 */
const KEEP_MS = 180_000;
const PER_KEY = 256;
/** Keys remembered at once; the oldest quiet one is forgotten first, and none that could still be replayed. */
const KEYS = 50_000;

export class ReplayGuard {
  readonly #nowMs: () => number;
  readonly #keys = new Map<string, Map<string, number>>();

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** Notes the use. `replayed`: seen before. `crowded`: too many proofs to keep apart. */
  use(key: string, jti: string): 'fresh' | 'replayed' | 'crowded' {
    const now = this.#nowMs();
    const seen = this.#keys.get(key) ?? new Map<string, number>();
    this.#keys.delete(key); // re-inserted: the map's order is by last use
    for (const [id, until] of seen) {
      if (until > now) break;
      seen.delete(id);
    }
    if (this.#keys.size >= KEYS) this.#forget(now);
    this.#keys.set(key, seen);
    if (seen.has(jti)) return 'replayed';
    if (seen.size >= PER_KEY || this.#keys.size > KEYS) return 'crowded';
    seen.set(jti, now + KEEP_MS);
    return 'fresh';
  }

  #forget(now: number): void {
    for (const [key, seen] of this.#keys) {
      const newest = [...seen.values()].at(-1) ?? 0;
      if (newest > now) return;
      this.#keys.delete(key);
    }
  }
}
