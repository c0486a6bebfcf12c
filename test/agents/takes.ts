/**
 * What the recorder lets an agent ask: the model's turns, and beside them what must then stand on the screen, word for word. The labels of a
 * recording come from here and from the agent's own rows (`LiveAgent.rows`), never from what ClawTab reads.
 */
import { join } from 'node:path';
import type { LiveAgent } from './live-agent.ts';
import type { Script } from './script.ts';

/** One question that must come. */
export interface Expected {
  kind: 'permission' | 'choice' | 'multiselect' | 'trust';
  /** Part of what it says. */
  text: string;
  options: readonly string[];
}

export interface Take {
  about: string;
  turns(agent: LiveAgent, workspace: string): Script;
  /** null: nothing is asked; `closing` is then the text after which the recording may end. */
  expects(agent: LiveAgent, workspace: string): Expected | null;
  closing?: string;
  /** Played in a folder that the agent does not know. */
  newFolder?: true;
}

export const DATABASES = ['PostgreSQL', 'SQLite', 'DynamoDB'];
const LONG_QUESTION = 'How should the accounts table be carried over to the new schema, given that orders keep coming in all the time?';
const LONG_LABELS = [
  'Dual writes behind a feature flag, backfilled in small batches during the night',
  'Copy, swap and rename in one short maintenance window on Sunday',
  'Leave it as it is',
];
const CHECKS = ['Lint', 'Types', 'Units'];
const COMMAND = 'touch recorded.txt';
const LONG_COMMAND =
  'for name in alpha beta gamma delta epsilon zeta eta theta; do echo "one line about $name" >> notes-about-letters.txt; done && wc -l notes-about-letters.txt';
const CONTENT = 'one plain line\nanother plain line\n';
const DONE = 'It is all done now.';

const shell = (command: string): Pick<Take, 'turns' | 'expects'> => ({
  turns: (agent) => [{ say: 'I will run a command.', calls: [agent.shell(command)] }, { say: DONE }],
  expects: (agent, workspace) => ({ kind: 'permission', text: command, options: agent.rows.shell(command, workspace) }),
});

const fileIn = (workspace: string, agent: LiveAgent): string => join(agent.writesOutside ? `${workspace}/..` : workspace, 'notes.txt');

export const TAKES: Readonly<Record<string, Take>> = {
  shell: { about: 'may a short command run', ...shell(COMMAND) },
  'long-shell': { about: 'may a command of several lines on the screen run', ...shell(LONG_COMMAND) },
  write: {
    about: 'may a file be written',
    turns: (agent, workspace) => [{ say: 'I will write it down.', calls: [agent.write(fileIn(workspace, agent), CONTENT)] }, { say: DONE }],
    expects: (agent, workspace) => ({
      kind: 'permission',
      text: 'another plain line',
      options: agent.rows.write(fileIn(workspace, agent)),
    }),
  },
  choice: {
    about: 'one of three',
    turns: (agent) => [{ calls: [agent.ask({ question: 'Which database for the orders?', labels: DATABASES })] }, { say: DONE }],
    expects: (agent) => ({ kind: 'choice', text: 'Which database for the orders?', options: [...DATABASES, ...agent.rows.ask] }),
  },
  'long-choice': {
    about: 'one of three whose names wrap on a narrow screen',
    turns: (agent) => [{ calls: [agent.ask({ question: LONG_QUESTION, labels: LONG_LABELS })] }, { say: DONE }],
    expects: (agent) => ({ kind: 'choice', text: LONG_QUESTION, options: [...LONG_LABELS, ...agent.rows.ask] }),
  },
  several: {
    about: 'some of three',
    turns: (agent) => [
      { calls: [agent.askSeveral?.({ question: 'Which checks before a commit?', labels: CHECKS }) ?? cannot(agent, 'ask for several')] },
      { say: DONE },
    ],
    expects: (agent) => ({
      kind: 'multiselect',
      text: 'Which checks before a commit?',
      options: [...CHECKS, ...(agent.rows.askSeveral ?? agent.rows.ask)],
    }),
  },
  trust: {
    about: 'is a new folder trusted',
    newFolder: true,
    turns: () => [{ say: DONE }],
    expects: (agent, workspace) => ({ kind: 'trust', ...(agent.rows.trust?.(workspace) ?? cannot(agent, 'ask about a new folder')) }),
  },
  talk: { about: 'nothing is asked: a sentence', turns: () => [{ say: DONE }], expects: () => null, closing: DONE },
  prose: {
    about: 'nothing is asked: an answer that looks like a prompt',
    turns: () => [
      {
        say: `The installer prints this:\n\n    Do you want to proceed?\n    ❯ 1. Yes\n      2. No, and stop here\n    Overwrite config.json? [Y/n]\n\n${DONE}`,
      },
    ],
    expects: () => null,
    closing: DONE,
  },
  error: {
    about: 'nothing is asked: the model refuses its key',
    turns: () => [{ fail: { status: 401, type: 'authentication_error', message: 'That key is not known here.' } }],
    expects: () => null,
    closing: 'not known here',
  },
  work: {
    about: 'nothing is asked: a model that thinks, then writes for a while',
    turns: () => [{ thinkMs: 2500, paceMs: 70, say: `${'Reading the sources once more, one file after another. '.repeat(8)}${DONE}` }],
    expects: () => null,
    closing: DONE,
  },
};

function cannot(agent: LiveAgent, what: string): never {
  throw new Error(`${agent.name} cannot ${what}`);
}
