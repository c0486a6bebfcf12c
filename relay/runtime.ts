/** The relay as a process, the same on every runtime: environment → relay → one line on stdout when it listens; SIGTERM and SIGINT drain. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { asClawError, errorRow } from '../shared/errors.ts';
import { builtPage, type Serve, startRelay } from './command.ts';
import { readConfig } from './config.ts';
import { stderrLog } from './log.node.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** Of the package, whether this file runs from its sources or from `dist`. */
function ownVersion(): string {
  const file = ['..', '../..'].map((up) => join(here, up, 'package.json')).find((path) => existsSync(path));
  if (file) return v.parse(v.object({ version: v.string() }), JSON.parse(readFileSync(file, 'utf8'))).version;
  return '0.0.0';
}

/** Ends the process: 0 after a drain, else the exit code of what went wrong. `started`: called in the moment in which the relay listens. */
export async function runRelay(serve: Serve, started: () => void = () => undefined): Promise<never> {
  // From the very start: a relay stopped while it starts leaves no database behind.
  const stopAsked = new Promise<void>((resolve) => {
    process.on('SIGTERM', () => resolve());
    process.on('SIGINT', () => resolve());
  });
  try {
    const log = stderrLog(process.env['CLAWTAB_LOG'] || 'info');
    const relay = await startRelay(readConfig(process.env), { serve, log, version: ownVersion(), pageRoot: builtPage(here) });
    started();
    process.stdout.write(`${JSON.stringify({ event: 'listening', origin: relay.origin })}\n`);
    await stopAsked;
    await relay.drain();
    process.exit(0);
  } catch (thrown) {
    const error = asClawError(thrown);
    process.stderr.write(`clawtab relay: ${error.message}\n${error.hint ? `try: ${error.hint}\n` : ''}`);
    if (error.code === 'internal') process.stderr.write(`${error.cause instanceof Error ? error.cause.stack : String(error.cause)}\n`);
    process.exit(errorRow(error.code).exit);
  }
}
