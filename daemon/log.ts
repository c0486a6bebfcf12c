/** The daemon's log: one JSON line an event, stable event words, never content. Bounded by one rotation. */
import * as fs from 'node:fs';

export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>;
export type Log = (event: string, fields?: Fields) => void;

const ROTATE_BYTES = 4 << 20;
/** Anything that looks like a token is cut out, wherever it comes from (security.md SEC-19). */
const SECRET = /\bct[dsr]_[A-Za-z0-9_-]+/g;

export const redact = (text: string): string => text.replace(SECRET, 'ct?_…');

const line = (event: string, fields: Fields): string => `${redact(JSON.stringify({ t: new Date().toISOString(), event, ...fields }))}\n`;

/** Appends to `file`, which is renamed to `.1` when it grows past 4 MiB. A disk that refuses costs lines, never the daemon. */
export function fileLog(file: string): Log {
  let size = fs.existsSync(file) ? fs.statSync(file).size : 0;
  return (event, fields = {}) => {
    const text = line(event, fields);
    try {
      if (size > ROTATE_BYTES) {
        fs.renameSync(file, `${file}.1`);
        size = 0;
      }
      fs.appendFileSync(file, text, { mode: 0o600 });
      size += text.length;
    } catch {
      // A full disk must not stop the daemon; doctor tells about it.
      size = 0;
    }
  };
}

export const silentLog: Log = () => undefined;

/** What may be logged of an unexpected error: its kind and where, not its data. */
export function describeError(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const cause = error.cause instanceof Error ? `${error.cause.name}: ${error.cause.message.slice(0, 200)}` : undefined;
  return {
    error: error.name,
    message: error.message.slice(0, 300),
    code,
    cause,
    stack: error.stack?.split('\n').slice(1, 4).join(' ').slice(0, 400),
  };
}
