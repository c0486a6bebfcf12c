/** Codex: how it is recognised, launched and given hooks; reading and answering are beside this file. */
import type { Agent } from '../agent.ts';
import { startsProgram } from '../lib/argv.ts';
import { withHooks } from './hooks.ts';
import { keys } from './keys.ts';
import { read } from './reader.ts';

export const agent: Agent = {
  name: 'codex',
  title: 'Codex',
  matches: (argv) => startsProgram(argv, ['codex'], ['@openai/codex']),
  launch: ({ prompt, model, flags, resume }) => [
    'codex',
    ...(resume === true ? ['resume', '--last'] : []),
    ...(model === undefined ? [] : ['--model', model]),
    ...flags,
    // Everything behind `--` is the prompt, whatever it starts with.
    ...(prompt === undefined ? [] : ['--', prompt]),
  ],
  withHooks,
  // Text that came in one write with the option's key was lost at 0 ms and arrived at 20 ms (agents.md, Timing).
  paceMs: 30,
  read,
  keys,
};
