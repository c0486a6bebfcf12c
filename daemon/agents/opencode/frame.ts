/**
 * Where things are on opencode's screen: panels with a thick line at their left edge. The prompt is the one that ends in `╹▀▀▀`; a dialog is
 * the last one, without that foot. How far a panel reaches to the right is told by its background. Structure only.
 */
import type { ScreenView } from '../agent.ts';
import { gridRow } from '../lib/grid.ts';
import { lastUsedRow } from '../lib/lines.ts';

const EDGE = '┃';

export interface Panel {
  /** First and last row with the edge. */
  top: number;
  bottom: number;
  /** Column of the edge, and the one after the last of the panel. */
  left: number;
  right: number;
}

export interface PromptBox extends Panel {
  draft: string;
  /** The cursor is in it: nothing lies over it. */
  focused: boolean;
}

/** Column of the edge that begins `row`, or -1. */
function edgeOf(screen: ScreenView, row: number): number {
  const { flat } = gridRow(screen, row);
  const first = flat.search(/[^\s\0]/);
  return first >= 0 && flat[first] === EDGE ? first : -1;
}

function panelAt(screen: ScreenView, bottom: number): Panel | null {
  const left = edgeOf(screen, bottom);
  if (left < 0) return null;
  const same = (row: number): boolean => {
    const a = screen.cell(row, left);
    const b = screen.cell(bottom, left);
    return edgeOf(screen, row) === left && a?.fg === b?.fg;
  };
  let top = bottom;
  while (top > 0 && same(top - 1)) top--;
  return { top, bottom, left, right: rightOf(screen, left, top, bottom) };
}

/** The first column behind the edge that has the background of the screen's margin again, in most rows of the panel. */
function rightOf(screen: ScreenView, left: number, top: number, bottom: number): number {
  const counts = new Map<number, number>();
  for (let row = top; row <= bottom; row++) {
    const margin = screen.cell(row, 0);
    let col = left + 1;
    while (col < screen.cols && !(screen.cell(row, col)?.bg === margin?.bg && screen.cell(row, col)?.bgRgb === margin?.bgRgb)) col++;
    counts.set(col, (counts.get(col) ?? 0) + 1);
  }
  const [right, rows] = [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [screen.cols, 0];
  // Without a background of its own (a transparent theme) the panel reaches as far as the screen.
  return rows * 2 > bottom - top && right > left + 8 ? right : screen.cols;
}

/** The box for the next prompt, wherever it is. */
export function promptBox(screen: ScreenView): PromptBox | null {
  for (let row = lastUsedRow(screen); row > 0; row--) {
    const { flat } = gridRow(screen, row);
    if (!/^\s*╹▀{8,}/.test(flat)) continue;
    const panel = panelAt(screen, row - 1);
    if (panel === null) return null;
    const { row: cursorRow, col, visible } = screen.cursor;
    const focused = visible && cursorRow >= panel.top && cursorRow <= panel.bottom && col > panel.left && col < panel.right;
    return { ...panel, draft: draftOf(screen, panel), focused };
  }
  return null;
}

/** What is typed there, above the row that names agent and model; a placeholder has that row's faint colour. */
function draftOf(screen: ScreenView, panel: Panel): string {
  const rows: string[] = [];
  let first: string | undefined;
  const foot = gridRow(screen, panel.bottom);
  const faint = foot.tone(foot.flat.indexOf('·', panel.left + 1));
  for (let row = panel.top; row < panel.bottom; row++) {
    const line = gridRow(screen, row);
    const col = line.first(panel.left + 1, panel.right);
    if (col >= 0) first ??= line.tone(col);
    rows.push(line.text(panel.left + 3, panel.right));
  }
  const text = rows.join('\n').trim();
  return first === faint ? '' : text;
}

/** The panel at the end of the screen that is no prompt: a dialog, if it has what a dialog has. */
export function lastPanel(screen: ScreenView): Panel | null {
  const last = lastUsedRow(screen);
  for (let row = last; row >= Math.max(0, last - 4); row--) {
    if (/^\s*╹▀{4,}/.test(gridRow(screen, row).flat)) return null;
    if (edgeOf(screen, row) >= 0) return panelAt(screen, row);
  }
  return null;
}

export interface Chip {
  row: number;
  from: number;
  to: number;
  text: string;
}

/** The run of cells on `row` with a background that neither the panel's margin there nor anything else on the row has: the highlighted button. */
export function litChip(screen: ScreenView, panel: Panel, row: number): Chip | null {
  const base = screen.cell(row, panel.left + 1);
  if (base === undefined) return null;
  let from = -1;
  let to = -1;
  for (let col = panel.left + 1; col < panel.right; col++) {
    const cell = screen.cell(row, col);
    const other = cell !== undefined && (cell.bg !== base.bg || cell.bgRgb !== base.bgRgb);
    if (other && from < 0) from = col;
    if (other) to = col + 1;
    if (!other && from >= 0) break;
  }
  if (from < 0) return null;
  const text = gridRow(screen, row).text(from, to).trim();
  return text === '' ? null : { row, from, to, text };
}
