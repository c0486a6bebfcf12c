/**
 * The jobs of this machine: their files, their schedule, their last runs. Owns what happens when a time comes: overlap, timeout, retries. Starting and
 * stopping are asked of the runs.
 */
import * as fs from 'node:fs';
import { asClawError, ClawError } from '../../shared/errors.ts';
import type { ArgsOf, Job, JobView, Run } from '../../shared/protocol.ts';
import type { Planned } from '../start-request.ts';
import type { JobFiles } from './job-files.ts';
import { type Due, Scheduler, type SchedulerOptions } from './schedule.ts';

export interface JobRuns {
  plan(job: string, parameters: Record<string, string>): Planned;
  launch(planned: Planned, who: string, labels: Record<string, string>): Promise<Run>;
  stop(run: string, hard: boolean, by: string): Promise<unknown>;
  /** Live runs of a job, oldest first. */
  liveOf(job: string): Run[];
  lastOf(job: string): string | undefined;
}

export interface JobsOptions {
  files: JobFiles;
  runs: JobRuns;
  onChange(view: JobView): void;
  onRemoved(job: string): void;
  notice(level: 'info' | 'warning', text: string): void;
  clock?: Pick<SchedulerOptions, 'nowMs' | 'wait'>;
}

/** First retry after this; doubled each time. */
const RETRY_MS = 30_000;

export class Jobs {
  readonly #options: JobsOptions;
  readonly #scheduler: Scheduler;
  readonly #queued = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #watcher: fs.FSWatcher | null = null;
  #rescan: NodeJS.Timeout | undefined;
  #told = new Map<string, string>();

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#scheduler = new Scheduler({
      ...options.clock,
      onDue: (due) => void this.#due(due),
      onMissed: (job, missed) =>
        options.notice('info', `Job ${job}: ${missed} scheduled ${missed === 1 ? 'time was' : 'times were'} missed and not run.`),
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
    for (const timer of this.#timers) clearTimeout(timer);
  }

  get(name: string): Job {
    return this.#options.files.get(name);
  }

  list(): JobView[] {
    const { jobs, problems } = this.#options.files.list();
    const broken = problems.map(({ name, problem }): JobView => ({ job: { name, type: 'command', command: ['?'], cwd: '/' }, problem }));
    return [...jobs.map((job) => this.view(job)), ...broken];
  }

  view(job: Job): JobView {
    const nextAt = this.#scheduler.nextAt(job.name);
    const lastRun = this.#options.runs.lastOf(job.name);
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
    if (run.job === undefined) return;
    const name = run.job;
    this.refresh();
    if (this.#queued.delete(name)) {
      void this.#launch(name, `schedule:${name}`, 0);
      return;
    }
    const failed = run.exit !== undefined && run.exit.code !== 0 && run.exit.reason === undefined;
    if (!failed || !run.startedBy.startsWith('schedule:')) return;
    const job = this.#find(name);
    if (!job || attempt >= (job.retries ?? 0)) return;
    const waitMs = RETRY_MS * 2 ** attempt;
    this.#options.notice(
      'info',
      `Job ${name} failed (exit ${run.exit?.code ?? run.exit?.signal}); it is tried again in ${Math.round(waitMs / 1000)} s.`,
    );
    this.#later(waitMs, () => void this.#launch(name, `schedule:${name}`, attempt + 1));
  }

  /** A run of a job has started: its time limit runs. */
  started(run: Run): void {
    const job = run.job === undefined || run.status.state === 'ended' ? null : this.#find(run.job);
    if (!job?.timeoutS) return;
    const leftMs = run.startedAt + job.timeoutS * 1000 - Date.now();
    this.#later(Math.max(0, leftMs), () => void this.#options.runs.stop(run.run, false, 'timeout').catch(() => undefined));
  }

  #later(ms: number, task: () => void): void {
    // A timer holds 24.8 days at most; a longer limit is looked at again then.
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        if (ms > MAX_TIMER_MS) this.#later(ms - MAX_TIMER_MS, task);
        else task();
      },
      Math.min(ms, MAX_TIMER_MS),
    );
    this.#timers.add(timer);
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
    const live = this.#options.runs.liveOf(name);
    const overlap = job.schedule?.overlap ?? 'skip';
    if (live.length > 0 && overlap === 'skip') {
      this.#options.notice('info', `Job ${name} still runs; this time is skipped.`);
      return;
    }
    if (live.length > 0 && overlap === 'queue') {
      this.#queued.add(name);
      return;
    }
    if (live.length > 0) {
      // `replace`: the next one starts when the old one has gone, so that two never share a directory.
      this.#queued.add(name);
      for (const run of live) await this.#options.runs.stop(run.run, false, 'replaced').catch(() => undefined);
      return;
    }
    await this.#launch(name, `schedule:${name}`, 0);
  }

  async #launch(name: string, who: string, attempt: number): Promise<void> {
    try {
      await this.#options.runs.launch(this.#options.runs.plan(name, {}), who, { attempt: String(attempt) });
    } catch (error) {
      const { message } = error instanceof ClawError ? error : asClawError(error);
      this.#options.notice('warning', `Job ${name} could not be started: ${message}`);
    }
    this.refresh();
  }
}

const MAX_TIMER_MS = 2 ** 31 - 1;
