import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startTimers } from './timers.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('prunes soon after the start, for machines that are never on for an hour, and then each hour', () => {
  let pruned = 0;
  const troubles: unknown[] = [];
  const stop = startTimers(
    () => {
      if (++pruned === 2) throw new Error('EIO');
    },
    () => undefined,
    (error) => troubles.push(error),
  );
  vi.advanceTimersByTime(5 * 60_000);
  expect(pruned).toBe(1);
  vi.advanceTimersByTime(2 * 3600_000);
  expect(pruned).toBe(3);
  expect(troubles).toHaveLength(1);
  stop();
  vi.advanceTimersByTime(2 * 3600_000);
  expect(pruned).toBe(3);
});
