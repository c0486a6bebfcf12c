/** Full-jitter backoff: a random wait in (0, min(cap, base · 2ⁿ)], so that clients do not come back all at once. */
export class Backoff {
  #tries = 0;
  readonly #baseMs: number;
  readonly #capMs: number;
  readonly #random: () => number;

  constructor(baseMs = 500, capMs = 30_000, random: () => number = Math.random) {
    this.#baseMs = baseMs;
    this.#capMs = capMs;
    this.#random = random;
  }

  nextMs(): number {
    const ceiling = Math.min(this.#capMs, this.#baseMs * 2 ** Math.min(this.#tries++, 20));
    return Math.max(1, Math.round(ceiling * this.#random()));
  }

  reset(): void {
    this.#tries = 0;
  }
}
