/** Run ids: short enough to type, sorted by start, unguessable is not needed (they never leave the seal). */
import { randomInt } from 'node:crypto';

/** No 0/o, 1/l/i: read aloud and typed at a desk. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/** For example `mi9r2k7c-x4h9tz`: milliseconds in base 36, then about 30 random bits. */
export function newRunId(nowMs = Date.now()): string {
  const time = Math.floor(nowMs).toString(36).padStart(8, '0');
  let tail = '';
  for (let i = 0; i < 6; i++) tail += LETTERS[randomInt(LETTERS.length)];
  return `${time}-${tail}`;
}

export function isRunId(text: string): boolean {
  return /^[0-9a-z]{8,10}-[a-z2-9]{6}$/.test(text);
}
