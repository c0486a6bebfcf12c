/** What a prompt says, freed of the glyphs and hints that prompt libraries set around it. Pure. */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { cellAt, deframe, mayContinue, squeeze } from '../lib/lines.ts';

/** Glyphs that prompt libraries put before a question: inquirer and prompts `?`, clack `◆ ▲`. Agents name a key so: `? for shortcuts`. */
const MARK = /^\s*([?◆▲■❓])\s+(?=\S)(?!for\s)/;

/** The row starts with a coloured question mark glyph: a prompt library asks, whatever its words are. */
export function isAsked(screen: ScreenView, row: number): boolean {
  const match = MARK.exec(screen.line(row).replace(/^[│┃]/, ' '));
  if (match === null) return false;
  const at = screen.line(row).indexOf(match[1]!);
  const cell = cellAt(screen, row, at);
  return cell !== undefined && (cell.fg !== -1 || cell.bold);
}

export const isFaint = (screen: ScreenView, row: number, at: number): boolean => {
  const cell = cellAt(screen, row, at);
  return cell !== undefined && (cell.dim || (!cell.fgRgb && cell.fg === 8));
};

/** A question and the screen row in which its sentence begins; null where that is above the screen. */
export interface Found {
  question: ParsedQuestion;
  row: number | null;
}

/** How many rows a question may take. */
const MAX_QUESTION_ROWS = 6;

/** A row between the two borders of a box. */
const BOXED = /^(\s*)[│┃║].*[│┃║]$/;
/** How far the padding of a box is looked for. */
const BOX_ROWS = 12;

/** A row as text, borders of a box off, and the column at which its program wraps at the latest. */
export function inside(screen: ScreenView, row: number): { text: string; limit: number; boxed: boolean } {
  const line = screen.line(row);
  const box = BOXED.exec(line);
  if (box === null) return { text: line, limit: screen.cols - 1, boxed: false };
  // The padding on the right is that on the left: what the row furthest left leaves free.
  let padding = Number.POSITIVE_INFINITY;
  for (let at = row; at >= Math.max(0, row - BOX_ROWS) && BOXED.test(screen.line(at)); at--) {
    const indent = deframe(screen.line(at)).search(/\S/);
    if (indent >= 0) padding = Math.min(padding, indent - box[1]!.length - 1);
  }
  return { text: deframe(line), limit: line.length - 1 - (Number.isFinite(padding) ? padding : 1), boxed: true };
}

/** Row `row` may be the rest of the row above: that one is full, or the first word would not have fitted there, up to `margin` columns from the edge. */
export function continuesAbove(screen: ScreenView, row: number, margin = 0): boolean {
  if (row <= 0) return false;
  const { text: above, limit } = inside(screen, row - 1);
  const { text } = inside(screen, row);
  if (above.trim() === '' || text.trim() === '') return false;
  return screen.wrapped(row) || mayContinue(above, text.replace(/^[│┃\s]+/, ''), limit - margin);
}

/** Row `row` is full to the screen's edge, where a word may be cut. */
export const fillsScreen = (screen: ScreenView, row: number): boolean =>
  screen.line(row).length >= screen.cols && !inside(screen, row).boxed;

/** The first row of the question of a prompt library that `row` belongs to; -1 where there is none. */
export function askedRow(screen: ScreenView, row: number): number {
  for (let first = row; first >= Math.max(0, row - MAX_QUESTION_ROWS); first--) {
    if (isAsked(screen, first)) return first;
    if (!continuesAbove(screen, first)) return -1;
  }
  return -1;
}

/** Rows `first` to `last` as one line; a row filled to the edge was cut inside a word. */
export function joinRows(screen: ScreenView, first: number, last: number): string {
  let out = inside(screen, first).text;
  for (let row = first + 1; row <= last; row++) {
    const text = inside(screen, row).text.replace(/^\s*[│┃]\s*/, '');
    out += fillsScreen(screen, row - 1) || /\s$/.test(out) ? text : ` ${text.trimStart()}`;
  }
  return out;
}

/** The question that starts in row `first`: mark off, and what a library adds faintly behind it (`› - Use arrow-keys.`, `…`, `(y/N)`). */
export function questionText(screen: ScreenView, first: number, end = first + 1): string {
  let out = '';
  for (let row = first; row < end; row++) {
    if (row > first && !continuesAbove(screen, row)) break;
    const line = inside(screen, row).text.replace(/^\s*[│┃]/, (bar) => ' '.repeat(bar.length));
    const mark = row === first ? MARK.exec(line) : null;
    const start = mark === null ? line.search(/\S|$/) : mark[0].length;
    const stop = faintFrom(screen, row, start);
    const text = line.slice(row === first || !fillsScreen(screen, row - 1) ? start : 0, stop);
    out += row > first && !fillsScreen(screen, row - 1) ? ` ${text}` : text;
    if (stop < line.length) break;
  }
  const text = squeeze(out.replace(/\s*[›»…‣]\s*(?:\S.*)?$/, ''));
  return text === '' ? squeeze(inside(screen, first).text) : text;
}

/** Where in `row` the faint rest begins; the row's length where there is none, or where all of it is faint. */
function faintFrom(screen: ScreenView, row: number, start: number): number {
  const line = inside(screen, row).text;
  if (isFaint(screen, row, start)) return line.length;
  for (let at = start; at < line.length; at++) if (line[at] !== ' ' && isFaint(screen, row, at)) return at;
  return line.length;
}

export const ENDS_THERE = 'ends the program or this step';

/** Words for a secret, in the languages of common prompts: the echo is off, which no screen can show. */
export const SECRET =
  /pass(?:word|phrase|code)|passwort|contraseña|mot de passe|senha|wachtwoord|heslo|hasło|пароль|密码|密碼|パスワード|비밀번호|\bPIN\b/i;
