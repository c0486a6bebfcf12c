/** Continue CLI (`cn`): how it is recognised and launched; reading and answering are beside this file. */
import type { Agent } from '../agent.ts';
import { startsProgram } from '../lib/argv.ts';
import { keys } from './keys.ts';
import { read } from './reader.ts';

export const agent: Agent = {
  name: 'continue',
  title: 'Continue CLI',
  matches: (argv) => startsProgram(argv, ['cn'], ['@continuedev/cli']),
  launch: ({ prompt, model, flags, resume }) => [
    'cn',
    ...(model === undefined ? [] : ['--model', model]),
    ...(resume === true ? ['--resume'] : []),
    ...flags,
    ...(prompt === undefined ? [] : ['--', prompt]),
  ],
  paceMs: 60,
  read,
  keys,
};
