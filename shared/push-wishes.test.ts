import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { DEFAULT_WISHES, PushWishesSchema, quietUntilMs } from './push-wishes.ts';

const at = (iso: string): number => Date.parse(iso);
const until = (fromMin: number, toMin: number, timeZone: string, iso: string): string | null => {
  const end = quietUntilMs({ fromMin, toMin, timeZone }, at(iso));
  return end === null ? null : new Date(end).toISOString();
};

describe('quiet hours', () => {
  it.each([
    ['before them', 22 * 60, 7 * 60, 'UTC', '2026-11-24T21:59:59Z', null],
    ['from their first minute', 22 * 60, 7 * 60, 'UTC', '2026-11-24T22:00:00Z', '2026-11-25T07:00:00.000Z'],
    ['past midnight', 22 * 60, 7 * 60, 'UTC', '2026-11-25T03:30:15Z', '2026-11-25T07:00:00.000Z'],
    ['to their last minute', 22 * 60, 7 * 60, 'UTC', '2026-11-25T06:59:59Z', '2026-11-25T07:00:00.000Z'],
    ['after them', 22 * 60, 7 * 60, 'UTC', '2026-11-25T07:00:00Z', null],
    ['at midday', 12 * 60, 13 * 60, 'UTC', '2026-11-24T12:30:00Z', '2026-11-24T13:00:00.000Z'],
    ['none of no length', 60, 60, 'UTC', '2026-11-24T01:00:00Z', null],
    ['in the phone’s own zone', 22 * 60, 7 * 60, 'Asia/Kolkata', '2026-11-24T17:00:00Z', '2026-11-25T01:30:00.000Z'],
    ['of another day there', 22 * 60, 7 * 60, 'Pacific/Auckland', '2026-11-24T17:30:00Z', '2026-11-24T18:00:00.000Z'],
  ])('%s', (_what, fromMin, toMin, zone, iso, expected) => expect(until(fromMin, toMin, zone, iso)).toBe(expected));

  it('are seen again after the clocks were put back: the end comes an hour early, and is then still quiet', () => {
    // Berlin, 25 October 2026: 03:00 becomes 02:00.
    const first = until(22 * 60, 7 * 60, 'Europe/Berlin', '2026-10-24T22:00:00Z');
    expect(first).toBe('2026-10-25T05:00:00.000Z');
    expect(until(22 * 60, 7 * 60, 'Europe/Berlin', first!)).toBe('2026-10-25T06:00:00.000Z');
    expect(until(22 * 60, 7 * 60, 'Europe/Berlin', '2026-10-25T06:00:00Z')).toBeNull();
  });
});

describe('wishes', () => {
  it.each([
    ['the defaults', DEFAULT_WISHES, true],
    ['with quiet hours', { ...DEFAULT_WISHES, quiet: { fromMin: 0, toMin: 420, timeZone: 'Europe/Berlin' } }, true],
    ['in a zone that is none', { ...DEFAULT_WISHES, quiet: { fromMin: 0, toMin: 420, timeZone: 'Mars/Olympus' } }, false],
    ['with a minute that is none', { ...DEFAULT_WISHES, quiet: { fromMin: 0, toMin: 1440, timeZone: 'UTC' } }, false],
    ['with half a minute', { ...DEFAULT_WISHES, remindMin: 0.5 }, false],
    ['with something more', { ...DEFAULT_WISHES, volume: 11 }, false],
  ])('%s', (_what, wishes, good) => expect(v.safeParse(PushWishesSchema, wishes).success).toBe(good));
});
