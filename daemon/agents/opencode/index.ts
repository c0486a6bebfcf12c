/** opencode: how it is recognised and launched; reading and answering are beside this file. */
import type { Agent } from '../agent.ts';
import { startsProgram } from '../lib/argv.ts';
import { keys } from './keys.ts';
import { read } from './reader.ts';

export const agent: Agent = {
  name: 'opencode',
  title: 'opencode',
  matches: (argv) => startsProgram(argv, ['opencode'], ['opencode-ai']),
  launch: ({ prompt, model, flags, resume }) => [
    'opencode',
    ...(model === undefined ? [] : [`--model=${model}`]),
    ...(resume === true ? ['--continue'] : []),
    ...flags,
    // One word with `=`: the prompt cannot be taken for a flag.
    ...(prompt === undefined ? [] : [`--prompt=${prompt}`]),
  ],
  paceMs: 60,
  read,
  keys,
};
