/** Claude Code: how it is recognised, launched and given hooks; reading and answering are beside this file. */
import type { Agent } from '../agent.ts';
import { startsProgram } from '../lib/argv.ts';
import { withHooks } from './hooks.ts';
import { keys } from './keys.ts';
import { read } from './reader.ts';

export const agent: Agent = {
  name: 'claude',
  title: 'Claude Code',
  matches: (argv) => startsProgram(argv, ['claude'], ['@anthropic-ai/claude-code']),
  launch: ({ prompt, model, flags, resume }) => [
    'claude',
    ...(model === undefined ? [] : ['--model', model]),
    ...(resume === true ? ['--continue'] : []),
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
