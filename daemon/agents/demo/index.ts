/** The bundled demo agent (daemon/demo/): scripted, so that the loop can be seen without any agent installed. */
import { ownCommand } from '../../own-command.ts';
import type { Agent } from '../agent.ts';
import { startsProgram } from '../lib/argv.ts';
import { keys, read } from './dialog.ts';

export const agent: Agent = {
  name: 'demo',
  title: 'Demo agent',
  matches: (argv) => startsProgram(argv.slice(-1), ['demo-agent.ts', 'demo-agent']),
  launch: () => ownCommand('demo', 'demo-agent'),
  paceMs: 20,
  read,
  keys,
};
