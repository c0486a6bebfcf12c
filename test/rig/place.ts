/** A place of its own for what a test starts: an empty HOME, a scrubbed environment, an end that leaves nothing running. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endRuns } from '../../daemon/test-daemon.ts';
import { databaseDirs } from '../../relay/store/embedded-place.ts';

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
  return {
    home,
    env,
    remove() {
      for (const state of ['state', '.local/state/clawtab', 'Library/Application Support/clawtab', 's']) endRuns(join(home, state));
      // Root's database lies elsewhere: what the state folder notes goes with it.
      const states = ['state', '.local/state/clawtab/relay'].map((state) => join(home, state)).filter(existsSync);
      for (const dir of [...states.flatMap(databaseDirs), home]) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
