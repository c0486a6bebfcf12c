/**
 * Rows of a screen as columns: index and column are the same thing, also behind wide characters, so that frames, gutters and list columns
 * can be told by where they stand. Pure; knows no agent.
 */
import type { Cell, ScreenView } from '../agent.ts';
import { tone } from './lines.ts';

export interface Row {
  row: number;
  /** One character per column: `\0` for the second half of a wide one, `\uFFFC` for what is more than one code unit. */
  flat: string;
  /** The text of the columns `from` (included) to `to` (excluded), right-trimmed. */
  text(from?: number, to?: number): string;
  /** Column of the first character that is no blank within the bounds; -1 where all is blank. */
  first(from?: number, to?: number): number;
  tone(col: number): string;
  cell(col: number): Cell | undefined;
}

const grids = new WeakMap<ScreenView, Map<number, Row>>();

/** Row `row` by columns; remembered per view, so asking twice costs nothing. */
export function gridRow(screen: ScreenView, row: number): Row {
  const rows = grids.get(screen) ?? new Map<number, Row>();
  grids.set(screen, rows);
  const found = rows.get(row) ?? build(screen, row);
  rows.set(row, found);
  return found;
}

function build(screen: ScreenView, row: number): Row {
  const line = screen.line(row);
  // Most rows hold single-width characters only: then the line is its own grid.
  const simple = !/[^\u0020-\u02ff\u2000-\u200a\u2010-\u22ff\u2400-\u25ff]/.test(line);
  const parts: string[] = simple ? [...line] : [];
  if (!simple) {
    for (let col = 0; col < screen.cols; col++) {
      const cell = screen.cell(row, col);
      parts.push(cell === undefined || cell.width === 0 ? '' : cell.chars === '' ? ' ' : cell.chars);
    }
    while (parts.length > 0 && /^[\s]*$/.test(parts.at(-1)!)) parts.pop();
  }
  const flat = simple ? line : parts.map((part) => (part === '' ? '\0' : part.length === 1 ? part : '\uFFFC')).join('');
  const text = (from = 0, to = parts.length): string => parts.slice(Math.max(0, from), Math.max(0, to)).join('').trimEnd();
  const first = (from = 0, to = flat.length): number => {
    const at = flat.slice(from, to).search(/[^\s\0]/);
    return at < 0 ? -1 : from + at;
  };
  const cell = (col: number) => screen.cell(row, col);
  return { row, flat, text, first, cell, tone: (col) => tone(screen.cell(row, col)) };
}

export interface Frame {
  /** Rows of the top and bottom border; `top` is -1 where the top has scrolled off. */
  top: number;
  bottom: number;
  /** Columns of the left and right border. */
  left: number;
  right: number;
}

const VERTICAL = '│┃║';
const CORNERS_TOP = '╭┌╔┏';
const CORNERS_BOTTOM = '╰└╚┗';

/** The closed box around row `row` whose left border is at the leftmost vertical line before column `before`; null where there is none. */
export function frameAround(screen: ScreenView, row: number, before = Number.POSITIVE_INFINITY): Frame | null {
  const here = gridRow(screen, row).flat;
  const left = here.search(/[│┃║]/);
  if (left < 0 || left >= before || here.slice(0, left).trim() !== '') return null;
  const at = (r: number): string => gridRow(screen, r).flat[left] ?? ' ';
  let bottom = row;
  while (bottom < screen.rows && VERTICAL.includes(at(bottom))) bottom++;
  if (bottom >= screen.rows || !CORNERS_BOTTOM.includes(at(bottom))) return null;
  const right = gridRow(screen, bottom).flat.search(/[╯┘╝┛]/);
  if (right <= left) return null;
  let top = row;
  while (top >= 0 && VERTICAL.includes(at(top))) top--;
  if (top >= 0 && !CORNERS_TOP.includes(at(top))) return null;
  return { top, bottom, left, right };
}
