import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '../../shared/protocol.ts';
import { openState, type State } from '../state.ts';
import { resetTime } from './reset-time.ts';
import { Resumes } from './resumes.ts';

const NOW = Date.parse('2026-06-01T10:00:00Z');
const at = (text: string, zone = 'UTC') => {
  const ms = resetTime(text, NOW, zone);
  return ms === null ? null : new Date(ms).toISOString().slice(0, 16);
};

describe('when a limit ends', () => {
  const ROWS: [string, string | null, string?][] = [
    ['3pm', '2026-06-01T15:00'],
    ['3 PM', '2026-06-01T15:00'],
    ['9am', '2026-06-02T09:00'],
    ['12am', '2026-06-02T00:00'],
    ['12pm', '2026-06-01T12:00'],
    ['15:30', '2026-06-01T15:30'],
    ['2:30pm (Europe/Berlin)', '2026-06-01T12:30'],
    ['2:30pm', '2026-06-01T18:30', 'America/New_York'],
    ['Oct 7, 1am (UTC)', '2026-10-07T01:00'],
    ['Jan 2 at 5:00 AM', '2027-01-02T05:00'],
    ['1 hour 5 minutes', '2026-06-01T11:05'],
    ['2h 30m', '2026-06-01T12:30'],
    ['45 seconds', '2026-06-01T10:00'],
    ['3 days', '2026-06-04T10:00'],
    ['2026-06-03T04:05:06Z', '2026-06-03T04:05'],
    ['2026-13-41T04:05:06Z', null],
    ['soon', null],
    ['99:99', null],
    ['', null],
  ];
  it.each(ROWS)('“%s” is %s', (text, expected, zone) => {
    expect(at(text, zone)).toBe(expected);
  });
});

describe('agents that go on by themselves', () => {
  let dir: string;
  let state: State;
  let now: number;
  let run: Run | undefined;
  let typed: string[];
  let notices: string[];
  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-limit-'));
    state = openState({ CLAWTAB_STATE: path.join(dir, 's') });
    now = NOW;
    typed = [];
    notices = [];
    run = { run: 'r', name: 'claude', status: { state: 'limit', text: 'Usage limit reached', resetAt: '3pm' }, lastActivityAt: NOW } as Run;
  });
  afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));
  const open = () =>
    new Resumes({
      state,
      find: () => run,
      type: async (id, text) => typed.push(`${id} ${text}`),
      onChange: () => undefined,
      notice: (_level, text) => notices.push(text),
      nowMs: () => now,
      zone: 'UTC',
      random: () => 0,
    });

  it('type once the limit is over, also when the daemon was restarted meanwhile', async () => {
    expect(open().set('r', 'Pixel', {})).toBe(NOW + 5 * 3600_000 + 15_000);
    now += 5 * 3600_000;
    const again = open();
    await again.tick();
    expect(typed).toEqual([]);
    now += 15_000;
    await again.tick();
    await again.tick();
    expect(typed).toEqual(['r continue']);
    await open().tick();
    expect(typed).toHaveLength(1);
  });

  it('are left alone where they work, ask or have ended', async () => {
    for (const status of [{ state: 'working' }, { state: 'asking' }, { state: 'ended' }] as Run['status'][]) {
      run = { ...run!, status: { state: 'limit', text: '', resetAt: '3pm' } };
      const resumes = open();
      resumes.set('r', 'desk', {});
      now = NOW + 6 * 3600_000;
      run = { ...run!, status };
      await resumes.tick();
      now = NOW;
    }
    expect(typed).toEqual([]);
  });

  it('can be called off, and be given a time and words', async () => {
    const resumes = open();
    resumes.set('r', 'desk', {});
    resumes.cancel('r');
    now += 10 * 3600_000;
    await resumes.tick();
    expect(typed).toEqual([]);
    resumes.set('r', 'desk', { atMs: now + 1000, text: 'go on with the tests' });
    now += 1000;
    await resumes.tick();
    expect(typed).toEqual(['r go on with the tests']);
  });

  it('count from when the agent said it, not from when somebody reads it', () => {
    run = { ...run!, status: { state: 'limit', text: '', resetAt: 'in 2 hours' } };
    now = NOW + 90 * 60_000;
    expect(open().set('r', 'Pixel', {})).toBe(NOW + 2 * 3600_000 + 15_000);
    // Over already: at once, not tomorrow.
    run = { ...run!, status: { state: 'limit', text: '', resetAt: '3pm' } };
    now = NOW + 5 * 3600_000 + 60_000;
    expect(open().set('r', 'Pixel', {})).toBe(now + 15_000);
  });

  it('say so where no time can be read', () => {
    run = { ...run!, status: { state: 'limit', text: 'Limit reached' } };
    expect(() => open().set('r', 'desk', {})).toThrow(expect.objectContaining({ code: 'bad_arguments' }));
    run = undefined;
    expect(() => open().set('r', 'desk', {})).toThrow(expect.objectContaining({ code: 'session_gone' }));
  });
});
