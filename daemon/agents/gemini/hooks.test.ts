/** Where Gemini is given hooks: only from a file that it would read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withHooks } from './hooks.ts';

it('hooks come from a file that belongs to root, all the way up', () => {
  // A file that every system has: nobody but root may write it.
  expect(withHooks(['gemini'], ['/opt/claw tab', 'hook'], '/etc/hosts')).toEqual({
    argv: ['gemini'],
    env: { GEMINI_CLI_SYSTEM_DEFAULTS_PATH: '/etc/hosts', CLAWTAB_GEMINI_HOOK: "'/opt/claw tab' hook" },
  });
});

it('where others may write there are none: Gemini would skip the file, and warn', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ct-'));
  try {
    writeFileSync(join(folder, 'settings.json'), '{}');
    expect(withHooks(['gemini'], ['hook'], join(folder, 'settings.json'))).toEqual({ argv: ['gemini'] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
