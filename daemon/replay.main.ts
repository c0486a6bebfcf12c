/** Temporary entry for `replay` until daemon/cli.ts has the command. */
import { Command } from 'commander';
import { replayCommand } from './commands/replay.ts';

await new Command('clawtab').addCommand(replayCommand()).parseAsync();
