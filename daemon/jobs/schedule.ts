/** When jobs are due: cron expressions with a time zone (croner). Owns the timers and what a wake-up from sleep means; starting is the caller's. */
import { Cron } from 'croner';
import type { Job } from '../../shared/protocol.ts';
import { isZone } from '../limits/reset-time.ts';

type Schedule = NonNullable<Job['schedule']>;

const cronOf = (schedule: Schedule): Cron =>
  new Cron(schedule.cron, {
    paused: true,
    mode: '5-or-6-parts',
    ...(schedule.timeZone === undefined ? {} : { timezone: schedule.timeZone }),
  });

/** What is wrong with a schedule, or null. */
export function checkSchedule(schedule: Schedule): string | null {
  const { cron, timeZone } = schedule;
  if (timeZone !== undefined && !isZone(timeZone)) return `there is no time zone “${timeZone}”; Europe/Berlin is one`;
  const parts = cron.trim().split(/\s+/).length;
  if (!cron.trim().startsWith('@') && parts !== 5 && parts !== 6)
    return `“${cron}” is no cron expression: minute, hour, day, month and weekday, such as 0 3 * * 1-5`;
  try {
    return cronOf(schedule).nextRun() === null ? `“${schedule.cron}” never comes` : null;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^CronPattern: /, '') : 'it is not readable';
  }
}

/** The next time after `afterMs`, in ms since 1970; null where it is paused or never comes again. */
export function nextDue(schedule: Schedule, afterMs: number): number | null {
  if (schedule.paused === true) return null;
  return cronOf(schedule).nextRun(new Date(afterMs))?.getTime() ?? null;
}

/** The latest time that was due, `nowMs` included; null where there was none. */
function lastDue(schedule: Schedule, nowMs: number): number | null {
  const before = cronOf(schedule).previousRuns(2, new Date(nowMs + 1000));
  return before.map((date) => date.getTime()).find((atMs) => atMs <= nowMs) ?? null;
}

export interface Due {
  job: string;
  /** The time it was due. */
  atMs: number;
  /** Further times that were missed before it (sleep); above MISSED_COUNTED there were more. */
  missed: number;
}

/** The longest step of a timer: a clock that was set, or a machine that slept, is noticed after it. */
const TICK_MS = 30_000;
/** A time that is noticed later than this was missed, not met. */
const LATE_MS = 90_000;
/** Missed times counted one by one; more are “more than”. Each costs a quarter of a millisecond, and a clock that leaps by years would stop the daemon for an hour. */
export const MISSED_COUNTED = 100;
/** A clock that goes back further than this was set. */
const STEP_MS = 60_000;
const WRONG_MS = 25 * 3600_000;

/** What is kept of a job for the next daemon: its schedule as it was, and when it was due next. */
export interface Remembered {
  schedule: string;
  nextMs: number;
}

interface Planned {
  schedule: Schedule;
  nextMs: number | null;
  /** The last time that was due. */
  lastMs: number | null;
}

export interface SchedulerOptions {
  onDue(due: Due): void;
  /** Times that were passed over (asleep, paused by the catch-up rule). */
  onMissed(job: string, missed: number): void;
  /** What the daemon before this one had planned: a time that came while none ran was missed, as in sleep. */
  remembered?: ReadonlyMap<string, Remembered>;
  /** The plan, each time it has changed. */
  remember?(plan: ReadonlyMap<string, Remembered>): void;
  nowMs?: () => number;
  /** For tests: how to wait. Returns what cancels it. */
  wait?: (ms: number, task: () => void) => () => void;
}

