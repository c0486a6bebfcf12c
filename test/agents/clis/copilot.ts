/** GitHub Copilot CLI, live. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { LiveAgent } from '../live-agent.ts';

export const agent: LiveAgent = {
  name: 'copilot',
  npm: { package: '@github/copilot', version: '1.0.102', bin: 'copilot' },
  prepare(home, trusted, origin) {
    mkdirSync(join(home, '.copilot'));
    writeFileSync(join(home, '.copilot', 'config.json'), JSON.stringify({ trusted_folders: [trusted], banner: 'never' }));
    return {
      env: {
        COPILOT_PROVIDER_TYPE: 'openai',
        COPILOT_PROVIDER_BASE_URL: `${origin}/v1`,
        COPILOT_PROVIDER_API_KEY: 'dummy-key',
        COPILOT_MODEL: 'gpt-4.1',
        COPILOT_OFFLINE: 'true',
        COPILOT_AUTO_UPDATE: 'false',
      },
      args: [],
    };
  },
  prompt: (text) => [`--interactive=${text}`],
  buttons: {
    allow: /^Yes$/,
    refuse: /^No, and tell Copilot[^,]*$/,
    always: /^Yes, and don.t ask again/,
    write: /^Yes$/,
    ownWords: /^Other/,
  },
  trust: { text: /trust the files/i, yes: /^Yes$/, no: /^No \(Esc\)/, refused: 'ends' },
  alwaysCommand: 'touch always.txt',
  rows: {
    shell: (_command, workspace) => [
      'Yes',
      `Yes, and don't ask again for \`touch\` in this directory (~/${basename(workspace)})`,
      'No, and tell Copilot what to do differently (Esc to stop)',
    ],
    write: () => ['Yes', 'No, and tell Copilot what to do differently (Esc to stop)'],
    ask: ['Other (type your answer)'],
    askSeveral: [],
    trust: () => ({
      text: 'Do you trust the files in this folder?',
      options: ['Yes', 'Yes, and remember this folder for future sessions', 'No (Esc)'],
    }),
  },
  shell: (command) => ({ tool: 'bash', input: { command, description: 'Make a file' } }),
  write: (path, content) => ({ tool: 'create', input: { path, file_text: content } }),
  ask: ({ question, labels }) => ({
    tool: 'ask_user',
    input: {
      message: question,
      requestedSchema: {
        type: 'object',
        properties: { database: { type: 'string', title: 'Database', enum: labels } },
        required: ['database'],
      },
    },
  }),
  askSeveral: ({ question, labels }) => ({
    tool: 'ask_user',
    input: {
      message: question,
      requestedSchema: {
        type: 'object',
        properties: { checks: { type: 'array', title: 'Checks', items: { type: 'string', enum: labels } } },
        required: ['checks'],
      },
    },
  }),
};
