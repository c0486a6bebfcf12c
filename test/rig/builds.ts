/** Builds of the daemon for the rounds in which one takes over from another: the one in dist/, and the same with the holders' protocol one version on. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PROTOCOL } from '../../daemon/runs/holder-protocol.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** argv of the built `clawtab`. */
export const builtCli = (): string[] => [process.execPath, join(ROOT, 'dist/daemon/cli.js')];

/** Copies the build into `dir` and raises its holder protocol by one; argv of its `clawtab`. It still speaks the version before, as every version must. */
export function nextCli(dir: string): string[] {
  const next = join(dir, 'next');
  mkdirSync(join(next, 'dist'), { recursive: true });
  for (const room of ['daemon', 'shared']) cpSync(join(ROOT, 'dist', room), join(next, 'dist', room), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(next, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(next, 'node_modules'));
  const file = join(next, 'dist/daemon/runs/holder-protocol.js');
  const before = readFileSync(file, 'utf8');
  const after = before.replace(
    /PROTOCOL = \{ oldest: (\d+), newest: (\d+) \}/,
    `PROTOCOL = { oldest: $1, newest: ${PROTOCOL.newest + 1} }`,
  );
  if (after === before) throw new Error('the built holder protocol is not where it was');
  writeFileSync(file, after);
  return [process.execPath, join(next, 'dist/daemon/cli.js')];
}
