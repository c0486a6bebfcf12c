/** `clawtab attach RUN`: joins the terminal of a run that lives, with its screen as it is. */
import { Command } from 'commander';
import { ClawError } from '../../shared/errors.ts';
import { RunStore } from '../runs/run-store.ts';
import { joinTerminal, terminalSize } from '../runs/terminal.ts';
import { openState } from '../state.ts';
import { finish } from './run.ts';

/** Output shown again at joining, bytes: more than a screen of any agent, read at once. */
const TAIL_BYTES = 256 * 1024;

export function attachCommand(): Command {
  return new Command()
    .argument('<run>', 'id or name of the run')
    .addHelpText('after', '\nCtrl-\\ then d leaves it again; it goes on.')
    .action(attach);
}

async function attach(text: string): Promise<void> {
  const store = new RunStore(openState());
  const { run, exit } = store.find(text);
  if (exit !== null) throw new ClawError('session_gone', `${run.name} has ended.`, { hint: `Its output: clawtab jobs logs ${run.id}` });
  const client = await store.connect(run, { role: 'terminal', ...terminalSize() });
  const { start, end } = client.status.log;
  finish(run, await joinTerminal(client, Math.max(start, end - TAIL_BYTES), { repaint: true }));
}
