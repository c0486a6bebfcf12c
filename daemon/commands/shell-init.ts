/** `clawtab shell-init`: puts known agents under clawtab in every new shell, and takes it away again. */
import * as os from 'node:os';
import { Command } from 'commander';
import { loadAgents } from '../agents/registry.ts';
import { ownCommand } from '../own-command.ts';
import { findExecutable } from '../runs/executable.ts';
import { aliasedIn, installBlock, removeBlock, shellBlock, shellFile, shellOf } from '../shell-block.ts';
import { say, yellow } from './print.ts';

export function shellInitCommand(): Command {
  const init = new Command().addHelpText(
    'after',
    '\nAfter `clawtab shell-init install`, typing claude (or codex, gemini, …) in a new terminal runs it under clawtab. Inside a run, in a pipe\nor in a script nothing changes. `clawtab shell-init remove` takes it away again.',
  );
  init
    .command('install')
    .description('into the start file of your shell')
    .option('--shell <shell>', 'bash, zsh or fish (default: SHELL)')
    .action(async (options: { shell?: string }) => {
      const shell = shellOf(options.shell ?? process.env.SHELL, 'clawtab shell-init --shell');
      const file = shellFile(shell, os.homedir(), process.env);
      const names = await agentNames();
      const changed = installBlock(file, shellBlock(shell, names, cli()));
      say(changed ? `Added to ${file}. Open a new terminal, and claude runs under clawtab.` : `${file} has it already.`);
      for (const name of aliasedIn(file, names))
        say(yellow(`! ${file} has an alias ${name}, which goes before it: remove it, or let it begin with: clawtab run --`));
    });
  init
    .command('remove')
    .description('out of the start file again')
    .option('--shell <shell>', 'bash, zsh or fish (default: SHELL)')
    .action((options: { shell?: string }) => {
      const file = shellFile(shellOf(options.shell ?? process.env.SHELL, 'clawtab shell-init --shell'), os.homedir(), process.env);
      say(removeBlock(file) ? `Removed from ${file}.` : `${file} does not have it.`);
    });
  init
    .command('print', { isDefault: true })
    .description('what would be added')
    .option('--shell <shell>', 'bash, zsh or fish (default: SHELL)')
    .action(async (options: { shell?: string }) =>
      say(shellBlock(shellOf(options.shell ?? process.env.SHELL, 'clawtab shell-init --shell'), await agentNames(), cli())),
    );
  return init;
}

const agentNames = async (): Promise<string[]> =>
  (await loadAgents())
    .all()
    .filter((agent) => agent.name !== 'demo')
    .map((agent) => agent.launch({ flags: [] })[0]!);

/** `clawtab` where it is on PATH, else this very installation. */
function cli(): string[] {
  try {
    findExecutable('clawtab', process.env.PATH, '/');
    return ['clawtab'];
  } catch {
    return ownCommand('cli');
  }
}
