/** Gemini CLI, live. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Asking, LiveAgent } from '../live-agent.ts';

const ask = ({ question, labels }: Asking, multiSelect: boolean) => ({
  tool: 'ask_user',
  input: {
    questions: [
      {
        question,
        header: 'Database',
        type: 'choice',
        multiSelect,
        options: labels.map((label) => ({ label, description: `Use ${label}` })),
      },
    ],
  },
});

export const agent: LiveAgent = {
  name: 'gemini',
  npm: { package: '@google/gemini-cli', version: '0.61.0', bin: 'gemini' },
  prepare(home, trusted, origin) {
    const settings = join(home, '.gemini');
    mkdirSync(settings);
    writeFileSync(
      join(settings, 'settings.json'),
      JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: true } } }),
    );
    writeFileSync(join(settings, 'trustedFolders.json'), JSON.stringify({ [trusted]: 'TRUST_FOLDER' }));
    // A model by name: "auto" asks a classifier first, which a script cannot play.
    return { env: { GEMINI_API_KEY: 'dummy-key', GOOGLE_GEMINI_BASE_URL: origin }, args: ['--model=gemini-2.5-flash'] };
  },
  prompt: (text) => [`--prompt-interactive=${text}`],
  buttons: {
    allow: /^Allow once/,
    refuse: /^No, suggest changes/,
    always: /^Allow for this session/,
    write: /^Allow once/,
    // Its row is scrolled off: the card has a field for it.
    ownWords: null,
  },
  trust: { text: /trust/i, yes: /^Trust folder/, no: /^Don.t trust/, refused: 'starts' },
  // A question that follows at once takes the place of the one before and, in 0.61.0, is sent with that one's answer, untouched.
  thinkMs: 1500,
  rows: {
    shell: () => ['Allow once', 'Allow for this session', 'No, suggest changes (esc)'],
    write: () => ['Allow once', 'Allow for this session', 'Modify with external editor', 'No, suggest changes (esc)'],
    ask: ['Enter a custom value'],
    askSeveral: ['All of the above', 'Enter a custom value', 'Done'],
    trust: (workspace) => ({
      text: 'Do you trust the files in this folder?',
      options: [`Trust folder (${basename(workspace)})`, `Trust parent folder (${basename(dirname(workspace))})`, "Don't trust"],
    }),
  },
  shell: (command) => ({ tool: 'run_shell_command', input: { command, description: 'Make a file' } }),
  write: (path, content) => ({ tool: 'write_file', input: { file_path: path, content } }),
  ask: (asking) => ask(asking, false),
  askSeveral: (asking) => ask(asking, true),
};
