/** Continue CLI, live. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LiveAgent } from '../live-agent.ts';

const OPTIONS = ['Continue', "Continue + don't ask again", 'No, and tell Continue what to do differently'];

export const agent: LiveAgent = {
  name: 'continue',
  npm: { package: '@continuedev/cli', version: '1.5.47', bin: 'cn' },
  prepare(home, _trusted, origin) {
    const settings = join(home, '.continue');
    mkdirSync(settings);
    const config = join(settings, 'config.yaml');
    writeFileSync(
      config,
      [
        'name: Scripted',
        'version: 1.0.0',
        'schema: v1',
        'models:',
        '  - name: scripted',
        '    provider: openai',
        '    model: scripted',
        '    apiKey: dummy-key',
        `    apiBase: ${origin}/v1/`,
        // It takes an unknown model for one without tools.
        '    capabilities: [tool_use]',
        '    roles: [chat]',
        '',
      ].join('\n'),
    );
    return {
      env: { CONTINUE_GLOBAL_DIR: settings, CONTINUE_CLI_ENABLE_TELEMETRY: '0', CONTINUE_METRICS_ENABLED: '0' },
      args: ['--config', config],
    };
  },
  prompt: (text) => [text],
  buttons: {
    allow: /^Continue$/,
    refuse: /^No, and tell Continue/,
    always: /^Continue \+ don.t ask again/,
    write: /^Continue$/,
    ownWords: null,
  },
  rows: { shell: () => OPTIONS, write: () => OPTIONS, ask: [] },
  shell: (command) => ({ tool: 'Bash', input: { command } }),
  write: (path, content) => ({ tool: 'Write', input: { filepath: path, content } }),
  ask: ({ question, labels }) => ({ tool: 'AskQuestion', input: { question, options: labels } }),
  cannot: { 'choose several': 'its questions take one answer each' },
};
