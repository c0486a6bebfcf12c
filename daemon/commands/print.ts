/** How the CLI looks: errors, tables, ages, colours (only on a terminal). Knows no command. */
import { asClawError, EXIT, errorRow } from '../../shared/errors.ts';

const colourful = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && process.env.NO_COLOR === undefined && process.env.TERM !== 'dumb';
const paint =
  (code: string) =>
  (text: string, stream: NodeJS.WriteStream = process.stdout): string =>
    colourful(stream) ? `\x1b[${code}m${text}\x1b[0m` : text;
export const bold = paint('1');
export const dim = paint('2');
export const red = paint('31');
export const green = paint('32');
export const yellow = paint('33');

export const say = (text: string): void => void process.stdout.write(`${text}\n`);
export const json = (value: unknown): void => say(JSON.stringify(value, null, 2));

/** One line naming the thing, one with the way out; returns the exit code. */
export function printError(thrown: unknown): number {
  const error = asClawError(thrown);
  process.stderr.write(`${red('clawtab:', process.stderr)} ${visible(error.message)}\n`);
  if (error.code === 'internal' && error.cause instanceof Error && process.env.CLAWTAB_DEBUG)
    process.stderr.write(`${error.cause.stack}\n`);
  else if (error.code === 'internal' && error.cause instanceof Error) process.stderr.write(`  ${visible(error.cause.message)}\n`);
  if (error.hint !== undefined) process.stderr.write(`try: ${visible(error.hint)}\n`);
  return errorRow(error.code).exit || EXIT.failed;
}

/** Text from somewhere else, safe on a terminal: control, direction and invisible characters are seen as �; the joiner inside an emoji stays. */
export const visible = (text: string): string =>
  text.replace(/(?<!\p{Extended_Pictographic}\ufe0f?)\u200d|[\p{Cc}\p{Zl}\p{Zp}]|(?!\u200d)\p{Cf}/gu, (char) =>
    char === '\n' ? ' ' : '�',
  );

/** BAD-69: as root an agent may do everything, and a container is the only place where that is meant. */
export function warnOfRoot(): void {
  if (process.getuid?.() !== 0) return;
  process.stderr.write(`${yellow('clawtab:', process.stderr)} this is root: agents that run here may do everything on this machine\n`);
}

/** A command as one would type it: words with blanks or specials in quotes. */
export const shellLine = (argv: readonly string[]): string =>
  argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');

/** Columns as wide as their content, the last one cut to the terminal. */
export function table(rows: readonly (readonly string[])[], head: readonly string[]): void {
  const clean = rows.map((row) => row.map(visible));
  const widths = head.map((title, i) => Math.max(title.length, ...clean.map((row) => [...(row[i] ?? '')].length)));
  const width = process.stdout.isTTY ? (process.stdout.columns ?? 80) : Number.POSITIVE_INFINITY;
  const line = (cells: readonly string[]): string => {
    const text = cells.map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  ');
    return [...text].length > width ? `${[...text].slice(0, width - 1).join('')}…` : text;
  };
  say(dim(line(head)));
  for (const row of clean) say(line(row));
}

export function age(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h${String(Math.floor((s % 3600) / 60)).padStart(2, '0')}`;
  return `${Math.floor(s / 86_400)}d`;
}

export const when = (ms: number): string => {
  const date = new Date(ms);
  const pad = (n: number): string => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${pad(date.getHours())}:${pad(date.getMinutes())}`;
};
