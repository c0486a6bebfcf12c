/** Claude Code, live. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LiveAgent } from '../live-agent.ts';

const KEY = 'sk-ant-api03-dummy-key-of-a-test-0000';
const options = (labels: readonly string[]) => labels.map((label) => ({ label, description: `Use ${label}` }));

export const agent: LiveAgent = {
  name: 'claude',
  npm: { package: '@anthropic-ai/claude-code', version: '2.1.331', bin: 'claude' },
  prepare(home, trusted, origin) {
    // First-run onboarding cannot be done offline; this is what it leaves behind.
    const projects = { [trusted]: { hasTrustDialogAccepted: true } };
    writeFileSync(
      join(home, '.claude.json'),
      JSON.stringify({
        hasCompletedOnboarding: true,
        theme: 'dark',
        customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
        projects,
      }),
    );
    return {
      env: {
        ANTHROPIC_BASE_URL: origin,
        ANTHROPIC_API_KEY: KEY,
        DISABLE_AUTOUPDATER: '1',
        DISABLE_TELEMETRY: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      },
      args: ['--permission-mode', 'manual'],
    };
  },
  prompt: (text) => [text],
  buttons: {
    allow: /^Yes$/,
    refuse: /^No$/,
    always: /^Yes, and (?:always allow|don.t ask again)/,
    write: /^Yes$/,
    ownWords: /^Type something/,
  },
  trust: { text: /trust/i, yes: /^Yes, I trust/, no: /^No, exit/, refused: 'ends' },
  rows: {
    shell: (command, workspace) => [
      'Yes',
      ...(command.startsWith('touch') ? [`Yes, and always allow access to ${workspace} from this project`] : []),
      'Yes, and switch to auto mode · auto mode handles these prompts for you',
      'No',
    ],
    write: () => [
      'Yes',
      'Yes, and switch to accept edits (auto-approve file edits and common file commands) for this session (shift+tab)',
      'No',
    ],
    ask: ['Type something.', 'Chat about this'],
    askSeveral: ['Type something', 'Submit', 'Chat about this'],
    trust: () => ({ text: 'Quick safety check', options: ['No, exit', 'Yes, I trust this folder'] }),
  },
  shell: (command) => ({ tool: 'Bash', input: { command, description: 'Make a file' } }),
  write: (path, content) => ({ tool: 'Write', input: { file_path: path, content } }),
  ask: ({ question, labels }) => ({
    tool: 'AskUserQuestion',
    input: { questions: [{ question, header: 'Database', multiSelect: false, options: options(labels) }] },
  }),
  askSeveral: ({ question, labels }) => ({
    tool: 'AskUserQuestion',
    input: { questions: [{ question, header: 'Checks', multiSelect: true, options: options(labels) }] },
  }),
};
