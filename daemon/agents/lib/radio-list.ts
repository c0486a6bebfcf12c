/**
 * The list that the Gemini family draws (Ink `BaseSelectionList`): pointer column, right-aligned numbers, label, description below in another
 * colour, `▲▼` where rows are scrolled off, action rows without a number. Read by columns and colours; knows no words. Pure.
 */
import type { ScreenView } from '../agent.ts';
import { gridRow, type Row } from './grid.ts';
import { squeeze } from './lines.ts';

export interface RadioItem {
  row: number;
  lastRow: number;
  /** Undefined for an action row ("Done"). */
  number: number | undefined;
  pointer: boolean;
  /** Undefined where it has no box. */
  checked: boolean | undefined;
  label: string;
  description: string;
  /** Column of the label, and its colours there. */
  labelCol: number;
  tone: string;
  /** The label is set one column further in than the number asks for: rows of a question, not of a permission. */
  indented: boolean;
}

export interface RadioList {
  items: RadioItem[];
  top: number;
  bottom: number;
  highlighted: number;
  /** Rows scrolled off above and below, as far as the arrows tell. */
  moreAbove: boolean;
  moreBelow: boolean;
  /** The list has scroll arrows: it may hold rows that are not shown. */
  arrows: boolean;
  /** Bounds between which it was read. */
  left: number;
  right: number;
}

export interface RadioBounds {
  /** First and last row to look at. */
  from: number;
  to: number;
  /** Columns between which the rows lie: `left` is the first one, `right` the one after the last. */
  left: number;
  right: number;
}

const NUMBER = /^ {0,2}(\d{1,3})\.(\s|$)/;
const BOX = /^[\s\0]?(?:\[([ xX✓✔*•]?)\]|([◯◉☐☑☒◻◼□■○●]))(?:\s|$)/;

interface Head {
  number: number | undefined;
  pointer: boolean;
  /** Column at which everything behind the number starts. */
  content: number;
}

/** The last list with a pointer within the bounds, or null. `pointers`: the glyphs this program uses. */
export function radioList(screen: ScreenView, bounds: RadioBounds, pointers: string): RadioList | null {
  for (let row = bounds.to; row >= bounds.from; row--) {
    const found = at(screen, bounds, row, pointers);
    if (found !== null) return found;
  }
  return null;
}

function at(screen: ScreenView, bounds: RadioBounds, row: number, pointers: string): RadioList | null {
  const line = gridRow(screen, row);
  const col = line.first(bounds.left, bounds.right);
  if (col < 0 || !pointers.includes(line.flat[col]!) || (line.flat[col + 1] ?? ' ') !== ' ') return null;
  const head = (r: number): Head | null => headOf(gridRow(screen, r), col, bounds, pointers);
  const rows: { row: number; head: Head }[] = [];
  for (let r = row; r >= bounds.from && inList(gridRow(screen, r), col, bounds, pointers); r--) {
    const h = head(r);
    if (h !== null) rows.unshift({ row: r, head: h });
  }
  for (let r = row + 1; r <= bounds.to && inList(gridRow(screen, r), col, bounds, pointers); r++) {
    const h = head(r);
    if (h !== null) rows.push({ row: r, head: h });
  }
  const chosen = runAround(rows, row);
  const first = chosen.find((each) => each.head.number !== undefined);
  if (first === undefined || chosen.length < 2 || chosen.filter((each) => each.head.pointer).length !== 1) return null;
  const content = first.head.content;
  const items = chosen.map((each, n) => item(screen, bounds, each, content, endOf(screen, bounds, chosen[n + 1]?.row, each.row, col)));
  // An action row's description is a row of the same kind; it has the other colour.
  const kept = items.filter((each, n) => each.number !== undefined || n === 0 || items[n - 1]!.number !== undefined || each.pointer);
  const top = kept[0]!.row;
  const bottom = items.at(-1)!.lastRow;
  const up = arrow(screen, bounds, top - 1, col, '▲▴△↑');
  const down = arrow(screen, bounds, bottom + 1, col, '▼▾▽↓');
  return {
    items: kept,
    top: up === undefined ? top : top - 1,
    bottom: down === undefined ? bottom : bottom + 1,
    highlighted: kept.findIndex((each) => each.pointer),
    moreAbove: (first.head.number ?? 1) > 1,
    // Shown from the first row on, only rows below can be missing; further down, an arrow that cannot move has the other colour.
    moreBelow: down !== undefined && ((first.head.number ?? 1) === 1 || down === up),
    arrows: up !== undefined || down !== undefined,
    left: bounds.left,
    right: bounds.right,
  };
}

/** The numbers must count up by one around the pointer's row; action rows stand at the end. */
function runAround(rows: { row: number; head: Head }[], row: number): { row: number; head: Head }[] {
  const here = rows.findIndex((each) => each.row === row);
  let from = here;
  while (from > 0 && follows(rows[from - 1]!.head, rows[from]!.head)) from--;
  let to = here;
  while (to + 1 < rows.length && follows(rows[to]!.head, rows[to + 1]!.head)) to++;
  return rows.slice(from, to + 1);
}

