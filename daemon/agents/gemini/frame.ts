/**
 * Where things are on Gemini CLI's screen: the prompt box at the bottom, the dialog that stands instead of it. Gemini draws inline, so a
 * dialog is the last thing on the screen, in a round box (the notice of a suspended account has none). Structure only.
 */
import type { ScreenView } from '../agent.ts';
import { type Frame, frameAround, gridRow } from '../lib/grid.ts';
import { lastUsedRow } from '../lib/lines.ts';
import { type RadioList, radioList } from '../lib/radio-list.ts';

const POINTER = '●';
/** Rows that Gemini may draw below a dialog: hints, status, footer. */
const BELOW_ROWS = 12;

export interface PromptBox {
  /** First and last row of the input itself. */
  top: number;
  bottom: number;
  draft: string;
}

/** The box for the next prompt, if it is the last box on the screen. */
export function promptBox(screen: ScreenView): PromptBox | null {
  const last = lastUsedRow(screen);
  for (let row = last; row > 0 && row >= last - 24; row--) {
    const flat = gridRow(screen, row).flat;
    // A dialog, or a tool's box above a prompt without edges.
    if (/^\s?[╭╰│]/.test(flat) && flat.length > 10) break;
    if (!/^▀{10,}$/.test(flat)) continue;
    let top = row - 1;
    while (top > 0 && !/^▄{10,}$/.test(gridRow(screen, top).flat)) top--;
    if (!/^▄{10,}$/.test(gridRow(screen, top).flat) || !isPrompt(screen, top + 1)) return null;
    return ownInput(screen, top, row) ? { top: top + 1, bottom: row - 1, draft: draftOf(screen, top + 1, row) } : null;
  }
  return flatPrompt(screen, last);
}

const isPrompt = (screen: ScreenView, row: number): boolean => /^\s?(?:[>!*]|\(r:\))(?:\s|$)/.test(gridRow(screen, row).flat);

/** What was said before looks the same; below the live one stands only the footer, and the cursor is in it. */
function ownInput(screen: ScreenView, top: number, bottom: number): boolean {
  const { row } = screen.cursor;
  if (row > top && row < bottom) return true;
  for (let r = top + 1; r < bottom; r++) {
    for (let col = 0; col < screen.cols; col++) if (screen.cell(r, col)?.inverse === true) return true;
  }
  return false;
}

/** Without 24-bit colour the box has no half-block edges, only its background. */
function flatPrompt(screen: ScreenView, last: number): PromptBox | null {
  for (let row = last; row > 0 && row >= last - BELOW_ROWS; row--) {
    if (/^\s?[╭╰│]/.test(gridRow(screen, row).flat)) return null;
    if (!isPrompt(screen, row)) continue;
    const own = screen.cursor.row === row || ownInput(screen, row - 1, row + 1);
    return own ? { top: row, bottom: row, draft: draftOf(screen, row, row + 1) } : null;
  }
  return null;
}

/** What is typed there; '' where it is empty or shows its placeholder (which has another colour than what people type). */
function draftOf(screen: ScreenView, from: number, to: number): string {
  const rows: string[] = [];
  for (let row = from; row < to; row++)
    rows.push(
      gridRow(screen, row)
        .text(row === from ? 3 : 0)
        .trim(),
    );
  const line = gridRow(screen, from);
  // The placeholder follows the cursor and a blank; typed text stands before it.
  if (screen.cell(from, 3)?.inverse === true && (line.flat[3] ?? ' ') === ' ') return '';
  return rows.join('\n').trim();
}

export interface Dialog {
  /** Null where the dialog has no box. */
  frame: Frame | null;
  /** First and last row and column bounds of what is inside. */
  from: number;
  to: number;
  left: number;
  right: number;
  list: RadioList | null;
}

/** The dialog at the end of the screen, or null. */
export function findDialog(screen: ScreenView): Dialog | null {
  const last = lastUsedRow(screen);
  if (last < 0 || promptBox(screen) !== null) return null;
  for (let row = last; row >= Math.max(0, last - BELOW_ROWS); row--) {
    const flat = gridRow(screen, row).flat;
    if (/^\s?▀{10,}/.test(flat)) return null;
    if (!/^\s{0,2}╰─+╯\s*$/.test(flat)) continue;
    const frame = frameAround(screen, row - 1);
    if (frame === null || frame.bottom !== row) return null;
    const inside = { from: frame.top + 1, to: row - 1, left: frame.left + 1, right: frame.right };
    return { frame, ...inside, list: ownList(screen, inside) };
  }
  const inside = { from: Math.max(0, last - 40), to: last, left: 0, right: screen.cols };
  const list = ownList(screen, inside);
  return list !== null && last - list.bottom <= 4 ? { frame: null, ...inside, list } : null;
}

function ownList(screen: ScreenView, inside: { from: number; to: number; left: number; right: number }): RadioList | null {
  const list = radioList(screen, inside, POINTER);
  if (list === null) return null;
  // The highlighted row has another colour than the others; a list in somebody's text does not. Without colours, the box has to do.
  const pointer = list.items[list.highlighted];
  const others = list.items.filter((item) => !item.pointer);
  const cell = pointer === undefined ? undefined : screen.cell(pointer.row, pointer.labelCol);
  if (pointer === undefined || cell === undefined) return null;
  const lit = cell.bg !== -1 || others.some((item) => item.tone !== pointer.tone) || inside.left > 0;
  return lit ? list : null;
}
