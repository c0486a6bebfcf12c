/** Qwen Code, live: what is special about it is here, the course of the test in `live.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installAgent } from './install.ts';
import { runLive } from './live.ts';

process.exit(
  await runLive({
    name: 'qwen',
    installed: installAgent('qwen', '@qwen-code/qwen-code', '0.24.4', 'qwen'),
    prepare(home, _workspace, origin) {
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
    shell: (command) => ({ tool: 'run_shell_command', input: { command, description: 'Make a file', is_background: false } }),
    ask: (question, labels) => ({
      tool: 'ask_user_question',
      input: {
        questions: [
          { question, header: 'Database', multiSelect: false, options: labels.map((label) => ({ label, description: `Use ${label}` })) },
        ],
      },
    }),
    allow: /^Yes, allow once/,
    refuse: /^No, suggest changes/,
  }),
);
