#!/usr/bin/env node
/** The `clawtab` command: which command is meant, and what happens when it fails. Each command is loaded only when it is called. */
import { Command, CommanderError } from 'commander';
import { EXIT } from '../shared/errors.ts';
import { printError } from './commands/print.ts';
import { VERSION } from './version.ts';

type Load = () => Promise<() => Command>;

const COMMANDS: Record<string, { summary: string; load: Load }> = {
  up: {
    summary: 'start relay, page and daemon on this machine, and show the link for your phone',
    load: async () => (await import('./commands/up.ts')).upCommand,
  },
  run: {
    summary: 'run an agent or any command under clawtab: clawtab run -- claude',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  attach: { summary: 'join the terminal of a run', load: async () => (await import('./commands/attach.ts')).attachCommand },
  questions: { summary: 'what is being asked right now', load: async () => (await import('./commands/questions.ts')).questionsCommand },
  answer: { summary: 'answer a question', load: async () => (await import('./commands/answer.ts')).answerCommand },
  jobs: {
    summary: 'saved jobs and runs: ls, add, edit, rm, start, stop, logs, history',
    load: async () => (await import('./commands/jobs.ts')).jobsCommand,
  },
  daemon: {
    summary: 'the background service: start, stop, restart, status, logs',
    load: async () => (await import('./commands/daemon.ts')).daemonCommand,
  },
  login: { summary: 'sign this machine in at a relay', load: async () => (await import('./commands/login.ts')).loginCommand },
  logout: { summary: 'sign this machine out', load: async () => (await import('./commands/login.ts')).logoutCommand },
  devices: {
    summary: 'phones and machines of the account: ls, rm, trust',
    load: async () => (await import('./commands/devices.ts')).devicesCommand,
  },
  doctor: {
    summary: 'check everything, and say how to mend what is broken',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  demo: { summary: 'start the demo agent, which asks two questions', load: async () => (await import('./commands/demo.ts')).demoCommand },
  replay: {
    summary: 'run recorded terminals through the question detector',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  relay: { summary: 'run a relay in the foreground', load: async () => (await import('./commands/relay.ts')).relayCommand },
};

async function main(argv: readonly string[]): Promise<number> {
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
    await program.parseAsync(argv as string[], { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return printError(error);
  }
}

/** The same manners for a command and all below it: errors as `clawtab: …`, never an exit from inside. */
function settle(command: Command): void {
  command.exitOverride().configureOutput({
    outputError: (text, write) => write(text.replace(/^error: /, 'clawtab: ').replace(/\n\(Did you mean (.*)\?\)/, '\ntry: $1')),
  });
  command.showSuggestionAfterError();
  for (const below of command.commands) settle(below);
}

// A reader that goes away (`clawtab jobs | head`) is no reason for a stack trace.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));

process.exitCode = await main(process.argv.slice(2));
