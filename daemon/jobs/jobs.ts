/**
 * The jobs of this machine: their files, their schedule, their last runs. Owns what happens when a time comes: overlap, timeout, retries. Starting and
 * stopping are asked of the runs.
 */
import * as fs from 'node:fs';
import { asClawError, ClawError } from '../../shared/errors.ts';
import type { ArgsOf, Job, JobView, Run } from '../../shared/protocol.ts';
import type { Planned } from '../start-request.ts';
import type { JobFiles } from './job-files.ts';
import type { PlanFile } from './plan-file.ts';
import { type Due, MISSED_COUNTED, Scheduler, type SchedulerOptions } from './schedule.ts';

export interface JobRuns {
  plan(job: string, parameters: Record<string, string>): Planned;
  launch(planned: Planned, who: string, labels: Record<string, string>): Promise<Run>;
  stop(run: string, hard: boolean, by: string): Promise<unknown>;
  /** Live runs of a job, oldest first. */
  liveOf(job: string): Run[];
  /** The newest run of each job. */
  lasts(): ReadonlyMap<string, string>;
}

export interface JobsOptions {
  files: JobFiles;
  runs: JobRuns;
  onChange(view: JobView): void;
  onRemoved(job: string): void;
  notice(level: 'info' | 'warning', text: string): void;
  /** A scheduled run did not even start, and is not tried again. */
  onNotStarted(job: string, why: string): void;
  /** Where the plan outlives the daemon. */
  plan?: PlanFile;
  clock?: Pick<SchedulerOptions, 'nowMs' | 'wait'>;
}

/** First retry after this; doubled each time. */
const RETRY_MS = 30_000;

/** A run that failed longer ago than this, while no daemon ran, is not tried again: its time is over. */
const RETRY_WITHIN_MS = 10 * 60_000;

