/**
 * Agents that shall go on by themselves after a usage limit: who, when, and with which words. Kept on disk, so that a restart or a night's sleep loses none.
 * Types only into an agent that still waits; anything else is told and left alone.
 */
import * as path from 'node:path';
import * as v from 'valibot';
import { asClawError, ClawError } from '../../shared/errors.ts';
import type { Run } from '../../shared/protocol.ts';
import { keepCopy, readPrivateFile, type State, writeFileAtomic } from '../state.ts';
import { resetTime } from './reset-time.ts';

/** Not all at the same second, and not a moment too early. */
const JITTER_MS = { least: 15_000, most: 75_000 } as const;
const TICK_MS = 30_000;

const FileSchema = v.object({
  v: v.literal(1),
  resumes: v.array(v.object({ run: v.string(), atMs: v.number(), text: v.string(), by: v.string() })),
});
type Resume = v.InferOutput<typeof FileSchema>['resumes'][number];

export interface ResumesOptions {
  state: State;
  find(run: string): Run | undefined;
  type(run: string, text: string, by: string): Promise<unknown>;
  onChange(run: string): void;
  notice(level: 'info' | 'warning', text: string): void;
  nowMs?: () => number;
  zone?: string;
  random?: () => number;
}

export class Resumes {
  readonly #options: ResumesOptions;
  readonly #file: string;
  readonly #nowMs: () => number;
  #resumes: Resume[];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ResumesOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#file = path.join(options.state.root, 'resumes.json');
    this.#resumes = this.#load();
  }

  start(): void {
    this.#timer = setInterval(() => void this.tick(), TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  at(run: string): number | undefined {
    return this.#resumes.find((resume) => resume.run === run)?.atMs;
  }

  /** Goes on when the limit that the run shows is over, or at `atMs`. Throws `session_gone`, `bad_arguments` where no time can be read. */
  set(run: string, by: string, more: { atMs?: number | undefined; text?: string | undefined }): number {
    const found = this.#options.find(run);
    if (!found || found.status.state === 'ended')
      throw new ClawError('session_gone', 'There is no such run on this machine, or it has ended.');
    const { status } = found;
    const zone = this.#options.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    // The words are as old as the agent's last output: “in 5 minutes” counts from then, and “3pm” that has passed since was today's.
    const shownMs = Math.min(found.lastActivityAt, this.#nowMs());
    const shown = status.state === 'limit' ? resetTime(status.resetAt ?? status.text, shownMs, zone) : null;
    const base = more.atMs ?? (shown === null ? null : Math.max(shown, this.#nowMs()));
    if (base === null)
      throw new ClawError('bad_arguments', 'The run does not say when its limit ends.', {
        hint: 'Name the time: clawtab jobs resume RUN --at 15:30',
      });
    const random = this.#options.random ?? Math.random;
    const jitter = more.atMs === undefined ? JITTER_MS.least + random() * (JITTER_MS.most - JITTER_MS.least) : 0;
    const resume = { run, atMs: Math.round(base + jitter), text: more.text ?? 'continue', by };
    this.#replace([...this.#resumes.filter((other) => other.run !== run), resume], run);
    return resume.atMs;
  }

  cancel(run: string): void {
    this.#replace(
      this.#resumes.filter((resume) => resume.run !== run),
      run,
    );
  }

  /** Does what has come due. */
  async tick(): Promise<void> {
    const due = this.#resumes.filter((resume) => resume.atMs <= this.#nowMs());
    for (const resume of due) {
      this.cancel(resume.run);
      await this.#carryOut(resume);
    }
  }

  async #carryOut(resume: Resume): Promise<void> {
    const run = this.#options.find(resume.run);
    if (!run || run.status.state === 'ended') return;
    if (run.status.state !== 'limit' && run.status.state !== 'ready') {
      this.#options.notice('info', `${run.name} goes on already; “${resume.text}” was not typed.`);
      return;
    }
    try {
      await this.#options.type(resume.run, resume.text, `resume for ${resume.by}`);
      this.#options.notice('info', `${run.name} goes on after its limit.`);
    } catch (error) {
      this.#options.notice('warning', `${run.name} could not be resumed: ${asClawError(error).message}`);
    }
  }

  #replace(resumes: Resume[], run: string): void {
    if (resumes.length === this.#resumes.length && resumes.every((resume, i) => resume === this.#resumes[i])) return;
    this.#resumes = resumes;
    try {
      writeFileAtomic(this.#file, JSON.stringify({ v: 1, resumes }));
    } catch {
      this.#options.notice('warning', 'When agents shall go on is kept in memory only: the disk refuses it.');
    }
    this.#options.onChange(run);
  }

  #load(): Resume[] {
    try {
      const bytes = readPrivateFile(this.#file);
      return bytes === null ? [] : v.parse(FileSchema, JSON.parse(bytes.toString('utf8'))).resumes;
    } catch {
      const kept = keepCopy(this.#file) ? ` It is kept as ${this.#file}.bak.` : '';
      this.#options.notice('warning', `${this.#file} is not readable; agents that wait for a limit must be told again.${kept}`);
      return [];
    }
  }
}
