/**
 * Rows of a screen as text with the facts readers ask for: indentation, colours at a place, frames taken off, wrapped rows joined.
 * Pure structure; knows no agent and no language.
 */
import type { Cell, ScreenView } from '../agent.ts';

export interface Line {
  row: number;
  /** The row with box borders replaced by blanks, right-trimmed: columns stay where they were. */
  text: string;
  /** Column of the first character that is no blank; -1 for an empty row. */
  indent: number;
}

const RULE = /^[\s╭╮╰╯┌┐└┘├┤┬┴┼╞╡]*[─━═╌╍┄┅┈┉▔▁▀▄_╴╶-]{6,}[\s─━═╌╍┄┅┈┉▔▁▀▄╭╮╰╯┌┐└┘├┤┬┴┼╞╡╴╶-]*$/;

/** A horizontal rule or the top or bottom of a box. */
export function isRule(text: string): boolean {
  return RULE.test(text);
}

/** Border glyphs at both ends become blanks (`│ text │` → `  text  `); twice for a box in a box. */
export function deframe(text: string): string {
  let out = text;
  for (let depth = 0; depth < 2; depth++) {
    out = out.replace(/^(\s*)[│┃║▌▎▏|](?=\s|$)/, '$1 ').replace(/(^|\s)[│┃║▐▕|]\s*$/, '$1');
  }
  return out.trimEnd();
}

/** The rows `from` (included) to `to` (excluded), frames off. */
export function linesOf(screen: ScreenView, from = 0, to = screen.rows): Line[] {
  const out: Line[] = [];
  for (let row = Math.max(0, from); row < Math.min(to, screen.rows); row++) {
    const text = deframe(screen.line(row));
    out.push({ row, text, indent: text.search(/\S/) });
  }
  return out;
}

/** The column of character `index` of row `row`: the same number unless wide or combining characters stand before it. */
export function columnOf(screen: ScreenView, row: number, index: number): number {
  const text = screen.line(row);
  if (!/[^\u0020-\u02ff\u2000-\u200a\u2010-\u2dff]/.test(text.slice(0, index))) return index;
  let at = 0;
  for (let col = 0; col < screen.cols; col++) {
    if (at >= index) return col;
    const cell = screen.cell(row, col);
    if (cell === undefined) break;
    if (cell.width > 0) at += cell.chars.length || 1;
  }
  return screen.cols;
}

/** The cell under character `index` of `row`. */
export function cellAt(screen: ScreenView, row: number, index: number): Cell | undefined {
  return screen.cell(row, columnOf(screen, row, index));
}

/** Foreground colour and faintness in one comparable word: what tells a description from a label. Bold does not count. */
export function tone(cell: Cell | undefined): string {
  return cell === undefined ? '' : `${cell.fgRgb ? '#' : ''}${cell.fg}${cell.dim ? 'd' : ''}${cell.inverse ? 'i' : ''}`;
}

/** The tone of the first and of the last visible character of `row` between the character indexes `from` and `to`. */
export function tones(screen: ScreenView, row: number, from = 0, to = Number.POSITIVE_INFINITY): { first: string; last: string } {
  const text = screen.line(row);
  let first = from;
  while (first < text.length && text[first] === ' ') first++;
  let last = Math.min(text.length, to) - 1;
  while (last > first && text[last] === ' ') last--;
  return { first: tone(cellAt(screen, row, first)), last: tone(cellAt(screen, row, last)) };
}

/**
 * Could `next` be the wrapped rest of `text`? Only if its first word would not have fitted behind it: a wrap never breaks early.
 * `limit` is the column at which this program wraps at the latest.
 */
export function mayContinue(text: string, next: string, limit: number): boolean {
  const word = /\S+/.exec(next)?.[0] ?? '';
  return text.length + 1 + word.length > limit;
}

/**
 * Joins rows that a program wrapped back into paragraphs: a row continues the one above where its first word would not have fitted there;
 * otherwise it starts a new line. Rows are cut free of their common indentation.
 */
export function joinWrapped(rows: readonly string[], limit: number): string {
  const margins = rows.filter((row) => row.trim() !== '').map((row) => row.search(/\S/));
  const margin = margins.length === 0 ? 0 : Math.min(...margins);
  let out = '';
  let above: string | undefined;
  for (const row of rows) {
    const text = row.slice(margin).trimEnd();
    if (above === undefined) out = text;
    else if (above.trim() !== '' && text !== '' && mayContinue(row.slice(0, margin) + above, text, limit)) {
      // A word is cut only where it is too long for a row of its own; any other break swallowed a blank.
      const word = (/\S*$/.exec(above)?.[0].length ?? 0) + (/^\S*/.exec(text.trimStart())?.[0].length ?? 0);
      out += word > limit - margin ? text.trimStart() : ` ${text.trimStart()}`;
    } else out += `\n${text}`;
    above = text;
  }
  return out.replace(/\n{3,}/g, '\n\n').replace(/^\n+|\s+$/g, '');
}

/** One line of text: blanks squeezed. */
export function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Runs of rows without an empty one between them. */
export function paragraphs<T extends { text: string }>(rows: readonly T[]): T[][] {
  const out: T[][] = [];
  let open: T[] | undefined;
  for (const row of rows) {
    if (row.text === '') open = undefined;
    else if (open === undefined) {
      open = [row];
      out.push(open);
    } else open.push(row);
  }
  return out;
}

/** The last row with anything on it, or -1. */
export function lastUsedRow(screen: ScreenView): number {
  for (let row = screen.rows - 1; row >= 0; row--) if (screen.line(row) !== '') return row;
  return -1;
}
