/** `clawtab audit [verify]`: needs no daemon, the log lies on this machine. */
import { Command } from 'commander';
import { EXIT } from '../../shared/errors.ts';
import { readAudit } from '../audit.ts';
import { openState } from '../state.ts';
import { readable } from '../trail.ts';
import { json, red, say, table, when } from './print.ts';

export function auditCommand(): Command {
  const audit = new Command();
  audit
    .command('ls', { isDefault: true })
    .description('the newest entries')
    .option('-n, --limit <count>', 'how many', (text) => Number.parseInt(text, 10), 30)
    .option('--json', 'as JSON, whole records')
    .action((options: { limit: number; json?: boolean }) => {
      const { records } = readAudit(openState().journal);
      const newest = records.slice(-Math.max(1, options.limit || 30)).reverse();
      if (options.json === true) return json(newest);
      if (newest.length === 0) return say('Nothing has happened yet.');
      table(
        newest.map((record) => [String(record.n), when(Date.parse(record.at)), readable(record)]),
        ['NO', 'WHEN', 'WHAT'],
      );
    });
  audit
    .command('verify')
    .description('check that no entry was changed or taken out')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => {
      const { records, broken } = readAudit(openState().journal);
      process.exitCode = broken.length === 0 ? EXIT.ok : EXIT.failed;
      if (options.json === true) return json({ entries: records.length, intact: broken.length === 0, broken });
      for (const line of broken) say(red(line));
      const last = records.at(-1);
      say(
        broken.length === 0
          ? `${records.length} entries, the chain holds.${last ? ` The last hash is ${last.hash.slice(0, 16)}…; write it down elsewhere to notice a log that was cut at its end.` : ''}`
          : `${records.length} entries, the chain is broken in ${broken.length} ${broken.length === 1 ? 'place' : 'places'}.`,
      );
    });
  return audit;
}
