/** Qwen Code, live. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Asking, LiveAgent } from '../live-agent.ts';

const ask = ({ question, labels }: Asking, multiSelect: boolean) => ({
  tool: 'ask_user_question',
  input: {
    questions: [{ question, header: 'Database', multiSelect, options: labels.map((label) => ({ label, description: `Use ${label}` })) }],
  },
});

export const agent: LiveAgent = {
  name: 'qwen',
  npm: { package: '@qwen-code/qwen-code', version: '0.24.4', bin: 'qwen' },
  prepare(home, _trusted, origin) {
    const settings = join(home, '.qwen');
    mkdirSync(settings);
    writeFileSync(
      join(settings, 'settings.json'),
      JSON.stringify({ security: { auth: { selectedType: 'openai' } }, model: { name: 'scripted' } }),
    );
    return {
      env: { OPENAI_API_KEY: 'dummy-key', OPENAI_BASE_URL: `${origin}/v1`, OPENAI_MODEL: 'scripted' },
      args: ['--approval-mode', 'default'],
    };
  },
  prompt: (text) => [`--prompt-interactive=${text}`],
  buttons: {
    allow: /^Yes, allow once/,
    refuse: /^No, suggest changes/,
    always: /^Always allow .* in this project/,
    write: /^Yes, allow once/,
    ownWords: /^Type something/,
  },
  rows: {
    shell: () => [
      'Yes, allow once',
      "Always allow run 'touch *' commands in this project",
      "Always allow run 'touch *' commands for this user",
      'No, suggest changes (esc)',
    ],
    write: () => ['Yes, allow once', 'Yes, allow always', 'No, suggest changes (esc)'],
    ask: ['Type something...'],
  },
  shell: (command) => ({ tool: 'run_shell_command', input: { command, description: 'Make a file', is_background: false } }),
  write: (path, content) => ({ tool: 'write_file', input: { file_path: path, content } }),
  ask: (asking) => ask(asking, false),
  askSeveral: (asking) => ask(asking, true),
};
