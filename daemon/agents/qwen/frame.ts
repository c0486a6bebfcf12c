/**
 * Where things are on Qwen Code's screen: the prompt between two rules at the bottom, the dialog that stands instead of it, the scroll bar
 * that a full screen has in its last column. Structure only.
 */
import type { ScreenView } from '../agent.ts';
import { gridRow } from '../lib/grid.ts';
import { lastUsedRow } from '../lib/lines.ts';

/** Rows that may stand below a dialog: its footer, the status row, notices. */
const BELOW_ROWS = 12;
export const POINTERS = '›❯●';

/** The column after the last one of the text: the scroll bar is no text. */
export function textWidth(screen: ScreenView): number {
  let bars = 0;
  for (let row = 0; row < screen.rows; row++) if (/[█│┃▐]/.test(screen.cell(row, screen.cols - 1)?.chars ?? '')) bars++;
  return bars >= 3 ? screen.cols - 1 : screen.cols;
}

export interface PromptBox {
  /** Rows of the rules above and below. */
  top: number;
  bottom: number;
  draft: string;
}

const isLine = (screen: ScreenView, row: number, width: number): boolean => /^─{8,}$/.test(gridRow(screen, row).text(0, width).trim());

/** The prompt's box, if it is on the screen: rule, prompt mark, rule. */
export function promptBox(screen: ScreenView): PromptBox | null {
  const width = textWidth(screen);
  const last = lastUsedRow(screen);
  for (let row = last; row > 1 && row >= last - 20; row--) {
    if (!isLine(screen, row, width)) continue;
    let top = row - 1;
    while (top > 0 && !isLine(screen, top, width)) top--;
    if (row - top < 2 || !isLine(screen, top, width)) return null;
    if (!/^\s?[>!*$?](?:\s|$)/.test(gridRow(screen, top + 1).text(0, width))) return null;
    return { top, bottom: row, draft: draftOf(screen, top + 1, row, width) };
  }
  return null;
}

/** What is typed there; '' where the placeholder stands, which is fainter than what people type. */
function draftOf(screen: ScreenView, from: number, to: number, width: number): string {
  const rows: string[] = [];
  for (let row = from; row < to; row++)
    rows.push(
      gridRow(screen, row)
        .text(row === from ? 2 : 0, width)
        .trim(),
    );
  const text = rows.join('\n').trim();
  const line = gridRow(screen, from);
  const first = line.first(2, width);
  // The placeholder is set one blank behind the cursor, a suggestion is as grey as the row of settings below the box.
  if (first > 2 && /^\s/.test(line.text(2, width)) && (line.cell(2)?.bg !== -1 || first >= 4)) return '';
  const grey = new Set<string>();
  for (let row = to + 1; row < screen.rows; row++) {
    const foot = gridRow(screen, row);
    const at = foot.first(0, width);
    if (at >= 0) grey.add(foot.tone(at));
  }
  const second = first < 0 ? undefined : line.cell(first + 1);
  const plain = second === undefined || (second.fg === -1 && !second.dim);
  return !plain && grey.has(line.tone(first + 1)) ? '' : text;
}

/** The last rows of the screen, where a dialog would stand. */
export function dialogRows(screen: ScreenView): { from: number; to: number; width: number } {
  return { from: 0, to: lastUsedRow(screen), width: textWidth(screen) };
}

/** A list that ends further up has something else below it. */
export function endsScreen(screen: ScreenView, bottom: number): boolean {
  return lastUsedRow(screen) - bottom <= BELOW_ROWS;
}
