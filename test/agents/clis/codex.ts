/** Codex, live. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LiveAgent } from '../live-agent.ts';

const lines = (content: string): string =>
  content
    .trimEnd()
    .split('\n')
    .map((line) => `+${line}\n`)
    .join('');

export const agent: LiveAgent = {
  name: 'codex',
  npm: { package: '@openai/codex', version: '0.169.0', bin: 'codex' },
  prepare(home, trusted, origin) {
    mkdirSync(join(home, '.codex'));
    writeFileSync(
      join(home, '.codex', 'config.toml'),
      [
        'model = "scripted"',
        'model_provider = "scripted"',
        // The test's home lies in /tmp, which its sandbox would let it write.
        '[sandbox_workspace_write]',
        'exclude_slash_tmp = true',
        'exclude_tmpdir_env_var = true',
        '[model_providers.scripted]',
        'name = "scripted"',
        `base_url = "${origin}/v1"`,
        'wire_api = "responses"',
        'env_key = "SCRIPTED_KEY"',
        `[projects.${JSON.stringify(trusted)}]`,
        'trust_level = "trusted"',
        '',
      ].join('\n'),
    );
    // Questions are for Plan mode only, unless this feature is on.
    return { env: { SCRIPTED_KEY: 'dummy-key' }, args: ['--no-daemon', '--enable', 'default_mode_request_user_input'] };
  },
  prompt: (text) => ['--', text],
  buttons: {
    allow: /^Yes, proceed/,
    refuse: /^No, and tell Codex/,
    always: /^Yes, and don.t ask again for commands/,
    write: /^Yes, proceed/,
    ownWords: /^None of the above, and say/,
  },
  trust: { text: /trust/i, yes: /^Trust and continue/, no: /^Back to/, refused: 'waits' },
  // Inside the workspace its sandbox lets it write unasked.
  writesOutside: true,
  rows: {
    shell: (command) => [
      'Yes, proceed',
      `Yes, and don't ask again for commands that start with \`${command}\``,
      'No, and tell Codex what to do differently',
    ],
    write: () => ['Yes, proceed', "Yes, and don't ask again for these files", 'No, and tell Codex what to do differently'],
    ask: ['None of the above'],
    trust: () => ({ text: 'Trust this folder?', options: ['Trust and continue', 'Back to Agent Command Center'] }),
  },
  shell: (command) => ({
    tool: 'exec_command',
    input: { cmd: command, sandbox_permissions: 'require_escalated', justification: 'May I make a file outside the sandbox?' },
  }),
  write: (path, content) => ({
    // Codex takes a patch out of a command; a model that it does not know gets no tool for it.
    tool: 'exec_command',
    input: { cmd: `apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: ${path}\n${lines(content)}*** End Patch\nEOF` },
  }),
  cannot: { 'choose several': 'its questions take one answer each' },
  ask: ({ question, labels }) => ({
    tool: 'request_user_input',
    input: {
      questions: [
        { id: 'database', header: 'Database', question, options: labels.map((label) => ({ label, description: `Use ${label}` })) },
      ],
    },
  }),
};
