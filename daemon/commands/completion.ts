/** `clawtab completion bash|zsh|fish`: a script made from the commands themselves. */
import { Command } from 'commander';
import { completionScript, type Words } from '../completion.ts';
import { shellOf } from '../shell-block.ts';
import { say } from './print.ts';

/** `all` gives every command, loaded. */
export function completionCommand(all: () => Promise<Command[]>): Command {
  return new Command()
    .argument('[shell]', 'bash, zsh or fish (default: SHELL)')
    .addHelpText(
      'after',
      '\nExamples:\n  clawtab completion bash > ~/.local/share/bash-completion/completions/clawtab\n  clawtab completion zsh > "$fpath[1]/_clawtab"\n  clawtab completion fish > ~/.config/fish/completions/clawtab.fish',
    )
    .action(async (shell?: string) =>
      say(completionScript(shellOf(shell ?? process.env.SHELL, 'clawtab completion'), wordsOf(await all()))),
    );
}

/** What may follow each command: its subcommands and its flags. */
function wordsOf(commands: readonly Command[]): Words {
  const words: Words = new Map([['', commands.map((command) => ({ word: command.name(), about: command.description() }))]]);
  const visit = (command: Command, at: string): void => {
    const flags = command.options
      .filter((option) => !option.hidden)
      .map((option) => ({ word: option.long ?? option.short ?? '', about: option.description }));
    const below = command.commands.map((each) => ({ word: each.name(), about: each.description() }));
    words.set(at, [...below, ...flags]);
    for (const each of command.commands) visit(each, `${at} ${each.name()}`);
  };
  for (const command of commands) visit(command, command.name());
  return words;
}
