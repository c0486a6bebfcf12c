/** `clawtab attach RUN`: joins the terminal of a run that lives, with its screen as it is. */
import { Command } from 'commander';
import { ClawError } from '../../shared/errors.ts';
import { rebuildScreen } from '../runs/repaint.ts';
import { RunStore } from '../runs/run-store.ts';
import { joinTerminal, terminalSize } from '../runs/terminal.ts';
import { openState } from '../state.ts';
import { finish } from './run.ts';

/** Output a pipe gets from before it joined, bytes. */
const TAIL_BYTES = 256 << 10;

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
  if (process.stdout.isTTY !== true) {
    const client = await store.connect(run, { role: 'terminal' });
    return finish(run, await joinTerminal(client, { from: Math.max(client.status.log.start, client.status.log.end - TAIL_BYTES) }));
  }
  // The screen is read before this terminal gives the run its size: what the agent draws anew then comes live.
  const { paint, from } = await rebuildScreen(await store.connect(run, { role: 'viewer' }), terminalSize());
  const client = await store.connect(run, { role: 'terminal', ...terminalSize() });
  finish(run, await joinTerminal(client, { from, firstPaint: paint }));
}
