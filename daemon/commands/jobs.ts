/** `clawtab jobs …`: saved jobs and the runs of this machine. Each subcommand parses, makes one call, prints. */
import { Command, Option } from 'commander';
import { randomId } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import type { JobView, Run } from '../../shared/protocol.ts';
import { openState } from '../state.ts';
import { withDaemon } from './connect.ts';
import { age, bold, dim, json, say, shellLine, table, visible, when } from './print.ts';
import { wholeNumber } from './whole-number.ts';

export function jobsCommand(): Command {
  const jobs = new Command().addHelpText(
    'after',
    '\nExamples:\n  clawtab jobs\n  clawtab jobs add nightly --agent claude --prompt "run the tests and mend what fails" --cron "0 3 * * 1-5"\n  clawtab jobs start nightly\n  clawtab jobs logs nightly -f',
  );
  jobs.command('ls', { isDefault: true }).description('what runs, and the saved jobs').option('--json', 'as JSON').action(list);
  jobs
    .command('start')
    .description('start a saved job')
    .argument('<job>')
    .option('-p, --param <name=value>', 'a parameter of the job; may be given several times', collect)
    .option('--json', 'the run as JSON')
    .action(async (job: string, options: { param?: Record<string, string>; json?: boolean }) => {
      const run = await withDaemon((daemon) =>
        daemon.call('runs.start', { from: 'job', requestId: randomId(), job, parameters: options.param ?? {} }),
      );
      if (options.json === true) json(run);
      else say(`Started ${bold(run.name)} as ${run.run}.`);
    });
  jobs
    .command('stop')
    .description('stop a run: gently, then hard')
    .argument('<run>', 'run id, its beginning or end, or a name')
    .option('--hard', 'kill it at once')
    .action(async (text: string, options: { hard?: boolean }) => {
      const { run } = new (await import('../runs/run-store.ts')).RunStore(openState()).find(text);
      const { alreadyStopped } = await withDaemon((daemon) =>
        daemon.call('runs.stop', { run: run.id, ...(options.hard === true ? { hard: true } : {}) }),
      );
      say(alreadyStopped ? `${run.name} (${run.id}) has ended already.` : `Stopping ${run.name} (${run.id}).`);
    });
  jobs
    .command('logs')
    .description('output of a run')
    .argument('<run>', 'run id, its beginning or end, or a name')
    .option('-f, --follow', 'keep going until it ends')
    .action(async (text: string, options: { follow?: boolean }) => (await import('./job-logs.ts')).printLog(text, options.follow === true));
  jobs
    .command('resume')
    .description('let an agent that hit its usage limit go on by itself when it is over')
    .argument('<run>', 'run id, its beginning or end, or a name')
    .option('--at <time>', 'when, if the agent does not say: 15:30, 3pm, 2h')
    .option('--text <text>', 'what to type then', 'continue')
    .option('--off', 'call it off')
    .action(resume);
  jobs
    .command('history')
    .description('runs that have ended')
    .argument('[job]', 'only of this job')
    .option('-n, --limit <count>', 'how many', wholeNumber, 20)
    .option('--search <text>', 'in name, command line and directory')
    .option('--json', 'as JSON')
    .action(history);
  jobs
    .command('rm')
    .description('delete a saved job; its history stays')
    .argument('<job>')
    .action(async (job: string) => {
      await withDaemon((daemon) => daemon.call('jobs.remove', { job }));
      say(`Removed job ${job}.`);
    });
  jobs
    .command('edit')
    .description('edit a job in $EDITOR; checked when you save')
    .argument('<job>')
    .action(async (job: string) => (await import('./job-edit.ts')).editJob(job));
  addCommand(jobs.command('add'));
  return jobs;
}

function collect(text: string, all: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  return at < 1 ? { ...all, [text]: '' } : { ...all, [text.slice(0, at)]: text.slice(at + 1) };
}

