/**
 * A terminal screen as something to read on a phone: frames become rules or go away, blanks at the edges too, what was wrapped by the machine's
 * width is wrapped by the phone's. Pure.
 */
import { AnsiLines } from './ansi.ts';
import { type Line, lineText, sliceLine } from './line.ts';

export type ReadingRow = { rule: true } | { line: Line };

const FRAME = /^[\s─━═╌┄╭╮╰╯┌┐└┘├┤┬┴┼╔╗╚╝╠╣▔▁▀▄_-]*$/u;
const LEFT = /^(\s*)[│┃║▌▏](?:\s|$)/u;
const RIGHT = /\s*[│┃║▐▕]\s*$/u;

/** Rows of the serialised screen, with colours; the plain rows where the two do not say the same. */
export function screenLines(ansi: string, rows: readonly string[]): Line[] {
  const alternate = ansi.lastIndexOf('\x1b[?1049h');
  const lines: Line[] = [];
  const parser = new AnsiLines({ line: (line) => lines.push(line) }, true);
  parser.text(alternate < 0 ? ansi : ansi.slice(alternate + 8));
  lines.push(parser.current);
  const bare = (text: string): string => text.replace(/\s+/g, '');
  const coloured = bare(lines.map(lineText).join(''));
  const plain = bare(rows.join(''));
  return coloured.endsWith(plain) && plain !== '' ? lines.slice(Math.max(0, lines.length - rows.length * 2)) : [...rows];
}

export function readingRows(lines: readonly Line[]): ReadingRow[] {
  const rows: ReadingRow[] = [];
  let blank = true;
  for (const line of lines) {
    const text = lineText(line);
    const isRule = /[─━═╌┄▔▁▀▄_-]{8}/u.test(text) && FRAME.test(text);
    if (isRule) {
      if (!isLastRule(rows)) rows.push({ rule: true });
      blank = true;
      continue;
    }
    const left = LEFT.exec(text);
    const start = left ? left[0].length : 0;
    const rest = text.slice(start);
    const right = left ? RIGHT.exec(rest) : null;
    const end = start + (right ? rest.slice(0, right.index) : rest).trimEnd().length;
    // One empty line says as much as five.
    if (end <= start) {
      if (!blank) rows.push({ line: '' });
      blank = true;
      continue;
    }
    blank = false;
    rows.push({ line: sliceLine(line, start, end) });
  }
  while (rows.length > 0 && !hasText(rows[rows.length - 1]!)) rows.pop();
  return rows;
}

const isLastRule = (rows: readonly ReadingRow[]): boolean => {
  const last = rows[rows.length - 1];
  return last !== undefined && 'rule' in last;
};
const hasText = (row: ReadingRow): boolean => 'rule' in row || lineText(row.line) !== '';
