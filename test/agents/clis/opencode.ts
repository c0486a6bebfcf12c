/** opencode, live. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Asking, LiveAgent } from '../live-agent.ts';

const ask = ({ question, labels }: Asking, multiple: boolean) => ({
  tool: 'question',
  input: {
    questions: [{ question, header: 'Database', multiple, options: labels.map((label) => ({ label, description: `Use ${label}` })) }],
  },
});

export const agent: LiveAgent = {
  name: 'opencode',
  npm: { package: 'opencode-ai', version: '1.18.33', bin: 'opencode' },
  prepare(home, _trusted, origin) {
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
  buttons: { allow: /^Allow once/, refuse: /^Reject/, always: /^Allow always/, write: /^Allow once/, ownWords: /^Type your own answer/ },
  rows: {
    shell: () => ['Allow once', 'Allow always', 'Reject'],
    write: () => ['Allow once', 'Allow always', 'Reject'],
    ask: ['Type your own answer'],
  },
  shell: (command) => ({ tool: 'bash', input: { command, description: 'Make a file' } }),
  write: (path, content) => ({ tool: 'write', input: { filePath: path, content } }),
  ask: (asking) => ask(asking, false),
  askSeveral: (asking) => ask(asking, true),
};