function follows(a: Head, b: Head): boolean {
  if (b.number === undefined) return true;
  return a.number !== undefined && b.number === a.number + 1 && a.content === b.content;
}

/** Rows of the list have nothing before the pointer column, and no blank row lies between them. */
function inList(line: Row, col: number, bounds: RadioBounds, pointers: string): boolean {
  const first = line.first(bounds.left, bounds.right);
  if (first < col) return false;
  const glyph = line.flat[col] ?? ' ';
  return glyph === ' ' ? first >= col + 2 : pointers.includes(glyph);
}

function headOf(line: Row, col: number, bounds: RadioBounds, pointers: string): Head | null {
  const pointer = pointers.includes(line.flat[col] ?? ' ');
  const rest = line.flat.slice(col + 2, bounds.right);
  const number = NUMBER.exec(rest);
  if (number !== null) {
    const width = number[0].trimEnd().length;
    return { number: Number(number[1]), pointer, content: col + 2 + width + 1 };
  }
  const first = line.first(col + 2, bounds.right);
  return first >= 0 && first <= col + 3 ? { number: undefined, pointer, content: col + 2 } : null;
}

/** The last row that belongs to the item at `row`. */
function endOf(screen: ScreenView, bounds: RadioBounds, next: number | undefined, row: number, col: number): number {
  if (next !== undefined) return next - 1;
  let end = row;
  for (let r = row + 1; r <= bounds.to; r++) {
    const first = gridRow(screen, r).first(bounds.left, bounds.right);
    if (first < col + 2) break;
    end = r;
  }
  return end;
}

function item(
  screen: ScreenView,
  bounds: RadioBounds,
  { row, head }: { row: number; head: Head },
  content: number,
  lastRow: number,
): RadioItem {
  const line = gridRow(screen, row);
  const box = head.number === undefined ? null : BOX.exec(line.flat.slice(head.content, bounds.right));
  const from = head.content + (box === null ? 0 : box[0].length - (box[0].endsWith(' ') ? 1 : 0));
  const labelCol = Math.max(from, line.first(from, bounds.right));
  const width = Math.min(bounds.right, line.flat.length);
  // A text field's cursor is a cell with its colours swapped; it says nothing about the colour of the text.
  const plain = (col: number): boolean => ' \0'.includes(line.flat[col] ?? ' ') || line.cell(col)?.inverse === true;
  let start = labelCol;
  while (start < width && plain(start)) start++;
  const tone = line.tone(start < width ? start : labelCol);
  let end = labelCol;
  // The label ends where the colour changes; a mark or note may follow on the same row.
  while (end < width && (plain(end) || line.tone(end) === tone)) end++;
  let label = line.text(labelCol, end);
  let description = line.text(end, bounds.right).trim();
  if (/^[✓✔]$/.test(description)) description = '';
  let inLabel = description === '';
  let above = line.text(0, bounds.right);
  for (let r = row + 1; r <= lastRow; r++) {
    const more = gridRow(screen, r);
    const begin = more.first(bounds.left, bounds.right);
    if (begin < 0) break;
    const text = more.text(begin, bounds.right);
    const word = /^\S+/.exec(text)?.[0] ?? '';
    // A wrap never breaks early: the first word would not have fitted above.
    const full = above.length + 1 + word.length > bounds.right;
    inLabel &&= more.tone(begin) === tone && full && begin <= labelCol && begin >= content - 1;
    if (inLabel) {
      // Cut inside a word, a row is filled to its last column and the next one starts at once.
      const cut = above.length >= bounds.right && begin < labelCol;
      label += (cut ? '' : ' ') + text.replace(/\s+[✓✔]$/, '');
    } else description += ` ${text}`;
    above = more.text(0, bounds.right);
  }
  return {
    row,
    lastRow,
    number: head.number,
    pointer: head.pointer,
    checked: box === null ? undefined : (box[1] ?? '').trim() !== '' || /[◉☑☒◼■●]/.test(box[2] ?? ''),
    label: squeeze(label),
    description: squeeze(description),
    labelCol,
    tone,
    indented: labelCol > from && box === null && head.number !== undefined,
  };
}

/** The colour of a scroll arrow alone on its row; the one that cannot move has another colour than the other. */
function arrow(screen: ScreenView, bounds: RadioBounds, row: number, col: number, glyphs: string): string | undefined {
  if (row < bounds.from || row > bounds.to) return undefined;
  const line = gridRow(screen, row);
  const text = line.text(bounds.left, bounds.right).trim();
  return text.length === 1 && glyphs.includes(text) && line.first(bounds.left, bounds.right) <= col ? line.tone(col) : undefined;
}
