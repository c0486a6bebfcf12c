/** Qwen Code: how it is recognised, launched and given hooks; reading and answering are beside this file. */
import type { Agent } from '../agent.ts';
import { startsProgram } from '../lib/argv.ts';
import { withHooks } from './hooks.ts';
import { keys } from './keys.ts';
import { read } from './reader.ts';

export const agent: Agent = {
  name: 'qwen',
  title: 'Qwen Code',
  matches: (argv) => startsProgram(argv, ['qwen'], ['@qwen-code/qwen-code']),
  launch: ({ prompt, model, flags, resume }) => [
    'qwen',
    ...(model === undefined ? [] : [`--model=${model}`]),
    ...(resume === true ? ['--continue'] : []),
    ...flags,
    // One word with `=`: the prompt cannot be taken for a flag, and the session stays interactive.
    ...(prompt === undefined ? [] : [`--prompt-interactive=${prompt}`]),
  ],
  withHooks,
  paceMs: 60,
  read,
  keys,
};
