/** What the daemon does by the clock: pruning finished runs, and noticing that the machine slept. */

/** Runs are pruned this often. */
const PRUNE_MS = 3600_000;
/** A wall clock that jumps this far against the monotonic one means that the machine slept. */
const WAKE_MS = 5000;

/** Pruning, and noticing that the machine slept: the line to the relay is then dead without knowing it. */
export function startTimers(prune: () => void, woke: () => void, onTrouble: (error: unknown) => void): () => void {
  const pruning = setInterval(() => {
    try {
      prune();
    } catch (error) {
      onTrouble(error);
    }
  }, PRUNE_MS);
  let skew = Date.now() - performance.now();
  const waking = setInterval(() => {
    const now = Date.now() - performance.now();
    if (Math.abs(now - skew) > WAKE_MS) woke();
    skew = now;
  }, 2000);
  pruning.unref();
  waking.unref();
  return () => {
    clearInterval(pruning);
    clearInterval(waking);
  };
}
