/** The command that runs a file of this package: from sources through tsx, as installed without. */
import { createRequire } from 'node:module';
import * as path from 'node:path';

/**
 * A daemon runs for weeks and mostly waits: one thread beside it for V8's own work instead of four, each of which keeps an arena of memory (12 MB less),
 * and little young space, so that a flood of output does not leave it large.
 */
export const DAEMON_FLAGS = ['--v8-pool-size=1', '--max-semi-space-size=4'];

/** argv for `file` (parts below daemon/, without ending). */
export function ownCommand(...file: string[]): string[] {
  return command([], file);
}

/** argv of the daemon in the foreground. */
export function daemonCommandLine(): string[] {
  return [...command(DAEMON_FLAGS, ['cli']), 'daemon', 'run'];
}

function command(flags: readonly string[], file: readonly string[]): string[] {
  const fromSource = import.meta.filename.endsWith('.ts');
  const target = `${path.join(import.meta.dirname, ...file)}.${fromSource ? 'ts' : 'js'}`;
  return fromSource
    ? [process.execPath, ...flags, '--import', `file://${createRequire(import.meta.url).resolve('tsx')}`, target]
    : [process.execPath, ...flags, target];
}