function addCommand(command: Command): void {
  command
    .description('save a job: an agent with a prompt, or a command behind --')
    .argument('<name>', 'lower-case letters, digits, dot, dash, underscore')
    .argument('[command...]', 'for a command job')
    .option('--agent <agent>', 'claude, codex, gemini, …')
    .option('--prompt <text>', 'what it is told to do')
    .option('--model <model>', 'as the agent names it')
    .option('--flag <flag>', 'a flag for the agent; may be given several times', (flag: string, all?: string[]) => [...(all ?? []), flag])
    .option('--cwd <directory>', 'where it runs (default: here)')
    .option('--cron <expression>', 'when it starts by itself')
    .option('--time-zone <zone>', 'of the cron expression, such as Europe/Berlin (default: this machine’s)')
    .option('--overlap <rule>', 'skip, queue or replace: when the last run still goes on (default: skip)')
    .option('--catch-up <rule>', 'skip or once: a time that was slept through (default: skip)')
    .option('--timeout <seconds>', 'stop it after this long', Number)
    .option('--retries <count>', 'try a failed scheduled run again', Number)
    .option('--param <name=default>', 'a parameter, used as {{name}}; may be given several times', collect)
    .option('--environment <file>', 'environment for it, NAME=value a line; must be 0600')
    .addOption(new Option('--env-file <file>').hideHelp())
    .option('--description <text>', 'for people')
    .option('--replace', 'overwrite a job of this name')
    .option('--json', 'the job as JSON')
    .action(async (name: string, words: string[], options: Record<string, never>) =>
      (await import('./job-add.ts')).addJob(name, words, options),
    );
}

async function list(options: { json?: boolean }): Promise<void> {
  const state = await withDaemon((daemon) => daemon.call('state.get', {}));
  const live = state.runs.filter((run) => run.status.state !== 'ended');
  if (options.json === true) return json({ jobs: state.jobs, runs: state.runs });
  if (live.length === 0) say('Nothing runs.');
  else
    table(live.map(runRow), ['RUN', 'NAME', 'AGENT', 'STATUS', 'SINCE', 'ACTIVE', 'DIRECTORY'], ['DIRECTORY', 'AGENT', 'SINCE', 'ACTIVE']);
  if (state.jobs.length > 0) {
    say('');
    table(state.jobs.map(jobRow), ['JOB', 'TYPE', 'NEXT', 'LAST RUN', 'WHAT'], ['LAST RUN', 'TYPE']);
  }
  const ended = state.runs.filter((run) => run.status.state === 'ended').length;
  if (ended > 0) say(dim(`\n${ended} ended lately: clawtab jobs history`));
}

const runRow = (run: Run): string[] => [
  run.run,
  run.name,
  run.agent,
  run.status.state === 'asking' ? 'asking ●' : run.status.state,
  age(Date.now() - run.startedAt),
  age(Date.now() - run.lastActivityAt),
  run.cwd,
];

const jobRow = ({ job, nextAt, lastRun, problem }: JobView): string[] => [
  job.name,
  problem === undefined ? (job.agent ?? job.type) : 'BROKEN',
  job.schedule?.paused === true ? 'paused' : nextAt === undefined ? '–' : when(nextAt),
  lastRun ?? '–',
  problem ?? job.description ?? job.prompt ?? (job.command === undefined ? '' : shellLine(job.command)),
];

async function history(job: string | undefined, options: { limit: number; search?: string; json?: boolean }): Promise<void> {
  const query = {
    ...(job === undefined ? {} : { job }),
    ...(options.search === undefined ? {} : { search: options.search }),
    limit: Math.min(200, options.limit),
  };
  const { runs } = await withDaemon((daemon) => daemon.call('runs.history', query));
  if (options.json === true) return json(runs);
  if (runs.length === 0) return say(job === undefined ? 'Nothing has ended yet.' : `No run of “${visible(job)}” has ended yet.`);
  table(
    runs.map((run) => [
      run.run,
      run.name,
      when(run.startedAt),
      age((run.endedAt ?? run.startedAt) - run.startedAt),
      ending(run),
      run.startedBy,
    ]),
    ['RUN', 'NAME', 'STARTED', 'TOOK', 'END', 'BY'],
    ['BY', 'TOOK', 'STARTED'],
  );
}

function ending({ exit }: Run): string {
  if (!exit) return '–';
  const how = exit.code === null ? (exit.signal ?? 'lost') : `exit ${exit.code}`;
  const text = exit.reason === undefined ? how : `${how}, ${exit.reason}`;
  return exit.code === 0 ? text : `✗ ${text}`;
}

async function resume(text: string, options: { at?: string; text: string; off?: boolean }): Promise<void> {
  const { run } = new (await import('../runs/run-store.ts')).RunStore(openState()).find(text);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const at = options.at === undefined ? undefined : (await import('../limits/reset-time.ts')).resetTime(options.at, Date.now(), zone);
  if (at === null) throw new ClawError('usage', `--at takes a time such as 15:30, 3pm or 2h, not “${options.at}”.`);
  const on = options.off !== true;
  const answer = await withDaemon((daemon) =>
    daemon.call('runs.resume', { run: run.id, on, text: options.text, ...(at === undefined ? {} : { at }) }),
  );
  say(
    answer.at === undefined ? `${run.name} waits for you.` : `${run.name} goes on by itself at ${when(answer.at)} with “${options.text}”.`,
  );
}
