/** Log lines as JSON on stderr, through pino. A reader that does not keep up loses lines; it never holds up the relay. */
import { destination, pino } from 'pino';
import type { Log } from './log.ts';

const BUFFERED_BYTES = 1024 * 1024;

export function stderrLog(level: string): Log {
  const out = destination({ dest: 2, sync: false, maxLength: BUFFERED_BYTES });
  const logger = pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, out);
  return (at, event, fields) => logger[at]({ event, ...fields });
}
