/** `clawtab logs RUN [-f]`: the same as `clawtab jobs logs`. */
import { Command } from 'commander';
import { printLog } from './job-logs.ts';

export function logsCommand(): Command {
  return new Command()
    .argument('<run>', 'run id, its beginning or end, or a name')
    .option('-f, --follow', 'keep going until it ends')
    .action((run: string, options: { follow?: boolean }) => printLog(run, options.follow === true));
}
