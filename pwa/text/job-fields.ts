/** A saved job as the editor's fields hold it, and back again. Pure; the machine has the last word on whether a job is right. */
import type { Job } from '../../shared/protocol.ts';
import { joinArgv, splitArgv } from './argv.ts';

/** What the form holds: text as typed, so that nothing is lost while it is wrong. */
export interface JobFields {
  name: string;
  type: Job['type'];
  agent: string;
  prompt: string;
  command: string;
  model: string;
  flags: string;
  cwd: string;
  description: string;
  cron: string;
  timeZone: string;
  overlap: 'skip' | 'queue' | 'replace';
  catchUp: 'skip' | 'once';
  paused: boolean;
  timeoutMin: string;
  parameters: { name: string; default: string }[];
}

export function fieldsOf(job: Job | undefined, machine: { agent: string; cwd: string }): JobFields {
  return {
    name: job?.name ?? '',
    type: job?.type ?? 'agent',
    agent: job?.agent ?? machine.agent,
    prompt: job?.prompt ?? '',
    command: job?.command ? joinArgv(job.command) : '',
    model: job?.model ?? '',
    flags: job?.flags ? joinArgv(job.flags) : '',
    cwd: job?.cwd ?? machine.cwd,
    description: job?.description ?? '',
    cron: job?.schedule?.cron ?? '',
    timeZone: job?.schedule?.timeZone ?? '',
    overlap: job?.schedule?.overlap ?? 'skip',
    catchUp: job?.schedule?.catchUp ?? 'skip',
    paused: job?.schedule?.paused ?? false,
    timeoutMin: job?.timeoutS ? String(job.timeoutS / 60) : '',
    parameters: (job?.parameters ?? []).map((p) => ({ name: p.name, default: p.default ?? '' })),
  };
}

/** The job that the fields say; what the form does not show is kept as it was. */
export function jobOf(f: JobFields, before: Job | undefined): Job | { problem: string } {
  const flags = f.flags.trim() ? splitArgv(f.flags) : { argv: [] };
  if ('problem' in flags) return { problem: `Flags: ${flags.problem}` };
  const command = f.type === 'command' ? splitArgv(f.command) : { argv: [] };
  if ('problem' in command) return { problem: `Command: ${command.problem}` };
  const { schedule: _schedule, ...kept } = before ?? {};
  const timeoutS = Number(f.timeoutMin) * 60;
  const job: Job = { ...kept, name: f.name, type: f.type, cwd: f.cwd };
  for (const key of ['agent', 'prompt', 'command', 'model', 'flags', 'description', 'parameters', 'timeoutS'] as const) delete job[key];
  if (f.type === 'agent') {
    job.agent = f.agent;
    if (f.prompt.trim()) job.prompt = f.prompt;
    if (f.model.trim()) job.model = f.model.trim();
  } else job.command = command.argv;
  if (flags.argv.length > 0) job.flags = flags.argv;
  if (f.description.trim()) job.description = f.description.trim();
  const parameters = f.parameters.filter((p) => p.name.trim());
  if (parameters.length > 0)
    job.parameters = parameters.map((p) => {
      const old = before?.parameters?.find((o) => o.name === p.name);
      return {
        ...(old?.description ? { description: old.description } : {}),
        name: p.name.trim(),
        ...(p.default ? { default: p.default } : {}),
      };
    });
  if (timeoutS > 0) job.timeoutS = timeoutS;
  if (f.cron.trim())
    job.schedule = {
      cron: f.cron.trim(),
      overlap: f.overlap,
      catchUp: f.catchUp,
      ...(f.timeZone.trim() ? { timeZone: f.timeZone.trim() } : {}),
      ...(f.paused ? { paused: true } : {}),
    };
  return job;
}
