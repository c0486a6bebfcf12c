import { describe, expect, it } from 'vitest';
import type { Job } from '../../shared/protocol.ts';
import { checkSchedule, MISSED_COUNTED, nextDue, type Remembered, Scheduler } from './schedule.ts';

const DAY = 86_400_000;
const HOUR = 3600_000;
const MINUTE = 60_000;
const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'];

/** A clock that moves when told. `sleep` moves it without anybody noticing until it is over. */
class FakeTime {
  now: number;
  #timers: { atMs: number; task: () => void }[] = [];
  constructor(start: string) {
    this.now = Date.parse(start);
  }
  readonly nowMs = (): number => this.now;
  readonly wait = (ms: number, task: () => void): (() => void) => {
    const timer = { atMs: this.now + ms, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.#timers.sort((a, b) => a.atMs - b.atMs)[0];
      if (!next || next.atMs > end) break;
      this.#timers.shift();
      this.now = Math.max(this.now, next.atMs);
      next.task();
    }
    this.now = end;
  }
  sleep(ms: number): void {
    this.now += ms;
    this.advance(0);
  }
  /** Somebody set the clock; timers go on by the monotonic one. */
  step(ms: number): void {
    this.now += ms;
    for (const timer of this.#timers) timer.atMs += ms;
  }
}

const job = (cron: string, more: Partial<NonNullable<Job['schedule']>> = {}, name = 'j'): Job => ({
  name,
  type: 'command',
  command: ['true'],
  cwd: '/',
  schedule: { cron, ...more },
});

function watch(time: FakeTime, jobs: Job[], remembered: ReadonlyMap<string, Remembered> = new Map()) {
  const runs: { job: string; atMs: number; missed: number; startedMs: number }[] = [];
  const missed = new Map<string, number>();
  let plan = remembered;
  const scheduler = new Scheduler({
    remembered,
    remember: (now) => {
      plan = now;
    },
    onDue: (due) => runs.push({ ...due, startedMs: time.now }),
    onMissed: (name, count) => missed.set(name, (missed.get(name) ?? 0) + count),
    ...time,
    nowMs: time.nowMs,
    wait: time.wait,
  });
  scheduler.set(jobs);
  return { scheduler, runs, missed, plan: () => plan };
}

const localDay = (atMs: number, zone: string): string => new Date(atMs).toLocaleDateString('sv', { timeZone: zone });

describe('a schedule', () => {
  it.each(ZONES)('runs a nightly job once on each local day of a year with both changes of the clock, in %s', (timeZone) => {
    const time = new FakeTime('2026-01-01T12:00:00Z');
    const { runs, missed } = watch(time, [job('30 2 * * *', { timeZone })]);
    time.advance(365 * DAY);
    const days = runs.map(({ atMs }) => localDay(atMs, timeZone));
    expect(new Set(days).size).toBe(365);
    expect(days).toHaveLength(365);
    expect([...missed]).toEqual([]);
    expect(runs.every(({ atMs, startedMs }) => startedMs - atMs < 1000)).toBe(true);
  });

  it.each(ZONES)(
    'runs an hourly job at each hour of the year, also through the hour that comes twice, in %s',
    (timeZone) => {
      const time = new FakeTime('2026-01-01T00:30:00Z');
      const { runs } = watch(time, [job('15 * * * *', { timeZone })]);
      time.advance(365 * DAY);
      const gaps = runs.slice(1).map(({ atMs }, i) => atMs - runs[i]!.atMs);
      // Lord Howe moves its clock by half an hour.
      expect(Math.max(...gaps)).toBeLessThanOrEqual(timeZone === 'Australia/Lord_Howe' ? 1.5 * HOUR : HOUR);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(HOUR / 2);
      expect(Math.abs(runs.length - 365 * 24)).toBeLessThanOrEqual(2);
    },
    120_000,
  );

  it('accounts for every time of a year with sleep: run, or told as missed', () => {
    const time = new FakeTime('2026-01-01T00:00:30Z');
    const jobs = [
      job('*/30 * * * *', { timeZone: 'Europe/Berlin' }, 'skips'),
      job('*/30 * * * *', { timeZone: 'Europe/Berlin', catchUp: 'once' }, 'catches'),
    ];
    const { runs, missed } = watch(time, jobs);
    let seed = 7;
    const random = (): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed / 2147483648;
    };
    const end = time.now + 365 * DAY;
    while (time.now < end) {
      time.advance(Math.floor(random() * 20 * HOUR));
      time.sleep(Math.floor(random() * 14 * HOUR));
    }
    const total = countDue('*/30 * * * *', 'Europe/Berlin', Date.parse('2026-01-01T00:00:30Z'), time.now);
    const of = (name: string) => runs.filter((run) => run.job === name).length + (missed.get(name) ?? 0);
    expect(of('skips')).toBe(total);
    expect(of('catches')).toBe(total);
    expect(missed.get('skips')).toBeGreaterThan(missed.get('catches')!);
    // Nothing is run late by the job that skips.
    expect(runs.filter((run) => run.job === 'skips').every(({ atMs, startedMs }) => startedMs - atMs <= 90_000)).toBe(true);
  }, 120_000);

  it('runs once for all that was slept through, with catchUp once', () => {
    const time = new FakeTime('2026-06-01T08:30:00Z');
    const { runs, missed } = watch(time, [job('0 * * * *', { timeZone: 'UTC', catchUp: 'once' })]);
    time.sleep(5 * HOUR);
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ missed: 4 });
    expect(missed.get('j')).toBe(4);
    time.advance(HOUR);
    expect(runs).toHaveLength(2);
  });

  it('neither repeats nor loses the day when the clock is set', () => {
    const time = new FakeTime('2026-06-01T11:50:00Z');
    const { runs } = watch(time, [job('0 12 * * *', { timeZone: 'UTC' })]);
    time.advance(20 * MINUTE);
    expect(runs).toHaveLength(1);
    time.step(-30 * MINUTE);
    time.advance(40 * MINUTE);
    expect(runs).toHaveLength(1);
    time.advance(DAY);
    expect(runs).toHaveLength(2);
    time.step(3 * DAY);
    time.advance(DAY);
    expect(runs.length).toBeGreaterThanOrEqual(3);
  });

  it('knows what came due while no daemon ran: run once by the job that catches up, told by the other', () => {
    const time = new FakeTime('2026-06-01T08:30:00Z');
    const jobs = [
      job('0 * * * *', { timeZone: 'UTC' }, 'skips'),
      job('0 * * * *', { timeZone: 'UTC', catchUp: 'once' }, 'catches'),
      job('0 * * * *', { timeZone: 'UTC', catchUp: 'once' }, 'changed'),
    ];
    const before = watch(time, jobs);
    before.scheduler.stop();
    time.sleep(5 * HOUR);
    const after = watch(time, [...jobs.slice(0, 2), job('30 * * * *', { timeZone: 'UTC', catchUp: 'once' }, 'changed')], before.plan());
    time.advance(0);
    expect(after.runs).toMatchObject([{ job: 'catches', missed: 4 }]);
    expect([...after.missed]).toEqual([
      ['skips', 5],
      ['catches', 4],
    ]);
    // The next daemon has nothing to catch up any more.
    after.scheduler.stop();
    const last = watch(time, jobs, after.plan());
    time.advance(0);
    expect(last.runs).toEqual([]);
  });

  it('meets a time that came while the daemon was restarted', () => {
    const time = new FakeTime('2026-06-01T08:59:59Z');
    const jobs = [job('0 * * * *', { timeZone: 'UTC' })];
    const before = watch(time, jobs);
    before.scheduler.stop();
    time.sleep(3000);
    const after = watch(time, jobs, before.plan());
    time.advance(0);
    expect(after.runs).toMatchObject([{ atMs: Date.parse('2026-06-01T09:00:00Z'), missed: 0 }]);
  });

  it('is not stopped by a plan that a wrong clock made', () => {
    const wrong = new FakeTime('2031-01-01T00:00:00Z');
    const jobs = [job('0 * * * *', { timeZone: 'UTC' })];
    const before = watch(wrong, jobs);
    const time = new FakeTime('2026-06-01T08:59:59Z');
    const after = watch(time, jobs, before.plan());
    time.advance(HOUR);
    expect(after.runs).toHaveLength(1);
  });

  it('gets over a clock that leaps by years, and runs once for it', () => {
    const time = new FakeTime('2026-01-01T00:00:30Z');
    const { runs, missed } = watch(time, [job('* * * * *', { timeZone: 'Europe/Berlin', catchUp: 'once' })]);
    time.sleep(20 * 365 * DAY);
    expect(runs).toHaveLength(1);
    expect(time.now - runs[0]!.atMs).toBeLessThan(MINUTE);
    expect(missed.get('j')).toBe(MISSED_COUNTED + 1);
    time.advance(MINUTE);
    expect(runs).toHaveLength(2);
  });

  it('takes a changed, paused or removed job at once', () => {
    const time = new FakeTime('2026-06-01T00:00:01Z');
    const { scheduler, runs } = watch(time, [job('*/10 * * * *', { timeZone: 'UTC' })]);
    time.advance(10 * MINUTE);
    expect(runs).toHaveLength(1);
    scheduler.set([job('*/10 * * * *', { timeZone: 'UTC', paused: true })]);
    expect(scheduler.nextAt('j')).toBeNull();
    time.advance(HOUR);
    expect(runs).toHaveLength(1);
    scheduler.set([job('*/5 * * * *', { timeZone: 'UTC' })]);
    time.advance(10 * MINUTE);
    expect(runs).toHaveLength(3);
    scheduler.set([]);
    time.advance(HOUR);
    expect(runs).toHaveLength(3);
  });

  it('says what is wrong with it', () => {
    expect(checkSchedule({ cron: '0 3 * * 1-5', timeZone: 'Europe/Berlin' })).toBeNull();
    for (const cron of ['', 'nightly', '61 * * * *', '* * *', '0 0 30 2 *']) expect(checkSchedule({ cron }), cron).not.toBeNull();
    expect(checkSchedule({ cron: '0 3 * * *', timeZone: 'Mars/Olympus' })).not.toBeNull();
  });
});

/** How many times are due in (from, to]. */
function countDue(cron: string, timeZone: string, from: number, to: number): number {
  let count = 0;
  for (let at = nextDue({ cron, timeZone }, from); at !== null && at <= to; at = nextDue({ cron, timeZone }, at)) count++;
  return count;
}
