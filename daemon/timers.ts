/** What the daemon does by the clock: pruning finished runs, and noticing that the machine slept. */

/** Runs are pruned this often, and first so long after the start: a machine that is never on for an hour has runs too. */
const PRUNE_MS = 3600_000;
const FIRST_PRUNE_MS = 60_000;
/** A wall clock that jumps this far against the monotonic one means that the machine slept. */
const WAKE_MS = 5000;

/** Pruning, and noticing that the machine slept: the line to the relay is then dead without knowing it. */
export function startTimers(prune: () => void, woke: () => void, onTrouble: (error: unknown) => void): () => void {
  const pruneNow = (): void => {
    try {
      prune();
    } catch (error) {
      onTrouble(error);
    }
  };
  const first = setTimeout(pruneNow, FIRST_PRUNE_MS);
  const pruning = setInterval(pruneNow, PRUNE_MS);
  let skew = Date.now() - performance.now();
  const waking = setInterval(() => {
    const now = Date.now() - performance.now();
    if (Math.abs(now - skew) > WAKE_MS) woke();
    skew = now;
  }, 2000);
  first.unref();
  pruning.unref();
  waking.unref();
  return () => {
    clearTimeout(first);
    clearInterval(pruning);
    clearInterval(waking);
  };
}
