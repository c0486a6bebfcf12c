#!/usr/bin/env node
/** The `clawtab` command: which command is meant, and what happens when it fails. Each command is loaded only when it is called. */
import { Command, CommanderError } from 'commander';
import { ClawError, EXIT } from '../shared/errors.ts';
import { nearest } from './commands/nearest.ts';
import { printError } from './commands/print.ts';
import { VERSION } from './version.ts';

type Load = () => Promise<() => Command>;

const COMMANDS: Record<string, { summary: string; load: Load }> = {
  up: {
    summary: 'relay, page and daemon here, and the link for your phone',
    load: async () => (await import('./commands/up.ts')).upCommand,
  },
  run: {
    summary: 'run any agent or command: clawtab run -- claude',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  attach: { summary: 'join the terminal of a run', load: async () => (await import('./commands/attach.ts')).attachCommand },
  questions: { summary: 'what is being asked right now', load: async () => (await import('./commands/questions.ts')).questionsCommand },
  answer: { summary: 'answer a question', load: async () => (await import('./commands/answer.ts')).answerCommand },
  jobs: {
    summary: 'jobs and runs: ls, add, edit, rm, start, stop, logs, resume, history',
    load: async () => (await import('./commands/jobs.ts')).jobsCommand,
  },
  daemon: {
    summary: 'the background service: start, stop, restart, status, logs, uninstall',
    load: async () => (await import('./commands/daemon.ts')).daemonCommand,
  },
  login: { summary: 'sign this machine in at a relay', load: async () => (await import('./commands/login.ts')).loginCommand },
  logout: { summary: 'sign this machine out', load: async () => (await import('./commands/login.ts')).logoutCommand },
  policies: {
    summary: 'rules that answer by themselves: ls, allow, deny, rm',
    load: async () => (await import('./commands/policies.ts')).policiesCommand,
  },
  audit: {
    summary: 'who answered, started and stopped what; audit verify',
    load: async () => (await import('./commands/audit.ts')).auditCommand,
  },
  logs: { summary: 'output of a run, -f to follow', load: async () => (await import('./commands/logs.ts')).logsCommand },
  devices: {
    summary: 'phones and machines of the account: ls, approve, rm, trust',
    load: async () => (await import('./commands/devices.ts')).devicesCommand,
  },
  doctor: {
    summary: 'check everything, and say how to mend what is broken',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  'shell-init': {
    summary: 'claude, codex, … under clawtab in every new shell: install, remove, print',
    load: async () => (await import('./commands/shell-init.ts')).shellInitCommand,
  },
  completion: {
    summary: 'a completion script for bash, zsh or fish',
    load: async () => {
      const { completionCommand } = await import('./commands/completion.ts');
      return () => completionCommand(loadAll);
    },
  },
  demo: { summary: 'start the demo agent, which asks two questions', load: async () => (await import('./commands/demo.ts')).demoCommand },
  replay: {
    summary: 'run recorded terminals through the question detector',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  relay: { summary: 'run a relay in the foreground', load: async () => (await import('./commands/relay.ts')).relayCommand },
};

/** Every command, loaded and named: only for completion. */
function loadAll(): Promise<Command[]> {
  return Promise.all(Object.entries(COMMANDS).map(async ([name, { summary, load }]) => (await load())().name(name).description(summary)));
}

async function main(given: readonly string[]): Promise<number> {
  // `clawtab help jobs add` is `clawtab jobs add --help`.
  const argv = given[0] === 'help' && given.length > 1 ? [...given.slice(1), '--help'] : given;
  const program = new Command('clawtab')
    .description("Your coding agents' questions on your phone.")
    .version(VERSION, '-V, --version')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nFirst steps:\n  clawtab up                 relay, page and daemon on this machine\n  clawtab run -- claude      an agent whose questions reach your phone\n\nExit codes are listed in docs/cli.md.',
    );
  const wanted = argv.find((word) => !word.startsWith('-'));
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    if (name === wanted) program.addCommand((await load())().name(name).description(summary));
    else program.command(name).description(summary);
  }
  settle(program);
  if (argv.length === 0) {
    program.outputHelp({ error: true });
    return EXIT.usage;
  }
  try {
    checkCommand(program, argv);
    warnOfVariables(process.env);
    await program.parseAsync(argv as string[], { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return printError(error, helpOf(program, argv));
  }
}

/** `clawtab jobs add --help`, for the command that was meant. */
function helpOf(program: Command, argv: readonly string[]): string {
  const top = program.commands.find((command) => command.name() === argv[0]);
  const below = top?.commands.find((command) => command.name() === argv[1]);
  return `${pathOf(below ?? top ?? program)} --help`;
}

/** Throws `unknown_command` with the one that was probably meant, also below a command that has a default. */
function checkCommand(program: Command, argv: readonly string[]): void {
  const [first, second] = argv;
  if (first === undefined || first.startsWith('-')) return;
  const names = (command: Command): string[] => command.commands.map((below) => below.name());
  const top = program.commands.find((command) => command.name() === first);
  const said = (word: string, path: string, meant: string | undefined): never => {
    throw new ClawError('unknown_command', `There is no command “${path}${word}”.`, {
      hint: meant === undefined ? 'clawtab --help' : `clawtab ${meant}`,
    });
  };
  if (top === undefined) {
    if (first === 'help') return;
    const own = nearest(first, names(program));
    const below = nearest(first, Object.keys(BELOW));
    return said(first, '', own ?? (below === undefined ? undefined : BELOW[below]));
  }
  const below = names(top);
  if (below.length === 0 || second === undefined || second.startsWith('-') || below.includes(second) || second === 'help') return;
  const meant = nearest(second, below);
  said(second, `${first} `, meant === undefined ? `${first} --help` : `${first} ${meant}`);
}

/** Words that stand below another command: typed alone they are understood as meant. */
const BELOW: Record<string, string> = {
  status: 'daemon status',
  start: 'daemon start',
  stop: 'daemon stop',
  restart: 'daemon restart',
  history: 'jobs history',
  list: 'jobs',
  trust: 'devices trust',
};

/** BAD-75: a variable that is nearly one of ours does nothing, silently, unless somebody says so. */
function warnOfVariables(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) {
    if (!name.startsWith('CLAWTAB_') || VARIABLES.includes(name)) continue;
    const meant = nearest(name, VARIABLES);
    process.stderr.write(`clawtab: the variable ${name} is not known${meant === undefined ? '' : `; did you mean ${meant}?`}\n`);
  }
}

const VARIABLES = ['CLAWTAB_STATE', 'CLAWTAB_RELAY', 'CLAWTAB_RUN', 'CLAWTAB_OUTER_RUNS', 'CLAWTAB_DEBUG', 'CLAWTAB_DEMO_PACE'];

const pathOf = (command: Command): string => (command.parent === null ? '' : `${pathOf(command.parent)} `) + command.name();

/** The same manners for a command and all below it: errors as `clawtab: …`, never an exit from inside. */
function settle(command: Command): void {
  command.exitOverride().configureOutput({
    outputError: (text, write) => {
      const said = text.replace(/^error: /, 'clawtab: ').replace(/\n\(Did you mean (.*)\?\)/, '\ntry: $1');
      write(said.includes('\ntry: ') ? said : `${said.trimEnd()}\ntry: ${pathOf(command)} --help\n`);
    },
  });
  command.showSuggestionAfterError();
  // BAD-67: of two values for one option the first would be forgotten in silence.
  for (const option of command.options.filter(({ variadic }) => !variadic)) {
    let given = 0;
    command.on(`option:${option.name()}`, () => {
      if (++given > 1) command.error(`error: option '${option.flags}' was given twice`, { exitCode: EXIT.usage });
    });
  }
  for (const below of command.commands) settle(below);
}

// A reader that goes away (`clawtab jobs | head`) is no reason for a stack trace.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));

process.exitCode = await main(process.argv.slice(2));
