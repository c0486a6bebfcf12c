/** Ages and durations in words, from one clock that ticks for the whole page while somebody looks. */
import { signal } from '@preact/signals';

const TICK_MS = 1_000;

/** This moment, ms; moves once a second while the page is visible. */
export const now = signal(Date.now());
if (typeof document !== 'undefined') {
  setInterval(() => {
    if (document.visibilityState === 'visible') now.value = Date.now();
  }, TICK_MS);
  document.addEventListener('visibilitychange', () => {
    now.value = Date.now();
  });
}

export function ageText(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 5) return 'now';
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}

export function durationText(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const [big, bigUnit, small, smallUnit] =
    s < 3600 ? [Math.floor(s / 60), 'min', s % 60, 's'] : [Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'min'];
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}

/** How long ago, by the machine's clock. */
export function Age({ atMs, skewMs = 0, ago = false }: { atMs: number; skewMs?: number; ago?: boolean }) {
  const local = atMs - skewMs;
  const text = ageText(now.value - local);
  return (
    <time dateTime={new Date(local).toISOString()} title={new Date(local).toLocaleString()}>
      {ago && text !== 'now' ? `${text} ago` : text}
    </time>
  );
}
