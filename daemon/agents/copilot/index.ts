/** GitHub Copilot CLI: how it is recognised and launched and given hooks; reading and answering are beside this file. */
import type { Agent } from '../agent.ts';
import { startsProgram } from '../lib/argv.ts';
import { withHooks } from './hooks.ts';
import { keys } from './keys.ts';
import { read } from './reader.ts';

export const agent: Agent = {
  name: 'copilot',
  title: 'GitHub Copilot CLI',
  matches: (argv) => startsProgram(argv, ['copilot'], ['@github/copilot']),
  launch: ({ prompt, model, flags, resume }) => [
    'copilot',
    ...(model === undefined ? [] : ['--model', model]),
    ...(resume === true ? ['--continue'] : []),
    ...flags,
    // The option's own value, in one word: never parsed as a flag.
    ...(prompt === undefined ? [] : [`--interactive=${prompt}`]),
  ],
  withHooks,
  paceMs: 30,
  read,
  keys,
};
