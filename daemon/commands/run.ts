/** `clawtab run -- CMD…`: an ordinary terminal on a holder of its own. Needs no daemon; tells one that runs. */
import { Command } from 'commander';
import { ClawError, EXIT } from '../../shared/errors.ts';
import { loadAgents } from '../agents/registry.ts';
import { ownCommand } from '../own-command.ts';
import type { RunRecord } from '../runs/holder-protocol.ts';
import type { StoredLog } from '../runs/log-segments.ts';
import { newRunId } from '../runs/run-id.ts';
import { RunStore } from '../runs/run-store.ts';
import { startRun } from '../runs/start-run.ts';
import { exitStatus, joinTerminal, type TerminalEnd, terminalSize } from '../runs/terminal.ts';
import { outputLimit, readSettings } from '../settings.ts';
import { openState, type State } from '../state.ts';
import { tryDaemon } from './connect.ts';
import { printError, say } from './print.ts';

interface Options {
  name?: string;
  agent?: string;
  detach?: boolean;
  record?: string;
  hooks: boolean;
}

export function runCommand(): Command {
  return new Command()
    .argument('<command...>', 'the program and its arguments, behind --')
    .option('--name <name>', 'what to call the run')
    .option('--agent <agent>', 'read its screen as this agent (default: by the command)')
    .option('--detach', 'start it without a terminal here; join with clawtab attach')
    .option('--record <file>', 'also write an asciicast, for a bug report')
    .option('--no-hooks', 'add no hooks of clawtab to the agent')
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nExamples:\n  clawtab run -- claude\n  clawtab run --name release -- codex "cut the release"\n\nCtrl-\\ then d leaves the run; it goes on. Come back with: clawtab attach NAME\nThe exit code is the command’s own.',
    )
    .action(run);
}

async function run(argv: string[], options: Options): Promise<void> {
  const state = openState();
  const agents = await loadAgents();
  const agent = options.agent === undefined ? agents.forArgv(argv) : agents.byName(options.agent);
  const hooked = (options.hooks ? agent.withHooks?.(argv, ownCommand('hook')) : undefined) ?? { argv };
  const here = options.detach !== true;
  const record = await startRun(state, {
    id: newRunId(),
    argv: hooked.argv,
    cwd: process.cwd(),
    env: { ...process.env, ...hooked.env, ...(here ? {} : { TERM: process.env.TERM ?? 'xterm-256color' }) },
    agent: agent.name,
    who: 'desk',
    ...terminalSize(),
    localTerminal: here && process.stdin.isTTY === true,
    ...limitIn(state),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.record === undefined ? {} : { record: options.record }),
  });
  await announce(record);
  if (!here) return say(`${record.name} runs as ${record.id}. Join it: clawtab attach ${record.id}`);
  const store = new RunStore(state);
  const client = await store.connect(record, { role: 'terminal', ...terminalSize() }).catch((error: unknown) => {
    // A command that ends at once is over before anyone could join: what it said is in its log.
    const stored = store.get(record.id);
    if (!stored?.exit) throw error;
    showAll(store.log(stored));
    finish(record, { how: 'exit', exit: stored.exit });
  });
  if (client) finish(record, await joinTerminal(client, { from: 0 }));
}

/** Settings that cannot be read are no reason not to run an agent. */
function limitIn(state: State): { logLimitBytes?: number } {
  try {
    return outputLimit(readSettings(state));
  } catch (error) {
    printError(error);
    return {};
  }
}

function showAll(log: StoredLog): void {
  for (let at = log.start; ; ) {
    const read = log.read(at, 1 << 16);
    if (read === null) return;
    if ('bytes' in read) process.stdout.write(read.bytes);
    at = 'bytes' in read ? at + read.bytes.length : read.gap.to;
  }
}

/** A daemon that is away finds the run when it starts. */
async function announce(record: RunRecord): Promise<void> {
  const daemon = await tryDaemon();
  if (daemon === null) {
    if (process.stderr.isTTY)
      process.stderr.write('clawtab: the daemon is not running, so questions do not reach the phone yet\ntry: clawtab daemon start\n');
    return;
  }
  try {
    await daemon.call('runs.announce', { run: record.id });
  } finally {
    daemon.close();
  }
}

/** What a person types for it: the name, where that means this run. */
function handleOf({ id, name }: RunRecord): string {
  const plain = /^[A-Za-z0-9][\w.-]*$/.test(name);
  return plain && new RunStore(openState()).find(name).run.id === id ? name : id;
}

/** Says how it ended where that is not plain, and passes the exit on. */
export function finish(record: RunRecord, end: TerminalEnd): void {
  if (end.how === 'exit') {
    process.exitCode = exitStatus(end.exit);
    return;
  }
  if (end.how === 'detached') {
    say(
      `\r\nLeft ${record.name}; it goes on.\nCome back: clawtab attach ${handleOf(record)}\nStop it:   clawtab jobs stop ${handleOf(record)}`,
    );
    return;
  }
  process.exitCode = EXIT.failed;
  throw new ClawError('session_gone', `The process that held ${record.name} has gone.`, {
    hint: `Its output is kept: clawtab jobs logs ${record.id}`,
  });
}
