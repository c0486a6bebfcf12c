/** Codex, live: what is special about it is here, the course of the test in `live.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installAgent } from './install.ts';
import { runLive } from './live.ts';

process.exit(
  await runLive({
    name: 'codex',
    installed: installAgent('codex', '@openai/codex', '0.169.0', 'codex'),
    prepare(home, workspace, origin) {
      mkdirSync(join(home, '.codex'));
      writeFileSync(
        join(home, '.codex', 'config.toml'),
        [
          'model = "scripted"',
          'model_provider = "scripted"',
          'approval_policy = "on-request"',
          'sandbox_mode = "workspace-write"',
          '[model_providers.scripted]',
          'name = "scripted"',
          `base_url = "${origin}/v1"`,
          'wire_api = "responses"',
          'env_key = "SCRIPTED_KEY"',
          `[projects.${JSON.stringify(workspace)}]`,
          'trust_level = "trusted"',
          '',
        ].join('\n'),
      );
      // Questions are for Plan mode only, unless this feature is on.
      return { env: { SCRIPTED_KEY: 'dummy-key' }, args: ['--no-daemon', '--enable', 'default_mode_request_user_input'] };
    },
    prompt: (text) => ['--', text],
    shell: (command) => ({
      tool: 'exec_command',
      input: { cmd: command, sandbox_permissions: 'require_escalated', justification: 'May I make a file outside the sandbox?' },
    }),
    ask: (question, labels) => ({
      tool: 'request_user_input',
      input: {
        questions: [
          { id: 'database', header: 'Database', question, options: labels.map((label) => ({ label, description: `Use ${label}` })) },
        ],
      },
    }),
    allow: /^Yes, proceed/,
    refuse: /^No, and tell Codex/,
  }),
);
