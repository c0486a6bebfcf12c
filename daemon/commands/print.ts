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

/** One line naming the thing, one with the way out (`help`, where a wrong usage names none); returns the exit code. */
export function printError(thrown: unknown, help?: string): number {
  const error = asClawError(thrown);
  const { exit } = errorRow(error.code);
  process.stderr.write(`${red('clawtab:', process.stderr)} ${visible(error.message)}\n`);
  if (error.code === 'internal' && error.cause instanceof Error && process.env.CLAWTAB_DEBUG)
    process.stderr.write(`${error.cause.stack}\n`);
  else if (error.code === 'internal' && error.cause instanceof Error) process.stderr.write(`  ${visible(error.cause.message)}\n`);
  const own = error.code === 'internal' ? BUG_HINT : error.hint;
  const hint = own ?? (exit === EXIT.usage ? help : undefined);
  if (hint !== undefined) process.stderr.write(`try: ${visible(hint)}\n`);
  return exit || EXIT.failed;
}

/** A request id, as a relay's errors have one, there is none of here. */
const BUG_HINT = 'Try again; if it stays, report it with what CLAWTAB_DEBUG=1 prints.';

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

/** One that takes two columns: of East Asia, or a picture. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]|\ufe0f/u;
const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });
const charactersOf = (text: string): string[] =>
  /^[ -~]*$/.test(text) ? [...text] : [...CHARACTERS.segment(text)].map(({ segment }) => segment);
const widthOf = (characters: readonly string[]): number => characters.reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
const padTo = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(charactersOf(text))));

function cutTo(text: string, width: number): string {
  const characters = charactersOf(text);
  if (widthOf(characters) <= width) return text;
  while (widthOf(characters) > width - 1) characters.pop();
  return `${characters.join('')}…`;
}

/** A column narrower than this says nothing: another one goes instead. */
const LEAST_COLUMNS = 8;

/**
 * Columns as wide as their content, the last one cut to the terminal. Where that leaves nothing of it, the columns named in `spare` go, one after the
 * other. Pure; `width`: columns of the terminal.
 */
export function tableLines(
  rows: readonly (readonly string[])[],
  head: readonly string[],
  width: number,
  spare: readonly string[] = [],
): string[] {
  const clean = rows.map((row) => row.map(visible));
  const widths = head.map((title, i) =>
    Math.max(...[title, ...clean.map((row) => row[i] ?? '')].map((cell) => widthOf(charactersOf(cell)))),
  );
  let shown = head.map((_, i) => i);
  const needed = (): number =>
    shown.reduce((sum, i, at) => sum + (at === shown.length - 1 ? Math.min(widths[i]!, LEAST_COLUMNS) : widths[i]! + 2), 0);
  for (const title of spare) if (needed() > width) shown = shown.filter((i) => head[i] !== title);
  const line = (cells: readonly string[]): string =>
    cutTo(shown.map((i, at) => (at === shown.length - 1 ? (cells[i] ?? '') : padTo(cells[i] ?? '', widths[i]!))).join('  '), width);
  return [head, ...clean].map(line);
}

/** Prints it, as wide as the terminal is; in full where there is none. */
export function table(rows: readonly (readonly string[])[], head: readonly string[], spare: readonly string[] = []): void {
  const width = process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
  const [first, ...rest] = tableLines(rows, head, width, spare);
  say(dim(first!));
  for (const row of rest) say(row);
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
