/** Every program that no other folder claims: plain terminal prompts. Also the `custom` agent of a job. */
import { ClawError } from '../../../shared/errors.ts';
import type { Agent } from '../agent.ts';
import { keys } from './keys.ts';
import { read } from './reader.ts';

export const agent: Agent = {
  name: 'generic',
  title: 'Command',
  matches: () => false,
  launch: () => {
    throw new ClawError('usage', 'A custom agent needs a command of its own.');
  },
  paceMs: 30,
  read,
  keys,
};
