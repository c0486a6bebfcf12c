/** Gemini CLI, live: what is special about it is here, the course of the test in `live.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installAgent } from './install.ts';
import { runLive } from './live.ts';

process.exit(
  await runLive({
    name: 'gemini',
    installed: installAgent('gemini', '@google/gemini-cli', '0.61.0', 'gemini'),
    prepare(home, workspace, origin) {
      const settings = join(home, '.gemini');
      mkdirSync(settings);
      writeFileSync(join(settings, 'settings.json'), JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' } } }));
      writeFileSync(join(settings, 'trustedFolders.json'), JSON.stringify({ [workspace]: 'TRUST_FOLDER' }));
      // A model by name: "auto" asks a classifier first, which a script cannot play.
      return { env: { GEMINI_API_KEY: 'dummy-key', GOOGLE_GEMINI_BASE_URL: origin }, args: ['--model=gemini-2.5-flash'] };
    },
    prompt: (text) => [`--prompt-interactive=${text}`],
    shell: (command) => ({ tool: 'run_shell_command', input: { command, description: 'Make a file' } }),
    ask: (question, labels) => ({
      tool: 'ask_user',
      input: {
        questions: [
          { question, header: 'Database', type: 'choice', options: labels.map((label) => ({ label, description: `Use ${label}` })) },
        ],
      },
    }),
    allow: /^Allow once/,
    refuse: /^No, suggest changes/,
  }),
);
