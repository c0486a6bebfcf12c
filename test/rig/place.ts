/** A place of its own for what a test starts: an empty HOME, a scrubbed environment, an end that leaves nothing running. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Place {
  home: string;
  /** What `env -i` would leave, and HOME: nothing of this machine's own settings or credentials. */
  env: Record<string, string>;
  remove(): void;
}

export function createPlace(more: Record<string, string> = {}): Place {
  const home = mkdtempSync(join(tmpdir(), 'clawtab-test-'));
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: home,
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    USER: 'tester',
    CLAWTAB_DEMO_PACE: '20',
    ...more,
  };
  return { home, env, remove: () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }) };
}