export class Jobs {
  readonly #options: JobsOptions;
  readonly #nowMs: () => number;
  readonly #scheduler: Scheduler;
  readonly #queued = new Set<string>();
  /** Runs that are being started: they share the directory already. */
  readonly #starting = new Map<string, number>();
  /** Time limits by run, retries by job. */
  readonly #limits = new Map<string, NodeJS.Timeout>();
  readonly #retries = new Map<string, NodeJS.Timeout>();
  #watcher: fs.FSWatcher | null = null;
  #rescan: NodeJS.Timeout | undefined;
  #told = new Map<string, string>();

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#nowMs = options.clock?.nowMs ?? Date.now;
    this.#scheduler = new Scheduler({
      ...options.clock,
      remembered: options.plan?.read() ?? new Map(),
      remember: (plan) => options.plan?.write(plan),
      onDue: (due) => void this.#due(due),
      onMissed: (job, missed) => {
        const count = missed > MISSED_COUNTED ? `more than ${MISSED_COUNTED}` : missed;
        options.notice('info', `Job ${job}: ${count} scheduled ${missed === 1 ? 'time was' : 'times were'} missed and not run.`);
      },
    });
  }

  /** Reads the files and watches them for edits. */
  start(): void {
    this.refresh();
    try {
      this.#watcher = fs.watch(this.#options.files.directory, () => {
        clearTimeout(this.#rescan);
        this.#rescan = setTimeout(() => this.refresh(), 100);
      });
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#options.notice('warning', 'Job files cannot be watched; edits are seen after `clawtab daemon restart`.');
    }
  }

  stop(): void {
    this.#watcher?.close();
    clearTimeout(this.#rescan);
    this.#scheduler.stop();
    for (const timer of [...this.#limits.values(), ...this.#retries.values()]) clearTimeout(timer);
  }

  get(name: string): Job {
    return this.#options.files.get(name);
  }

  list(): JobView[] {
    const { jobs, problems } = this.#options.files.list();
    const broken = problems.map(({ name, problem }): JobView => ({ job: { name, type: 'command', command: ['?'], cwd: '/' }, problem }));
    const lasts = this.#options.runs.lasts();
    return [...jobs.map((job) => this.view(job, lasts)), ...broken];
  }

  view(job: Job, lasts = this.#options.runs.lasts()): JobView {
    const nextAt = this.#scheduler.nextAt(job.name);
    const lastRun = lasts.get(job.name);
    return { job, ...(nextAt === null ? {} : { nextAt }), ...(lastRun === undefined ? {} : { lastRun }) };
  }

  save({ job, replace }: ArgsOf<'jobs.save'>): JobView {
    this.#options.files.save(job, replace ?? false);
    this.refresh();
    return this.view(job);
  }

  remove(name: string): void {
    this.#options.files.remove(name);
    this.refresh();
  }

  /** Takes the files as they are, and tells what changed. */
  refresh(): void {
    this.#scheduler.set(this.#options.files.list().jobs);
    const views = new Map(this.list().map((view) => [view.job.name, view]));
    for (const [name, view] of views) if (this.#told.get(name) !== JSON.stringify(view)) this.#options.onChange(view);
    for (const name of this.#told.keys()) if (!views.has(name)) this.#options.onRemoved(name);
    this.#told = new Map([...views].map(([name, view]) => [name, JSON.stringify(view)]));
  }

  /** A run of a job has ended: what was queued behind it starts, what failed may be tried again. */
  ended(run: Run, attempt: number): void {
    clear(this.#limits, run.run);
    if (run.job === undefined) return;
    const name = run.job;
    this.refresh();
    if (this.#queued.has(name)) return this.#next(name);
    const failed = run.exit !== undefined && run.exit.code !== 0 && run.exit.reason === undefined;
    const recent = this.#nowMs() - (run.endedAt ?? 0) < RETRY_WITHIN_MS;
    if (failed && recent && run.startedBy.startsWith('schedule:'))
      this.#again(name, attempt, `failed (exit ${run.exit?.code ?? run.exit?.signal})`);
  }

  /** What is queued starts behind all runs of the job: two never share a directory. */
  #next(name: string): void {
    if (!this.#queued.has(name) || this.#busy(name)) return;
    this.#queued.delete(name);
    if (this.#wanted(name)) void this.#launch(name, 0);
  }

  /** A run of a job has started: its time limit runs. */
  started(run: Run): void {
    const job = run.job === undefined || run.status.state === 'ended' ? null : this.#find(run.job);
    if (!job?.timeoutS) return;
    const leftMs = run.startedAt + job.timeoutS * 1000 - Date.now();
    const stop = (): void => void this.#options.runs.stop(run.run, false, 'timeout').catch(() => undefined);
    this.#later(this.#limits, run.run, Math.max(0, leftMs), stop);
  }

  /** Plans another try of a scheduled run; false where all have been used. */
  #again(name: string, attempt: number, what: string): boolean {
    const job = this.#find(name);
    if (!job || attempt >= (job.retries ?? 0)) return false;
    const waitMs = RETRY_MS * 2 ** attempt;
    this.#options.notice('info', `Job ${name} ${what}; it is tried again in ${Math.round(waitMs / 1000)} s.`);
    this.#later(this.#retries, name, waitMs, () => {
      // Started meanwhile by the schedule or by somebody: that is the other try.
      if (!this.#busy(name) && this.#wanted(name)) void this.#launch(name, attempt + 1);
    });
    return true;
  }

  #later(timers: Map<string, NodeJS.Timeout>, key: string, ms: number, task: () => void): void {
    clear(timers, key);
    // A timer holds 24.8 days at most; a longer limit is looked at again then.
    const timer = setTimeout(
      () => {
        timers.delete(key);
        if (ms > MAX_TIMER_MS) this.#later(timers, key, ms - MAX_TIMER_MS, task);
        else task();
      },
      Math.min(ms, MAX_TIMER_MS),
    );
    timers.set(key, timer);
  }

  #busy(name: string): boolean {
    return this.#starting.has(name) || this.#options.runs.liveOf(name).length > 0;
  }

  /** False for a job that was removed or paused since. */
  #wanted(name: string): boolean {
    const schedule = this.#find(name)?.schedule;
    return schedule !== undefined && schedule.paused !== true;
  }

  #find(name: string): Job | null {
    try {
      return this.#options.files.get(name);
    } catch {
      return null;
    }
  }

  async #due({ job: name }: Due): Promise<void> {
    const job = this.#find(name);
    if (!job) return;
    const overlap = job.schedule?.overlap ?? 'skip';
    if (!this.#busy(name)) return await this.#launch(name, 0);
    if (overlap === 'skip') return this.#options.notice('info', `Job ${name} still runs; this time is skipped.`);
    this.#queued.add(name);
    if (overlap === 'queue') return;
    // `replace`: the next one starts when the old one has gone, so that two never share a directory.
    for (const run of this.#options.runs.liveOf(name)) await this.#options.runs.stop(run.run, false, 'replaced').catch(() => undefined);
  }

  async #launch(name: string, attempt: number): Promise<void> {
    clear(this.#retries, name);
    this.#starting.set(name, (this.#starting.get(name) ?? 0) + 1);
    try {
      const { runs } = this.#options;
      await runs.launch(runs.plan(name, {}), `schedule:${name}`, { attempt: String(attempt) });
    } catch (error) {
      const { message } = error instanceof ClawError ? error : asClawError(error);
      const why = `could not be started: ${message}`;
      if (!this.#again(name, attempt, why.replace(/\.$/, ''))) {
        this.#options.notice('warning', `Job ${name} ${why}`);
        this.#options.onNotStarted(name, message);
      }
    } finally {
      const left = this.#starting.get(name)! - 1;
      if (left > 0) this.#starting.set(name, left);
      else this.#starting.delete(name);
    }
    this.refresh();
    this.#next(name);
  }
}

function clear(timers: Map<string, NodeJS.Timeout>, key: string): void {
  clearTimeout(timers.get(key));
  timers.delete(key);
}

const MAX_TIMER_MS = 2 ** 31 - 1;
