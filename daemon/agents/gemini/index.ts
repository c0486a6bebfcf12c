/** Gemini CLI: how it is recognised, launched and given hooks; reading and answering are beside this file. */
import type { Agent } from '../agent.ts';
import { startsProgram } from '../lib/argv.ts';
import { withHooks } from './hooks.ts';
import { keys } from './keys.ts';
import { read } from './reader.ts';

export const agent: Agent = {
  name: 'gemini',
  title: 'Gemini CLI',
  matches: (argv) => startsProgram(argv, ['gemini'], ['@google/gemini-cli']),
  launch: ({ prompt, model, flags, resume }) => [
    'gemini',
    ...(model === undefined ? [] : [`--model=${model}`]),
    ...(resume === true ? ['--resume=latest'] : []),
    ...flags,
    // One word with `=`: the prompt cannot be taken for a flag, and the session stays interactive.
    ...(prompt === undefined ? [] : [`--prompt-interactive=${prompt}`]),
  ],
  withHooks,
  // Gemini takes keys that come faster than 30 ms after text for part of a paste.
  paceMs: 60,
  read,
  keys,
};
