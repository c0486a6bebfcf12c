/** `clawtab jobs add`: from flags to a job. */
import * as path from 'node:path';
import { ClawError } from '../../shared/errors.ts';
import type { Job } from '../../shared/protocol.ts';
import { readEnvFile } from '../jobs/env-file.ts';
import { checkName } from '../jobs/job-files.ts';
import { checkCwd } from '../start-request.ts';
import { withDaemon } from './connect.ts';
import { json, say, when } from './print.ts';

export interface AddOptions {
  agent?: string;
  prompt?: string;
  model?: string;
  flag?: string[];
  cwd?: string;
  cron?: string;
  timeZone?: string;
  overlap?: string;
  catchUp?: string;
  timeout?: number;
  retries?: number;
  param?: Record<string, string>;
  environment?: string;
  envFile?: string;
  description?: string;
  replace?: boolean;
  json?: boolean;
}

export async function addJob(name: string, words: readonly string[], options: AddOptions): Promise<void> {
  const job = jobOf(name, words, options);
  // What is not there is said now, not at three in the morning.
  checkCwd(job.cwd, null);
  if (job.envFile !== undefined) readEnvFile(job.envFile);
  const view = await withDaemon((daemon) => daemon.call('jobs.save', { job, ...(options.replace === true ? { replace: true } : {}) }));
  if (options.json === true) return json(view);
  say(`Saved job ${name}. ${view.nextAt === undefined ? `Start it with: clawtab jobs start ${name}` : `Next: ${when(view.nextAt)}.`}`);
}

/** A year. */
const MOST_SECONDS = 31_536_000;
const FLAGS = { timeZone: '--time-zone', overlap: '--overlap', catchUp: '--catch-up', retries: '--retries' } as const;

const oneOf = <T extends string>(option: string, value: string, allowed: readonly T[]): T => {
  const found = allowed.find((word) => word === value);
  if (found === undefined) throw new ClawError('usage', `${option} takes ${allowed.join(', ')}, not “${value}”.`);
  return found;
};
const number = (option: string, value: number, least: number, most: number): number => {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new ClawError('usage', `${option} takes a whole number from ${least} to ${most}.`);
  return value;
};

export function jobOf(name: string, words: readonly string[], options: AddOptions): Job {
  checkName(name);
  if ((options.agent === undefined) === (words.length === 0))
    throw new ClawError('usage', 'A job is either an agent (--agent) or a command (behind --).', {
      hint: `clawtab jobs add ${name} --agent claude --prompt "…"   or   clawtab jobs add ${name} -- npm test`,
    });
  // Node itself looks for that word among the arguments of a script, and obeys a NODE_OPTIONS in the file (nodejs/node#54232).
  if (options.envFile !== undefined)
    throw new ClawError('usage', 'Node takes --env-file for itself.', {
      hint: `clawtab jobs add ${name} --environment ${options.envFile} …`,
    });
  if (options.cron === undefined)
    for (const option of ['timeZone', 'overlap', 'catchUp', 'retries'] as const)
      if (options[option] !== undefined)
        throw new ClawError('usage', `${FLAGS[option]} is about scheduled runs, and the job has no schedule.`, {
          hint: 'Give it one: --cron "0 3 * * 1-5"',
        });
  const parameters = Object.entries(options.param ?? {}).map(([key, value]) => ({
    name: key,
    ...(value === '' ? {} : { default: value }),
  }));
  const schedule = options.cron === undefined ? undefined : scheduleOf(options.cron, options);
  return {
    name,
    ...(options.agent === undefined ? { type: 'command', command: [...words] } : { type: 'agent', agent: options.agent }),
    ...(options.prompt === undefined ? {} : { prompt: options.prompt }),
    ...(options.model === undefined ? {} : { model: options.model }),
    ...(options.flag === undefined || options.flag.length === 0 ? {} : { flags: options.flag }),
    cwd: path.resolve(options.cwd ?? '.'),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(schedule === undefined ? {} : { schedule }),
    ...(options.timeout === undefined ? {} : { timeoutS: number('--timeout', options.timeout, 1, MOST_SECONDS) }),
    ...(options.retries === undefined ? {} : { retries: number('--retries', options.retries, 0, 10) }),
    ...(options.environment === undefined ? {} : { envFile: path.resolve(options.environment) }),
    ...(options.description === undefined ? {} : { description: options.description }),
  };
}

function scheduleOf(cron: string, options: AddOptions): NonNullable<Job['schedule']> {
  return {
    cron,
    ...(options.timeZone === undefined ? {} : { timeZone: options.timeZone }),
    ...(options.overlap === undefined ? {} : { overlap: oneOf('--overlap', options.overlap, ['skip', 'queue', 'replace'] as const) }),
    ...(options.catchUp === undefined ? {} : { catchUp: oneOf('--catch-up', options.catchUp, ['skip', 'once'] as const) }),
  };
}
