/** opencode, live: what is special about it is here, the course of the test in `live.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installAgent } from './install.ts';
import { runLive } from './live.ts';

process.exit(
  await runLive({
    name: 'opencode',
    installed: installAgent('opencode', 'opencode-ai', '1.18.33', 'opencode'),
    prepare(home, _workspace, origin) {
      const settings = join(home, '.config/opencode');
      mkdirSync(settings, { recursive: true });
      const models = { scripted: { name: 'Scripted', limit: { context: 128_000, output: 8_000 }, tool_call: true } };
      const provider = {
        npm: '@ai-sdk/openai-compatible',
        name: 'Scripted',
        options: { baseURL: `${origin}/v1`, apiKey: 'dummy-key' },
        models,
      };
      writeFileSync(
        join(settings, 'opencode.json'),
        JSON.stringify({
          autoupdate: false,
          share: 'disabled',
          model: 'scripted/scripted',
          small_model: 'scripted/scripted',
          provider: { scripted: provider },
          permission: { bash: 'ask', edit: 'ask' },
        }),
      );
      return {
        env: {
          XDG_CONFIG_HOME: join(home, '.config'),
          XDG_DATA_HOME: join(home, '.local/share'),
          XDG_STATE_HOME: join(home, '.local/state'),
          XDG_CACHE_HOME: join(home, '.cache'),
          OPENCODE_DISABLE_AUTOUPDATE: '1',
          OPENCODE_DISABLE_MODELS_FETCH: '1',
        },
        args: [],
      };
    },
    prompt: (text) => [`--prompt=${text}`],
    shell: (command) => ({ tool: 'bash', input: { command, description: 'Make a file' } }),
    ask: (question, labels) => ({
      tool: 'question',
      input: {
        questions: [
          { question, header: 'Database', multiple: false, options: labels.map((label) => ({ label, description: `Use ${label}` })) },
        ],
      },
    }),
    allow: /^Allow once/,
    refuse: /^Reject/,
  }),
);
