/**
 * Saved jobs: one TOML file each, which a person may edit. Owns reading with a sentence for every mistake (file, line, field), writing, and what a
 * job must be; running and scheduling are elsewhere.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parse, stringify, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { ClawError } from '../../shared/errors.ts';
import { type Job, JobSchema } from '../../shared/protocol.ts';
import { readPrivateFile, writeFileAtomic } from '../state.ts';
import { checkSchedule } from './schedule.ts';

const LIMIT_BYTES = 256 * 1024;
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** What keeps a file from being a job, beside the jobs that can be read. */
export interface JobProblem {
  name: string;
  problem: string;
}

export class JobFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  file(name: string): string {
    checkName(name);
    return path.join(this.directory, `${name}.toml`);
  }

  list(): { jobs: Job[]; problems: JobProblem[] } {
    const jobs: Job[] = [];
    const problems: JobProblem[] = [];
    for (const entry of fs.readdirSync(this.directory).sort()) {
      if (!entry.endsWith('.toml')) continue;
      const name = entry.slice(0, -5);
      try {
        jobs.push(this.get(name));
      } catch (error) {
        if (!(error instanceof ClawError)) throw error;
        problems.push({ name, problem: error.message });
      }
    }
    return { jobs, problems };
  }

  /** Throws `not_found`, or `config_job` naming file, line and field. */
  get(name: string): Job {
    const bytes = readPrivateFile(this.file(name), LIMIT_BYTES);
    if (bytes === null) throw new ClawError('not_found', `There is no job “${name}”.`, { hint: 'See them with: clawtab jobs' });
    return parseJob(bytes.toString('utf8'), name, this.file(name));
  }

  /** Throws `exists` unless `replace`, `bad_job` for a job that cannot be. */
  save(job: Job, replace: boolean): void {
    const file = this.file(job.name);
    const problem = problemOf(job);
    if (problem !== null) throw new ClawError('bad_job', `Job ${job.name}: ${problem}.`);
    if (!replace && fs.existsSync(file))
      throw new ClawError('exists', `There is a job “${job.name}” already.`, {
        hint: 'Take another name, or change it: clawtab jobs edit',
      });
    writeFileAtomic(file, formatJob(job));
  }

  remove(name: string): void {
    const file = this.file(name);
    if (!fs.existsSync(file)) throw new ClawError('not_found', `There is no job “${name}”.`, { hint: 'See them with: clawtab jobs' });
    fs.rmSync(file);
  }
}

/** The job in a file's text. The file name is the job's name; a `name` inside must agree. */
export function parseJob(text: string, name: string, file: string): Job {
  const bad = (what: string): never => {
    throw new ClawError('config_job', `${file}: ${what}`, { hint: `Mend it with: clawtab jobs edit ${name}` });
  };
  let raw: Record<string, unknown>;
  try {
    raw = parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof TomlError) return bad(`line ${error.line}, column ${error.column}: ${error.message.split('\n')[0]}`);
    throw error;
  }
  if (raw.name !== undefined && raw.name !== name) return bad(`name is “${String(raw.name)}”, but the file is ${name}.toml`);
  const parsed = v.safeParse(JobSchema, { ...raw, name });
  if (!parsed.success) {
    // A setting that there is none of explains one that is missing: it is a typo of it.
    const issue = parsed.issues.find(({ expected }) => expected === 'never') ?? parsed.issues[0];
    const where = (issue.path ?? []).map((item) => String(item.key)).join('.');
    if (issue.expected === 'never') return bad(`there is no setting “${where}”`);
    return bad(issue.received === 'undefined' ? `“${where}” is missing` : `${where || 'the job'}: ${issue.message}`);
  }
  const problem = problemOf(parsed.output);
  return problem === null ? parsed.output : bad(problem);
}

/** Throws `bad_job_name`. */
export function checkName(name: string): void {
  if (!NAME.test(name))
    throw new ClawError('bad_job_name', `“${name.slice(0, 80)}” is no job name.`, {
      hint: 'Lower-case letters, digits, dot, dash and underscore; at most 63.',
    });
}

/** What keeps a job of the right shape from being one, or null. */
function problemOf(job: Job): string | null {
  if (job.type === 'command' && job.command === undefined) return 'a command job needs “command”, a list of words';
  if (job.type === 'agent' && job.agent === undefined) return 'an agent job needs “agent”, for example "claude"';
  if (job.type === 'agent' && job.command !== undefined) return 'an agent job has no “command”; its flags go into “flags”';
  if (!path.isAbsolute(job.cwd)) return '“cwd” must be an absolute path';
  const schedule = job.schedule === undefined ? null : checkSchedule(job.schedule);
  return schedule === null ? null : `schedule: ${schedule}`;
}

/** As a person would write it: the name is the file's. */
function formatJob(job: Job): string {
  const { name: _name, ...rest } = job;
  return `# A ClawTab job. Change it here or with: clawtab jobs edit ${job.name}\n${stringify(rest)}\n`;
}
