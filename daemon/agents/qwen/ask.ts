/**
 * Qwen's question list: `❯ [✓] 2. Label`, the box before the number, labels that wrap back to the pointer's column, descriptions indented and
 * faint, the last row taking text. Columns and colours only.
 */
import type { ScreenView } from '../agent.ts';
import { gridRow } from '../lib/grid.ts';
import { squeeze } from '../lib/lines.ts';
import { POINTERS } from './frame.ts';

export interface AskItem {
  row: number;
  lastRow: number;
  number: number;
  pointer: boolean;
  checked: boolean | undefined;
  /** Answered before, on a page that has been left: marked behind the label. */
  label: string;
  description: string;
  /** The row is an open text field. */
  field: boolean;
  labelCol: number;
}

export interface AskList {
  items: AskItem[];
  top: number;
  bottom: number;
  highlighted: number;
  col: number;
}

const HEAD = /^(?:\[(.)\] )?(\d{1,2})\. /;

/** The list with the last pointer among the rows, or null. */
export function askList(screen: ScreenView, bounds: { from: number; to: number; left: number; right: number }): AskList | null {
  for (let row = bounds.to; row >= bounds.from; row--) {
    const line = gridRow(screen, row);
    const col = line.first(bounds.left, bounds.right);
    if (col < 0 || !POINTERS.includes(line.flat[col]!) || line.flat[col + 1] !== ' ') continue;
    if (!HEAD.test(`${line.flat.slice(col + 2, bounds.right)} `)) continue;
    const found = around(screen, bounds, row, col);
    if (found !== null) return found;
  }
  return null;
}

function headAt(screen: ScreenView, row: number, col: number, right: number): RegExpExecArray | null {
  const { flat } = gridRow(screen, row);
  const glyph = flat[col] ?? ' ';
  if (glyph !== ' ' && !POINTERS.includes(glyph)) return null;
  if (flat.slice(0, col).trim() !== '' || (flat[col + 1] ?? ' ') !== ' ') return null;
  return HEAD.exec(`${flat.slice(col + 2, right)} `);
}

function around(
  screen: ScreenView,
  bounds: { from: number; to: number; left: number; right: number },
  row: number,
  col: number,
): AskList | null {
  const belongs = (r: number): boolean => {
    const first = gridRow(screen, r).first(bounds.left, bounds.right);
    return first >= col;
  };
  let top = row;
  while (top > bounds.from && belongs(top - 1)) top--;
  let bottom = row;
  while (bottom < bounds.to && belongs(bottom + 1)) bottom++;
  const heads: { row: number; match: RegExpExecArray }[] = [];
  for (let r = top; r <= bottom; r++) {
    const match = headAt(screen, r, col, bounds.right);
    const previous = heads.at(-1);
    if (match === null) continue;
    // A number inside a wrapped label does not count on from the row before.
    if (previous === undefined || Number(match[2]) === Number(previous.match[2]) + 1) heads.push({ row: r, match });
  }
  if (heads.length < 2 || !heads.some((head) => head.row === row)) return null;
  const items = heads.map((head, n) => item(screen, bounds.right, head, (heads[n + 1]?.row ?? bottom + 1) - 1, col));
  if (items.filter((each) => each.pointer).length !== 1) return null;
  return { items, top: heads[0]!.row, bottom: items.at(-1)!.lastRow, highlighted: items.findIndex((each) => each.pointer), col };
}

function item(
  screen: ScreenView,
  right: number,
  { row, match }: { row: number; match: RegExpExecArray },
  lastRow: number,
  col: number,
): AskItem {
  const line = gridRow(screen, row);
  let labelCol = col + 2 + match[0].length;
  const field = /^> ?/.test(line.flat.slice(labelCol, right)) && POINTERS.includes(line.flat[col] ?? ' ');
  if (field) labelCol += 2;
  let label = line.text(labelCol, right);
  let description = '';
  let above = label;
  for (let r = row + 1; r <= lastRow; r++) {
    const more = gridRow(screen, r);
    const first = more.first(0, right);
    const text = more.text(first, right);
    // Labels wrap back to the pointer's column; what is set in is the description.
    if (description === '' && first < labelCol - (field ? 2 : 0)) {
      label +=
        (labelCol + above.length >= right && !/\s$/.test(above) && first === col && more.flat[col] !== ' ' && cutInWord(above, right - col)
          ? ''
          : ' ') + text;
    } else if (field) label += ` ${text}`;
    else description += ` ${text}`;
    above = more.text(col, right);
  }
  return {
    row,
    lastRow,
    number: Number(match[2]),
    pointer: POINTERS.includes(line.flat[col] ?? ' '),
    checked: match[1] === undefined ? undefined : match[1] !== ' ',
    label: squeeze(label).replace(/ ✓$/, ''),
    description: squeeze(description),
    field,
    labelCol,
  };
}

/** A row without any blank that fills the width was cut, not wrapped. */
function cutInWord(text: string, width: number): boolean {
  return text.length >= width && !text.trim().includes(' ');
}
