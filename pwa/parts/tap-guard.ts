/** A card takes no tap for a moment after it, or what stands above it, has changed: nobody can have read it yet (security.md T-21). */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export const GUARD_MS = 400;

export interface TapGuard {
  /** Taps are ignored now, as far as the rendering knows: for how it looks and what a screen reader says. */
  closed: boolean;
  /** May this tap act? */
  admits(): boolean;
}

/** Ignores taps for `GUARD_MS` after each change of `shown`: everything that moves or rewrites what is guarded. */
export function useTapGuard(shown: string): TapGuard {
  const [openFor, setOpenFor] = useState<string | null>(null);
  const openAtMs = useRef(Number.POSITIVE_INFINITY);
  useLayoutEffect(() => {
    openAtMs.current = performance.now() + GUARD_MS;
    const timer = setTimeout(() => setOpenFor(shown), GUARD_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  return {
    closed: openFor !== shown,
    // The clock decides, not the rendering: a tap that was queued behind a repaint comes late.
    admits: () => openFor === shown && performance.now() >= openAtMs.current,
  };
}
