/** The daemon in the foreground of a process: signals, unexpected errors, the end. Used by `clawtab daemon run` and `clawtab up`. */

import * as path from 'node:path';
import { describeError, fileLog } from './log.ts';
import { type Daemon, type DaemonOptions, startDaemon } from './main.ts';

/** Starts the daemon; an error that nobody caught is logged and ends nothing. */
export async function startForeground(options: DaemonOptions): Promise<Daemon> {
  const daemon = await startDaemon(options);
  const log = fileLog(path.join(daemon.state.logs, 'daemon.log'));
  process.on('uncaughtException', (error) => log('error', { uncaught: true, ...describeError(error) }));
  process.on('unhandledRejection', (error) => log('error', { unhandled: true, ...describeError(error) }));
  // A terminal that goes away, or a reader of our output: no reason to stop looking after agents.
  process.on('SIGPIPE', () => undefined);
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  return daemon;
}
