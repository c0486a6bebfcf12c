/**
 * What a phone wants to hear, and when; and how it hears. Set on the phone, kept and obeyed by each daemon, which knows the time while the phone sleeps.
 * Owns the schemas, the defaults and the arithmetic of quiet hours; what is pushed is the daemon's. Pure.
 */
import * as v from 'valibot';

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const DAY_MIN = 1440;
const Minutes = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(DAY_MIN));
const MinuteOfDay = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(DAY_MIN - 1));

export const QuietHoursSchema = v.strictObject({
  /** Minutes after midnight; past midnight where `toMin` is smaller. */
  fromMin: MinuteOfDay,
  toMin: MinuteOfDay,
  /** The phone's: the machine may stand elsewhere. */
  timeZone: v.pipe(v.string(), v.maxLength(64), v.check(isTimeZone, 'no such time zone')),
});
export type QuietHours = v.InferOutput<typeof QuietHoursSchema>;

export const PushWishesSchema = v.strictObject({
  /** `late`: only what nobody has answered for `escalateMin`, as a second phone would want it. */
  questions: v.picklist(['now', 'late', 'never']),
  /** An agent waits for its next prompt. */
  ready: v.boolean(),
  completed: v.boolean(),
  failed: v.boolean(),
  /** A question that still stands is told again after this; 0: never. */
  remindMin: Minutes,
  /** A question that nobody has answered for this long is told in quiet hours, and to phones that hear late ones only; 0: never. */
  escalateMin: Minutes,
  quiet: v.optional(QuietHoursSchema),
});
export type PushWishes = v.InferOutput<typeof PushWishesSchema>;

export const DEFAULT_WISHES: PushWishes = {
  questions: 'now',
  ready: true,
  completed: true,
  failed: true,
  remindMin: 15,
  escalateMin: 0,
};

/** When a push last went to a phone and was last shown, and how many since were not. `deaf`: too many for too long. */
export const HearingSchema = v.strictObject({
  id: v.string(),
  name: v.optional(v.string()),
  self: v.boolean(),
  /** Milliseconds since 1970, the machine's clock. */
  sentAt: v.optional(v.number()),
  shownAt: v.optional(v.number()),
  unheard: v.number(),
  deaf: v.boolean(),
});
export type Hearing = v.InferOutput<typeof HearingSchema>;

const MINUTE_MS = 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function minuteOfDay(nowMs: number, timeZone: string): number {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en', { timeZone, hour: 'numeric', minute: 'numeric', hourCycle: 'h23' });
  formats.set(timeZone, format);
  const part = (type: string): number => Number(format.formatToParts(nowMs).find((p) => p.type === type)?.value ?? 0);
  return part('hour') * 60 + part('minute');
}

/** When the quiet that reigns at `nowMs` ends, or null where there is none. A change of the clocks on the way is seen by asking again then. */
export function quietUntilMs(quiet: QuietHours | undefined, nowMs: number): number | null {
  if (!quiet || quiet.fromMin === quiet.toMin) return null;
  const minute = minuteOfDay(nowMs, quiet.timeZone);
  const { fromMin, toMin } = quiet;
  const inside = fromMin < toMin ? minute >= fromMin && minute < toMin : minute >= fromMin || minute < toMin;
  if (!inside) return null;
  const leftMin = (toMin - minute + DAY_MIN) % DAY_MIN;
  return Math.floor(nowMs / MINUTE_MS) * MINUTE_MS + leftMin * MINUTE_MS;
}
