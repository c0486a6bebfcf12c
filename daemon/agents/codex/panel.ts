/**
 * The panel that takes the composer's place when Codex asks: where it starts, and what it says above its list, in paragraphs. Geometry and
 * colours only; what it means is `dialog.ts`.
 */
import type { ScreenView } from '../agent.ts';
import { columnOf, isRule } from '../lib/lines.ts';
import { findMenu, isComposer, joinRows, type Menu } from './menu.ts';

export interface Paragraph {
  top: number;
  rows: string[];
  /** Every visible character is bold: a heading. */
  heading: boolean;
  /** Every visible character is faint: progress, a path. */
  faint: boolean;
}

export interface NotesField {
  row: number;
  text: string;
  /** The cursor is in it. */
  focused: boolean;
}

export interface Panel {
  menu: Menu | null;
  /** First row that belongs to the panel. */
  top: number;
  /** What stands above the list, from the top. */
  body: Paragraph[];
  /** Key hints below the list. */
  footer: string[];
  /** The field for notes or for a free answer, if there is one. */
  notes: NotesField | null;
}

/** At 48 columns the hints of several questions take three rows. */
const FOOTER_ROWS = 6;

/** The panel at the bottom of the screen, or null where the composer stands there or nothing that asks. */
export function findPanel(screen: ScreenView): Panel | null {
  const menu = findMenu(screen);
  if (menu === null) return fieldPanel(screen);
  const below = rowsFrom(screen, menu.bottom + 1);
  if (below.some((row) => isComposer(screen, row) || isRule(screen.line(row)))) return null;
  const notes = notesField(screen, below, Math.max(0, menu.numberAt - 2));
  const footer = footerRows(screen, notes === null ? menu.bottom : notes.row, below);
  if (footer === null) return null;
  const top = panelTop(screen, menu);
  const body = paragraphs(screen, top, menu.top);
  return { menu, ...trimmed(screen, menu, top, body), footer, notes };
}

/** The rows of hints; null where what stands below the list is more than hints. */
function footerRows(screen: ScreenView, after: number, below: readonly number[]): string[] | null {
  const rows = below.filter((row) => row > after);
  if (rows.length > FOOTER_ROWS || rows.some((row) => /^[•■✔✗›]/.test(screen.line(row)))) return null;
  return rows.map((row) => screen.line(row).trim());
}

/** A question without options: progress, text and a field with the cursor in it, set in by two. */
function fieldPanel(screen: ScreenView): Panel | null {
  const { row, col, visible } = screen.cursor;
  if (!visible || col < 4) return null;
  let at = row;
  while (at > 0 && row - at < 8 && !/^ {2}›\s/.test(screen.line(at))) at--;
  if (!/^ {2}›\s/.test(screen.line(at))) return null;
  const footer = footerRows(screen, at, rowsFrom(screen, at + 1));
  if (footer === null || footer.length === 0) return null;
  let top = at;
  while (top > 0 && !/^\S/.test(screen.line(top - 1))) top--;
  const body = paragraphs(screen, top, at);
  const first = body.findLastIndex((paragraph) => /\d+\s*\/\s*\d+/.test(paragraph.rows[0] ?? ''));
  if (first < 0) return null;
  const text = screen.line(at).slice(4).trim();
  return { menu: null, top: body[first]!.top, body: body.slice(first), footer, notes: { row: at, text, focused: true } };
}

function notesField(screen: ScreenView, below: readonly number[], indent: number): NotesField | null {
  const row = below.find((at) => /^\s*›\s/.test(screen.line(at)) && screen.line(at).search(/\S/) === indent);
  if (row === undefined || indent === 0) return null;
  const placeholder = screen.cell(row, indent + 2)?.dim === true;
  const focused = screen.cursor.visible && screen.cursor.row >= row;
  return {
    row,
    text: placeholder
      ? ''
      : screen
          .line(row)
          .slice(indent + 2)
          .trim(),
    focused,
  };
}

function rowsFrom(screen: ScreenView, from: number): number[] {
  const rows: number[] = [];
  for (let row = from; row < screen.rows; row++) if (screen.line(row) !== '') rows.push(row);
  return rows;
}

/** Where the terminal's colours are known, the panel has a background; else everything below the last line of history is looked at. */
function panelTop(screen: ScreenView, menu: Menu): number {
  const other = menu.entries.find((entry) => !entry.pointer) ?? menu.entries[0]!;
  const ground = screen.cell(other.row, 0)?.bg ?? -1;
  let top = menu.top;
  if (ground !== -1) {
    while (top > 0 && screen.cell(top - 1, 0)?.bg === ground) top--;
    return top;
  }
  while (top > 0 && !/^\S/.test(screen.line(top - 1)) && !isRule(screen.line(top - 1))) top--;
  return top;
}

/** Without a background, rows of history may stand above the panel: it starts at its heading, or at the progress of its questions. */
function trimmed(screen: ScreenView, menu: Menu, top: number, body: Paragraph[]): { top: number; body: Paragraph[] } {
  if (screen.cell(menu.entries.find((entry) => !entry.pointer)!.row, 0)?.bg !== -1 || top === 0) return { top, body };
  const questions = menu.numberAt >= 4;
  const start = questions
    ? body.findLastIndex((paragraph) => paragraph.faint || /^\s*\D*\d+\s*\/\s*\d+/.test(paragraph.rows[0] ?? ''))
    : body.findLastIndex((paragraph) => paragraph.heading && (paragraph.top === 0 || screen.line(paragraph.top - 1) === ''));
  const from = start >= 0 ? start : questions ? body.length - 1 : 0;
  return from <= 0 ? { top: body[0]?.top ?? top, body } : { top: body[from]!.top, body: body.slice(from) };
}

/** The rows `from` to `to`, cut at blank rows, and below a heading. */
function paragraphs(screen: ScreenView, from: number, to: number): Paragraph[] {
  const out: Paragraph[] = [];
  let open: Paragraph | undefined;
  for (let row = from; row < to; row++) {
    const line = screen.line(row);
    if (line === '') {
      open = undefined;
      continue;
    }
    const heading = everyCell(screen, row, 'bold');
    const faint = everyCell(screen, row, 'dim');
    // A heading or a line of progress stands for itself also where no blank row follows; bold words inside a paragraph do not.
    if (open === undefined || (open.heading && !heading) || (open.faint && !faint)) {
      open = { top: row, rows: [], heading, faint };
      out.push(open);
    }
    open.heading &&= heading;
    open.faint &&= faint;
    open.rows.push(line);
  }
  return out;
}

function everyCell(screen: ScreenView, row: number, weight: 'bold' | 'dim'): boolean {
  const line = screen.line(row);
  for (let at = 0; at < line.length; at++) {
    if (line[at] === ' ') continue;
    const cell = screen.cell(row, columnOf(screen, row, at));
    if (cell === undefined || cell.width === 0) continue;
    if (!cell[weight]) return false;
  }
  return true;
}

/** A paragraph as one line. */
export function lineOf(paragraph: Paragraph, cols: number): string {
  return joinRows(
    paragraph.rows.map((row) => row.trim()),
    cols - 4,
  );
}
