import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClawError } from '../../shared/errors.ts';
import type { Job, JobView, Run } from '../../shared/protocol.ts';
import { JobFiles, parseJob } from './job-files.ts';
import { Jobs } from './jobs.ts';

let dir: string;
let files: JobFiles;
let now: number;
let timers: { atMs: number; task: () => void }[];
let launched: { job: string; attempt: string }[];
let stopped: string[];
let live: Run[];
let notices: string[];
let changed: JobView[];
let notStarted: string[];
let launch: () => Promise<void>;
let jobs: Jobs;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-jobs-'));
  files = new JobFiles(dir);
  now = Date.parse('2026-06-01T08:59:30Z');
  timers = [];
  launched = [];
  stopped = [];
  live = [];
  notices = [];
  changed = [];
  notStarted = [];
  launch = async () => undefined;
  jobs = new Jobs({
    files,
    runs: {
      plan: (job) => ({ argv: ['true'], cwd: '/', name: job, agent: null, job: files.get(job), env: {} }),
      launch: async (planned, who, labels) => {
        launched.push({ job: planned.name, attempt: labels.attempt! });
        await launch();
        const run = runOf(planned.name, who);
        live.push(run);
        return run;
      },
      stop: async (run, _hard, by) => stopped.push(`${run} ${by}`),
      liveOf: (job) => live.filter((run) => run.job === job),
      lasts: () => new Map(),
    },
    onChange: (view) => changed.push(view),
    onRemoved: () => undefined,
    notice: (_level, text) => notices.push(text),
    onNotStarted: (job, why) => notStarted.push(`${job}: ${why}`),
    clock: {
      nowMs: () => now,
      wait: (ms, task) => {
        const timer = { atMs: now + ms, task };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
    },
  });
});
afterEach(() => {
  jobs.stop();
  vi.useRealTimers();
  fs.rmSync(dir, { recursive: true, force: true });
});

const runOf = (job: string, who: string): Run => ({
  run: `run-of-${job}`,
  name: job,
  job,
  agent: 'custom',
  agentTitle: 'Command',
  argv: ['true'],
  cwd: '/',
  status: { state: 'working' },
  startedAt: now,
  lastActivityAt: now,
  startedBy: who,
  cols: 80,
  rows: 24,
  atDesk: false,
  output: { epoch: 'e', start: 0, end: 0 },
});
const hourly = (overlap?: 'skip' | 'queue' | 'replace', more: Partial<Job> = {}): Job => ({
  name: 'hourly',
  type: 'command',
  command: ['true'],
  cwd: '/',
  schedule: { cron: '0 * * * *', timeZone: 'UTC', ...(overlap ? { overlap } : {}) },
  ...more,
});