const realWait = (ms: number, task: () => void): (() => void) => {
  const timer = setTimeout(task, ms);
  return () => clearTimeout(timer);
};

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #nowMs: () => number;
  readonly #wait: (ms: number, task: () => void) => () => void;
  readonly #jobs = new Map<string, Planned>();
  readonly #remembered: Map<string, Remembered>;
  #changed = true;
  #cancel: (() => void) | null = null;
  #lastMs: number;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#wait = options.wait ?? realWait;
    this.#lastMs = this.#nowMs();
    this.#remembered = new Map(options.remembered);
  }

  /** Takes the jobs as they are now; one whose schedule has not changed keeps its next time. */
  set(jobs: readonly Job[]): void {
    const names = new Set(jobs.map((job) => job.name));
    for (const name of [...this.#jobs.keys()]) if (!names.has(name)) this.#forget(name);
    for (const { name, schedule } of jobs) {
      const known = this.#jobs.get(name);
      if (schedule === undefined) this.#forget(name);
      else if (JSON.stringify(known?.schedule) !== JSON.stringify(schedule)) {
        this.#changed = true;
        this.#jobs.set(name, { schedule, nextMs: this.#firstDue(name, schedule), lastMs: null });
      }
    }
    this.#plan();
  }

  #forget(name: string): void {
    if (this.#jobs.delete(name)) this.#changed = true;
  }

  /** From now on, or where the daemon before this one left it. */
  #firstDue(name: string, schedule: Schedule): number | null {
    const nextMs = nextDue(schedule, this.#nowMs());
    const was = this.#remembered.get(name);
    this.#remembered.delete(name);
    // A plan that lies behind the next time was made by a clock that was wrong.
    return nextMs !== null && was?.schedule === JSON.stringify(schedule) ? Math.min(was.nextMs, nextMs) : nextMs;
  }

  nextAt(job: string): number | null {
    return this.#jobs.get(job)?.nextMs ?? null;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#jobs.clear();
  }

  #plan(): void {
    this.#cancel?.();
    this.#tellPlan();
    const next = Math.min(...[...this.#jobs.values()].map((job) => job.nextMs ?? Number.POSITIVE_INFINITY));
    if (!Number.isFinite(next)) {
      this.#cancel = null;
      return;
    }
    this.#cancel = this.#wait(Math.min(TICK_MS, Math.max(0, next - this.#nowMs())), () => this.#tick());
  }

  #tellPlan(): void {
    if (!this.#changed) return;
    this.#changed = false;
    const plan = new Map<string, Remembered>();
    for (const [name, { schedule, nextMs }] of this.#jobs)
      if (nextMs !== null) plan.set(name, { schedule: JSON.stringify(schedule), nextMs });
    this.#options.remember?.(plan);
  }

  #tick(): void {
    const now = this.#nowMs();
    // The clock was set back: what has run does not run again for the hour that comes twice. Further back than a day the clock was simply wrong.
    if (now < this.#lastMs - STEP_MS)
      for (const job of this.#jobs.values()) {
        const done = job.lastMs !== null && job.lastMs > now && job.lastMs - now < WRONG_MS ? job.lastMs : now;
        job.nextMs = nextDue(job.schedule, done);
        this.#changed = true;
      }
    this.#lastMs = now;
    for (const [name, job] of this.#jobs) if (job.nextMs !== null && job.nextMs <= now) this.#due(name, job, now);
    this.#plan();
  }

  #due(name: string, job: Planned, now: number): void {
    let atMs = job.nextMs!;
    let passed = 0;
    for (let next = nextDue(job.schedule, atMs); next !== null && next <= now; next = nextDue(job.schedule, atMs)) {
      passed++;
      if (passed > MISSED_COUNTED) {
        atMs = lastDue(job.schedule, now) ?? next;
        break;
      }
      atMs = next;
    }
    job.lastMs = atMs;
    job.nextMs = nextDue(job.schedule, now);
    this.#changed = true;
    const late = now - atMs > LATE_MS;
    if (!late || job.schedule.catchUp === 'once') this.#options.onDue({ job: name, atMs, missed: passed });
    else passed++;
    if (passed > 0) this.#options.onMissed(name, passed);
  }
}
