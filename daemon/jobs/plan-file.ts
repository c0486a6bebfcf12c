/** When each job is due next, on disk: what a daemon plans, the next one must know, or a time that comes while none runs is lost without a word. */
import * as v from 'valibot';
import { keepCopy, readPrivateFile, writeFileAtomic } from '../state.ts';
import type { Remembered } from './schedule.ts';

const FileSchema = v.object({
  v: v.literal(1),
  jobs: v.record(v.string(), v.object({ schedule: v.string(), nextMs: v.number() })),
});

export class PlanFile {
  readonly #file: string;
  readonly #warn: (text: string) => void;

  constructor(file: string, warn: (text: string) => void) {
    this.#file = file;
    this.#warn = warn;
  }

  /** Empty where there is none, and where it cannot be read: schedules then begin anew. */
  read(): ReadonlyMap<string, Remembered> {
    try {
      const bytes = readPrivateFile(this.#file);
      return new Map(bytes === null ? [] : Object.entries(v.parse(FileSchema, JSON.parse(bytes.toString('utf8'))).jobs));
    } catch {
      const kept = keepCopy(this.#file) ? ` It is kept as ${this.#file}.bak.` : '';
      this.#warn(`${this.#file} is not readable; jobs that were due while no daemon ran are not caught up.${kept}`);
      return new Map();
    }
  }

  write(plan: ReadonlyMap<string, Remembered>): void {
    try {
      writeFileAtomic(this.#file, JSON.stringify({ v: 1, jobs: Object.fromEntries(plan) }));
    } catch {
      this.#warn('When jobs are due is kept in memory only: the disk refuses it.');
    }
  }
}
