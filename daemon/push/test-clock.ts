/** A clock by hand, for pushes that wait for minutes and mornings. Not part of the product. */
import type { Clock } from '../questions/watcher.ts';

/** 20:00 UTC on a day without surprises. */
export const EVENING = Date.parse('2026-11-24T20:00:00Z');
export const MIN = 60_000;

/** A clock that stands still until it is told to go, and lets what hangs on it finish at each stop. */
export class HandClock implements Clock {
  #now = EVENING;
  #timers: { atMs: number; callback: () => void }[] = [];
  nowMs = (): number => this.#now;
  at = (atMs: number, callback: () => void): (() => void) => {
    const timer = { atMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer);
    };
  };
  async go(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const next = this.#timers.filter((t) => t.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((t) => t !== next);
      this.#now = Math.max(this.#now, next.atMs);
      next.callback();
    }
    this.#now = end;
  }
}
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
