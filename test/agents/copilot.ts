/** GitHub Copilot CLI, live: what is special about it is here, the course of the test in `live.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installAgent } from './install.ts';
import { runLive } from './live.ts';

process.exit(
  await runLive({
    name: 'copilot',
    installed: installAgent('copilot', '@github/copilot', '1.0.102', 'copilot'),
    prepare(home, workspace, origin) {
      mkdirSync(join(home, '.copilot'));
      writeFileSync(join(home, '.copilot', 'config.json'), JSON.stringify({ trusted_folders: [workspace], banner: 'never' }));
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
    shell: (command) => ({ tool: 'bash', input: { command, description: 'Make a file' } }),
    ask: (question, labels) => ({
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
    allow: /^Yes$/,
    refuse: /^No, and tell Copilot[^,]*$/,
  }),
);
