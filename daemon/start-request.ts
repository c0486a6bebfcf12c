/**
 * From what a caller asks to start (a job, an agent with a prompt, a command, the demo) to an argv, a directory and a name. Every bad request
 * gets its code here (security.md BAD-57..59). Reads the file system, starts nothing.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { ClawError } from '../shared/errors.ts';
import type { Job, Start } from '../shared/protocol.ts';
import type { Registry } from './agents/registry.ts';
import { readEnvFile } from './jobs/env-file.ts';

/** A prompt is an argument of the command line: the kernel takes 128 KiB at most for one. */
const MAX_PROMPT_BYTES = 64 * 1024;

export interface Planned {
  argv: string[];
  cwd: string;
  name: string;
  /** Agent folder, or null to go by argv. */
  agent: string | null;
  job: Job | null;
  env: Record<string, string>;
}

export interface Planner {
  agents: Registry;
  job(name: string): Job;
  /** Directories under which phones may start things; null: anywhere (the desk). */
  roots: readonly string[] | null;
  demo(): string[];
  home: string;
}

export function planStart(request: Start, planner: Planner): Planned {
  switch (request.from) {
    case 'demo':
      return { argv: planner.demo(), cwd: planner.home, name: 'demo', agent: 'demo', job: null, env: {} };
    case 'command':
      return { ...plain(checkCwd(request.cwd, planner.roots)), argv: request.argv, name: request.name ?? path.basename(request.argv[0]!) };
    case 'agent': {
      const agent = planner.agents.byName(request.agent);
      const prompt = request.prompt === undefined ? undefined : checkPrompt(request.prompt);
      const argv = agent.launch({
        flags: request.flags ?? [],
        ...(prompt === undefined ? {} : { prompt }),
        ...(request.model === undefined ? {} : { model: request.model }),
      });
      return { ...plain(checkCwd(request.cwd, planner.roots)), argv, name: request.name ?? agent.name, agent: agent.name };
    }
    case 'job':
      return planJob(planner.job(request.job), request.parameters ?? {}, planner);
  }
}

const plain = (cwd: string): Omit<Planned, 'argv' | 'name'> => ({ cwd, agent: null, job: null, env: {} });

function planJob(job: Job, parameters: Readonly<Record<string, string>>, planner: Planner): Planned {
  const values = parameterValues(job, parameters);
  const fill = (text: string): string => text.replace(/\{\{([A-Za-z0-9_-]+)\}\}/g, (whole, name: string) => values.get(name) ?? whole);
  const cwd = checkCwd(job.cwd, planner.roots);
  const env = job.envFile === undefined ? {} : readEnvFile(job.envFile);
  if (job.type === 'command') return { argv: job.command!.map(fill), cwd, name: job.name, agent: null, job, env };
  const agent = planner.agents.byName(job.agent ?? 'custom');
  const argv = agent.launch({
    flags: (job.flags ?? []).map(fill),
    ...(job.prompt === undefined ? {} : { prompt: checkPrompt(fill(job.prompt)) }),
    ...(job.model === undefined ? {} : { model: job.model }),
  });
  return { argv, cwd, name: job.name, agent: agent.name, job, env };
}

function parameterValues(job: Job, given: Readonly<Record<string, string>>): Map<string, string> {
  const known = job.parameters ?? [];
  for (const name of Object.keys(given))
    if (!known.some((parameter) => parameter.name === name))
      throw new ClawError('bad_parameter', `Job ${job.name} has no parameter “${name}”.`, {
        hint: known.length === 0 ? 'It takes none.' : `It takes: ${known.map((parameter) => parameter.name).join(', ')}.`,
      });
  const values = new Map<string, string>();
  for (const { name, default: byDefault } of known) {
    const value = given[name] ?? byDefault;
    if (value === undefined) throw new ClawError('bad_parameter', `Job ${job.name} needs the parameter “${name}”.`);
    values.set(name, value);
  }
  return values;
}

function checkPrompt(prompt: string): string {
  const bytes = Buffer.byteLength(prompt);
  if (bytes > MAX_PROMPT_BYTES)
    throw new ClawError('prompt_too_long', `The prompt has ${bytes} bytes; the limit is ${MAX_PROMPT_BYTES}.`, {
      hint: 'Put it into a file and name the file.',
    });
  if (prompt.trim() === '') throw new ClawError('empty_prompt', 'The prompt is empty.');
  if (!prompt.isWellFormed() || prompt.includes('\0')) throw new ClawError('bad_utf8', 'The prompt is not valid text.');
  return prompt;
}

/** The directory itself, links resolved. Throws `bad_cwd: why`. */
export function checkCwd(cwd: string, roots: readonly string[] | null): string {
  const bad = (why: string): never => {
    throw new ClawError('bad_cwd', `bad_cwd: ${why}.`);
  };
  if (cwd.includes('\0')) bad('the path holds a NUL byte');
  if (Buffer.byteLength(cwd) > 4096) bad('the path is longer than 4096 bytes');
  if (cwd.startsWith('~')) bad('“~” is not expanded; give the whole path');
  if (!path.isAbsolute(cwd)) bad('the path is not absolute');
  let real: string;
  try {
    real = fs.realpathSync(cwd);
    if (!fs.statSync(real).isDirectory()) return bad(`${cwd} is not a directory`);
    fs.accessSync(real, fs.constants.R_OK | fs.constants.X_OK);
  } catch (error) {
    if (error instanceof ClawError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : '';
    return bad(code === 'ENOENT' ? `${cwd} does not exist` : code === 'EACCES' ? `${cwd} may not be entered` : `${cwd} cannot be used`);
  }
  if (roots !== null && !roots.some((root) => within(real, root)))
    bad(`${cwd} is outside the directories that phones may use (${roots.join(', ') || 'none'})`);
  return real;
}

function within(real: string, root: string): boolean {
  const base = fs.existsSync(root) ? fs.realpathSync(root) : root;
  return real === base || real.startsWith(base.endsWith(path.sep) ? base : base + path.sep);
}
