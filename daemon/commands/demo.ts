/** `clawtab demo`: starts the demo agent under the daemon. */
import { Command } from 'commander';
import { randomId } from '../../shared/bytes.ts';
import { withDaemon } from './connect.ts';
import { bold, json, say } from './print.ts';

export function demoCommand(): Command {
  return new Command().option('--json', 'the run as JSON').action(async (options: { json?: boolean }) => {
    const run = await withDaemon((daemon) => daemon.call('runs.start', { from: 'demo', requestId: randomId() }));
    if (options.json === true) return json(run);
    say(`The demo agent runs as ${bold(run.run)}. It is scripted and changes nothing.`);
    say(`Answer it from your phone, with clawtab questions and clawtab answer, or at its terminal: clawtab attach ${run.run}`);
  });
}
