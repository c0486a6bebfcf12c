/** The command that runs a file of this package: from sources through tsx, as installed without. */
import { createRequire } from 'node:module';
import * as path from 'node:path';

/** argv for `file` (parts below daemon/, without ending). */
export function ownCommand(...file: string[]): string[] {
  const fromSource = import.meta.filename.endsWith('.ts');
  const target = `${path.join(import.meta.dirname, ...file)}.${fromSource ? 'ts' : 'js'}`;
  return fromSource
    ? [process.execPath, '--import', `file://${createRequire(import.meta.url).resolve('tsx')}`, target]
    : [process.execPath, target];
}