/** Moves the clock, and lets what was started by it settle. */
async function pass(ms: number): Promise<void> {
  const end = now + ms;
  for (;;) {
    const next = timers.sort((a, b) => a.atMs - b.atMs)[0];
    if (!next || next.atMs > end) break;
    timers.shift();
    now = Math.max(now, next.atMs);
    next.task();
    await new Promise((resolve) => setImmediate(resolve));
  }
  now = end;
}
const HOUR = 3600_000;
const end = (code: number | null, reason?: string): void => {
  const run = live.shift()!;
  jobs.ended(
    { ...run, status: { state: 'ended' }, endedAt: now, exit: { code, signal: null, ...(reason ? { reason } : {}) } },
    Number(launched.at(-1)?.attempt ?? 0),
  );
};
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('scheduled jobs', () => {
  it('start when their time comes', async () => {
    jobs.save({ job: hourly() });
    expect(changed.at(-1)).toMatchObject({ job: { name: 'hourly' }, nextAt: Date.parse('2026-06-01T09:00:00Z') });
    await pass(60_000);
    expect(launched).toEqual([{ job: 'hourly', attempt: '0' }]);
  });

  it('skip a time while the last run goes on, and say so', async () => {
    jobs.save({ job: hourly() });
    await pass(60_000);
    await pass(HOUR);
    expect(launched).toHaveLength(1);
    expect(notices.at(-1)).toContain('still runs');
  });

  it('queue one time behind the run that goes on', async () => {
    jobs.save({ job: hourly('queue') });
    await pass(60_000);
    await pass(3 * HOUR);
    expect(launched).toHaveLength(1);
    end(0);
    await settle();
    expect(launched).toHaveLength(2);
    end(0);
    await settle();
    expect(launched).toHaveLength(2);
  });

  it('replace the run that goes on, starting the next only when it has gone', async () => {
    jobs.save({ job: hourly('replace') });
    await pass(60_000);
    await pass(HOUR);
    expect(stopped).toEqual(['run-of-hourly replaced']);
    expect(launched).toHaveLength(1);
    end(null, 'stopped by replaced');
    await settle();
    expect(launched).toHaveLength(2);
  });

  it('wait for every run of the job, also those that somebody started', async () => {
    jobs.save({ job: hourly('replace') });
    await pass(60_000);
    live.push({ ...runOf('hourly', 'desk'), run: 'by-hand' });
    await pass(HOUR);
    expect(stopped).toEqual(['run-of-hourly replaced', 'by-hand replaced']);
    end(null, 'stopped by replaced');
    await settle();
    expect(launched).toHaveLength(1);
    end(null, 'stopped by replaced');
    await settle();
    expect(launched).toHaveLength(2);
  });

  it('count a run as going on while it is still being started', async () => {
    jobs.save({ job: { ...hourly('queue'), schedule: { cron: '* * * * *', timeZone: 'UTC', overlap: 'queue' } } });
    let go: () => void = () => undefined;
    launch = () => new Promise((resolve) => (go = resolve));
    await pass(2 * 60_000);
    expect(launched).toHaveLength(1);
    go();
    await settle();
    end(0);
    await settle();
    expect(launched).toHaveLength(2);
  });

  it('are not tried again on top of a run that has started meanwhile, nor when paused', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const job = hourly('skip', { retries: 2 });
    jobs.save({ job });
    await pass(60_000);
    end(1);
    expect(notices.at(-1)).toContain('tried again in 30 s');
    live.push(runOf('hourly', 'desk'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(launched).toHaveLength(1);
    end(0);
    await pass(HOUR);
    end(1);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(launched.at(-1)).toEqual({ job: 'hourly', attempt: '1' });
    end(1);
    jobs.save({ job: { ...job, schedule: { ...job.schedule!, paused: true } }, replace: true });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(launched).toHaveLength(3);
  });

  it('that cannot even start are tried again as well, and then told', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    jobs.save({ job: hourly('skip', { retries: 1 }) });
    launch = () => Promise.reject(new ClawError('bad_cwd', 'bad_cwd: / does not exist.'));
    await pass(60_000);
    expect(notices.at(-1)).toBe('Job hourly could not be started: bad_cwd: / does not exist; it is tried again in 30 s.');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(launched.map(({ attempt }) => attempt)).toEqual(['0', '1']);
    expect(notStarted).toEqual(['hourly: bad_cwd: / does not exist.']);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(launched).toHaveLength(2);
  });

  it('keep no timer of a run that is over', async () => {
    jobs.save({ job: hourly('skip', { timeoutS: 3600 }) });
    await pass(60_000);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    jobs.started({ ...live[0]!, startedAt: Date.now() });
    expect(vi.getTimerCount()).toBe(1);
    end(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are not started from a file that is broken, which is listed with what is wrong', () => {
    fs.writeFileSync(path.join(dir, 'broken.toml'), 'type = "agent"\ncwd = "/"\n', { mode: 0o600 });
    expect(jobs.list()).toMatchObject([{ job: { name: 'broken' }, problem: expect.stringContaining('needs “agent”') }]);
  });
});

describe('a job file', () => {
  const parse = (text: string) => parseJob(text, 'x', '/jobs/x.toml');

  it('is read back as it was saved', () => {
    const job: Job = {
      name: 'full',
      type: 'agent',
      agent: 'claude',
      prompt: 'line one\nline "two" {{who}}',
      flags: ['--permission-mode', 'manual'],
      cwd: '/home/me',
      parameters: [{ name: 'who', default: 'me', description: 'for whom' }],
      schedule: { cron: '0 3 * * 1-5', timeZone: 'Europe/Berlin', overlap: 'queue', catchUp: 'once', paused: true },
      timeoutS: 60,
      retries: 2,
    };
    files.save(job, false);
    expect(files.get('full')).toEqual(job);
    expect(fs.statSync(path.join(dir, 'full.toml')).mode & 0o777).toBe(0o600);
    expect(() => files.save(job, false)).toThrow(expect.objectContaining({ code: 'exists' }));
    files.save({ ...job, retries: 3 }, true);
    expect(files.get('full').retries).toBe(3);
  });

  const WRONG: [string, string, string][] = [
    ['broken TOML, with line and column', 'type = "agent"\ncwd = ', 'line 2'],
    ['an unknown setting', 'type = "command"\ncommand = ["a"]\ncwd = "/"\nfoo = 1', 'there is no setting “foo”'],
    ['a wrong type', 'type = "command"\ncommand = "ls -l"\ncwd = "/"', 'command'],
    ['no command', 'type = "command"\ncwd = "/"', 'needs “command”'],
    ['a relative directory', 'type = "command"\ncommand = ["a"]\ncwd = "x"', 'absolute'],
    ['a schedule that cannot be', 'type = "command"\ncommand = ["a"]\ncwd = "/"\n[schedule]\ncron = "99 * * * *"', 'schedule'],
    ['another name', 'name = "y"\ntype = "command"\ncommand = ["a"]\ncwd = "/"', 'x.toml'],
  ];
  it.each(WRONG)('names the file and what is wrong: %s', (_name, text, says) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'config_job', message: expect.stringContaining(says) }));
    expect(() => parse(text)).toThrow(expect.objectContaining({ message: expect.stringContaining('/jobs/x.toml') }));
  });

  it('may begin with a byte order mark and end its lines with CRLF', () => {
    expect(parse('\uFEFFtype = "command"\r\ncommand = ["a"]\r\ncwd = "/"\r\n')).toMatchObject({ name: 'x', command: ['a'] });
  });
});
