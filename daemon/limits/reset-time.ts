/** When a usage limit ends, from the words an agent shows ("3pm", "2:30 PM (Europe/Berlin)", "in 1 hour 5 minutes", "Oct 7, 1am"). Pure. */

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3600_000, d: 86_400_000 };
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Milliseconds since 1970, or null where the words say no time. `zone`: the machine's own, for times without one. */
export function resetTime(text: string, nowMs: number, zone: string): number | null {
  const iso = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})/.exec(text);
  const given = iso === null ? Number.NaN : Date.parse(iso[0]);
  if (!Number.isNaN(given)) return given;
  return relative(text, nowMs) ?? clock(text, nowMs, zone);
}

/** "in 2h 5m", "1 hour 30 minutes", "45 seconds". */
function relative(text: string, nowMs: number): number | null {
  const parts = [...text.matchAll(/(\d+)\s*(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)(?![a-z])/gi)];
  if (parts.length === 0) return null;
  return nowMs + parts.reduce((sum, part) => sum + Number(part[1]) * UNIT_MS[part[2]![0]!.toLowerCase()]!, 0);
}

function clock(text: string, nowMs: number, zone: string): number | null {
  const time = /\b(\d{1,2})(?::(\d{2}))?\s*([ap])\.?m\.?(?![a-z])|\b(\d{1,2}):(\d{2})\b/i.exec(text);
  if (!time) return null;
  const hour = time[4] !== undefined ? Number(time[4]) : (Number(time[1]) % 12) + (time[3]!.toLowerCase() === 'p' ? 12 : 0);
  const minute = Number(time[2] ?? time[5] ?? 0);
  if (hour > 23 || minute > 59) return null;
  const named = /\(([A-Za-z]+\/[A-Za-z_/+-]+|UTC|GMT)\)/.exec(text)?.[1];
  const where = named && isZone(named) ? named : zone;
  const day = dateIn(text, nowMs, where);
  const at = wallTime(day.year, day.month, day.day, hour, minute, where);
  // Without a date the next such time is meant.
  return day.given || at > nowMs ? at : wallTime(day.year, day.month, day.day + 1, hour, minute, where);
}

function dateIn(text: string, nowMs: number, zone: string): { year: number; month: number; day: number; given: boolean } {
  const today = partsOf(nowMs, zone);
  const named = /\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(\d{1,2})\b/i.exec(text);
  if (!named) return { year: today.year, month: today.month, day: today.day, given: false };
  const month = MONTHS.indexOf(named[1]!.toLowerCase()) + 1;
  // A date that seems long past is next year's.
  const year = month < today.month - 1 ? today.year + 1 : today.year;
  return { year, month, day: Number(named[2]), given: true };
}

/** Is that a time zone's IANA name? */
export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function partsOf(atMs: number, zone: string): { year: number; month: number; day: number; hour: number; minute: number } {
  const text = new Date(atMs).toLocaleString('sv', { timeZone: zone });
  const [year, month, day, hour, minute] = text.split(/[^\d]+/).map(Number);
  return { year: year!, month: month!, day: day!, hour: hour!, minute: minute! };
}

/** The moment at which a wall clock in `zone` shows that time. */
function wallTime(year: number, month: number, day: number, hour: number, minute: number, zone: string): number {
  const wanted = Date.UTC(year, month - 1, day, hour, minute);
  let at = wanted;
  // Twice: the first correction may cross a change of the clock.
  for (let i = 0; i < 2; i++) {
    const shown = partsOf(at, zone);
    at += wanted - Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute);
  }
  return at;
}
