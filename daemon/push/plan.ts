/** When a question is to be told to a phone next: at once, again, or at last in spite of quiet hours. Pure; pushes.ts keeps the time and tells. */
import { type PushWishes, quietUntilMs } from '../../shared/push-wishes.ts';

/** A question that goes away by itself, or is answered at the desk, within this time wakes nobody. */
export const GRACE_MS = 1200;
/** After so many reminders a question has been said often enough. */
export const MAX_REMINDERS = 3;
/** For a phone that hears late questions only and never said how late. */
const LATE_MIN = 10;
const MINUTE_MS = 60_000;

/** What has been told of a question so far. */
export interface Told {
  /** When the daemon learnt of it. */
  sinceMs: number;
  /** When it was told, or seen on that phone's open page. */
  atMs: readonly number[];
  escalated: boolean;
}

export interface Telling {
  atMs: number;
  why: 'asked' | 'reminder' | 'escalated';
}

/** The next time, or null where this phone need hear no more of it. The time may lie in the past: then now. */
export function nextTelling(wishes: PushWishes, told: Told, nowMs: number): Telling | null {
  if (wishes.questions === 'never') return null;
  const tellings: Telling[] = [];
  /** Never in quiet hours: when they end it is told, if it still stands. */
  const calm = (atMs: number): number => quietUntilMs(wishes.quiet, Math.max(atMs, nowMs)) ?? atMs;
  const lastMs = told.atMs.at(-1);
  if (lastMs === undefined) {
    if (wishes.questions === 'now') tellings.push({ atMs: calm(told.sinceMs + GRACE_MS), why: 'asked' });
  } else if (wishes.remindMin > 0 && told.atMs.length <= MAX_REMINDERS)
    tellings.push({ atMs: calm(lastMs + wishes.remindMin * MINUTE_MS), why: 'reminder' });
  const escalateMin = wishes.questions === 'late' ? wishes.escalateMin || LATE_MIN : wishes.escalateMin;
  if (escalateMin > 0 && !told.escalated) tellings.push({ atMs: told.sinceMs + escalateMin * MINUTE_MS, why: 'escalated' });
  return tellings.reduce<Telling | null>((first, t) => (first === null || t.atMs < first.atMs ? t : first), null);
}
