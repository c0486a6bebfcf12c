/**
 * Where things are on Copilot's screen: the composer at the bottom, or in its place a box that asks for permission, or a form between two
 * rules. Only geometry; what a dialog means is `permission.ts` and `form.ts`.
 */
import type { ScreenView } from '../agent.ts';
import { lastUsedRow } from '../lib/lines.ts';

export interface Row {
  row: number;
  /** The text inside the frame; `at` is the column it starts at. */
  text: string;
  at: number;
}

export type Bottom =
  | { is: 'box'; rows: Row[]; whole: boolean }
  | { is: 'form'; rows: Row[] }
  | { is: 'composer'; top: number; draft: string; status: string };

const WIDE_RULE = /^[─━]+$/;

function isWideRule(screen: ScreenView, row: number): boolean {
  const line = screen.line(row);
  return WIDE_RULE.test(line) && line.length >= screen.cols - 2;
}

/** What stands at the bottom of the screen, or null. */
export function bottomOf(screen: ScreenView): Bottom | null {
  const last = lastUsedRow(screen);
  if (last < 2) return null;
  if (/^╰─+╯$/.test(screen.line(last))) return boxAt(screen, last);
  const answer = ruledField(screen, last);
  if (answer !== null && answer > 1 && isWideRule(screen, answer - 1)) return formAt(screen, answer - 1);
  if (isWideRule(screen, last)) return formAt(screen, last);
  return composerAt(screen, last) ?? ruledComposer(screen, last);
}

/** Without 24-bit colours a composer stands between two rules: the row of the upper one, where `bottom` is the lower. */
function ruledField(screen: ScreenView, bottom: number): number | null {
  if (!isWideRule(screen, bottom)) return null;
  let top = bottom - 1;
  while (top > 0 && !isWideRule(screen, top)) top--;
  return isWideRule(screen, top) && top + 1 < bottom && /^❯(?: |$)/.test(screen.line(top + 1)) ? top : null;
}

/** The same composer with a status row or two below; right below a form it is the field for its free answer. */
function ruledComposer(screen: ScreenView, last: number): Bottom | null {
  for (let row = last - 1; row > 1 && row > last - 4; row--) {
    const top = ruledField(screen, row);
    if (top === null) continue;
    if (top > 1 && isWideRule(screen, top - 1)) return formAt(screen, top - 1);
    const rows = Array.from({ length: row - top - 1 }, (_, i) =>
      screen
        .line(top + 1 + i)
        .replace(/^❯/, '')
        .trim(),
    );
    const status = Array.from({ length: last - row }, (_, i) => screen.line(row + 1 + i).trim()).join(' ');
    return { is: 'composer', top, draft: draftOf(screen, top + 1, rows), status };
  }
  return null;
}

function boxAt(screen: ScreenView, bottom: number): Bottom {
  const rows: Row[] = [];
  let row = bottom - 1;
  for (; row >= 0 && /^[│┃]/.test(screen.line(row)); row--) {
    const line = screen.line(row);
    rows.unshift({ row, text: line.slice(2, line.length - (/[│┃]$/.test(line) ? 1 : 0)).trimEnd(), at: 2 });
  }
  // A box taller than the screen begins above it, below the row of tabs.
  return { is: 'box', rows, whole: row >= 0 && /^╭─+╮$/.test(screen.line(row)) };
}

function formAt(screen: ScreenView, bottom: number): Bottom | null {
  for (let top = bottom - 1; top >= 0; top--) {
    if (!isWideRule(screen, top)) continue;
    const rows: Row[] = [];
    for (let row = top + 1; row < bottom; row++) rows.push({ row, text: screen.line(row), at: 0 });
    return rows.some((row) => row.text !== '') ? { is: 'form', rows } : null;
  }
  const rows: Row[] = [];
  for (let row = 1; row < bottom; row++) rows.push({ row, text: screen.line(row), at: 0 });
  return { is: 'form', rows };
}

/** A block of half rows (`╻▄▄▄`, `┃ text`, `╹▀▀▀`) with a status row or two below. */
function composerAt(screen: ScreenView, last: number): Bottom | null {
  for (let row = last; row > 1 && row > last - 4; row--) {
    if (!/^╹▀+$/.test(screen.line(row))) continue;
    let top = row - 1;
    while (top > 0 && /^┃/.test(screen.line(top))) top--;
    // The free answer of a form is written in a composer of its own, right below the form.
    if (top > 1 && isWideRule(screen, top - 1)) return formAt(screen, top - 1);
    const rows: string[] = [];
    for (let inside = top + 1; inside < row; inside++) rows.push(screen.line(inside).replace(/^┃/, '').trim());
    const status = Array.from({ length: last - row }, (_, i) => screen.line(row + 1 + i).trim()).join(' ');
    return { is: 'composer', top, draft: draftOf(screen, top + 1, rows), status };
  }
  return null;
}

/** A suggestion in the empty composer is drawn in the colour of its hints, what is typed is not. */
function draftOf(screen: ScreenView, row: number, rows: readonly string[]): string {
  const text = rows.join('\n').trim();
  if (text === '') return '';
  const at = screen.line(row).slice(1).search(/\S/) + 1;
  const cell = screen.cell(row, at);
  const hint = screen.cell(row - 2, 1);
  const faint =
    cell?.dim === true || (cell !== undefined && hint !== undefined && cell.fg !== -1 && cell.fg === hint.fg && cell.fgRgb === hint.fgRgb);
  return faint && screen.cursor.row === row && screen.cursor.col <= at ? '' : text;
}
