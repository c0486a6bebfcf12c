/** Long polls that wait for something to happen to a device; in memory only, woken by the store's changes on whichever node they happen. */
export interface Waiters {
  /** Resolves when `device` is woken, or after `ms`; `false` where too many wait already. */
  wait(device: string, ms: number, signal: AbortSignal): Promise<boolean>;
  wake(device: string): void;
  wakeAll(): void;
}

export function createWaiters(limit: number): Waiters {
  const waiting = new Map<string, Set<() => void>>();
  let count = 0;
  const wake = (device: string): void => {
    for (const done of [...(waiting.get(device) ?? [])]) done();
  };
  return {
    wait(device, ms, signal) {
      if (count >= limit) return Promise.resolve(false);
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          const set = waiting.get(device);
          if (!set?.delete(done)) return;
          if (set.size === 0) waiting.delete(device);
          count--;
          resolve(true);
        };
        const timer = setTimeout(done, ms);
        signal.addEventListener('abort', done);
        const set = waiting.get(device) ?? new Set();
        set.add(done);
        waiting.set(device, set);
        count++;
        if (signal.aborted) done();
      });
    },
    wake,
    wakeAll() {
      for (const device of [...waiting.keys()]) wake(device);
    },
  };
}
