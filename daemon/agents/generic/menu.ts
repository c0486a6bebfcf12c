/**
 * Menus that are walked with arrows: select lists, radio lists, check boxes (inquirer, clack, prompts, enquirer and home-made ones). A menu
 * waits while the cursor is hidden or stands on it; the highlighted row is told by a pointer, by the one filled radio, or by its colour.
 */

import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { moveKeys } from '../lib/keys.ts';
import { cellAt, isRule, lastUsedRow, linesOf } from '../lib/lines.ts';
import { boxedAbove, framedAbove, type Said } from './framed.ts';
import { columnIn, keepLabels, labelOf } from './label.ts';
import { collect, look, parse, type Row } from './rows.ts';
import { ENDS_THERE, type Found, inside, isAsked, isFaint, questionText } from './text.ts';

const RADIO_OFF = '○◯';
/** The palette's index for what most terminals show as their own colour. */
const WHITE = 7;
const TICKED = /^(?:[◉◼☑☒■▣⬢]|\[[xX✔✓*]\]|\([xX●*]\))$/u;

interface Menu {
  rows: Row[];
  highlighted: number;
  boxes: boolean;
}

export function readMenu(screen: ScreenView, standing?: ParsedQuestion): Found | null {
  const last = lastUsedRow(screen);
  // A visible cursor below everything is plain output: no need to look closer.
  if (screen.cursor.visible && screen.cursor.row > last) return null;
  // A box without its end is still being painted.
  if (last > 0 && halfBoxed(screen, last)) return null;
  const lines = linesOf(screen, 0, last + 1);
  const rows = lines.map((line) => parse(line, screen.cols));
  for (let at = rows.length - 1; at >= 0; at--) {
    const anchor = rows[at];
    if (anchor == null || (anchor.pointer === '' && anchor.mark === '')) continue;
    const items = collect(screen, rows, at);
    const menu = items.length < 2 ? null : judge(screen, items);
    if (menu !== null) {
      const top = menu.rows[0]!.row;
      const boxed = boxedAbove(screen, top);
      const above = askingRow(screen, top);
      const asking = above < 0 && boxed !== null ? top : above;
      if (asking < 0 || !waits(screen, asking, menu, last)) return null;
      const question = keepLabels(toQuestion(screen, menu, boxed ?? unboxed(screen, top, asking)), standing);
      return { question, row: boxed === null ? asking : boxed.row };
    }
    if (items.length >= 2) at = Math.min(at, items[0]!.row);
  }
  return null;
}

function halfBoxed(screen: ScreenView, last: number): boolean {
  return inside(screen, last).boxed || (inside(screen, last - 1).boxed && /^\s*[│┃║]/.test(screen.line(last)));
}

function judge(screen: ScreenView, run: readonly Row[]): Menu | null {
  const pointed = run.flatMap((row, i) => (row.pointer === '' ? [] : [i]));
  const marked = run[0]!.mark !== '';
  const filled = run.flatMap((row, i) => (row.mark === '●' ? [i] : []));
  const radio = marked && run.every((row) => row.mark === '●' || RADIO_OFF.includes(row.mark));
  if (pointed.length === 1) {
    if (pointed[0] === 0 && run.length > 1 && run[0]!.pointer === '>' && odd(screen, run) !== 0) return null;
    return { rows: trimRun(screen, run), highlighted: pointed[0]!, boxes: marked };
  }
  // Without a pointer only marked rows can be a menu: looking at colours costs, plain output is told apart before.
  if (pointed.length > 1 || !marked) return null;
  const lit = odd(screen, run);
  // Filled and empty differ in colour too where somebody is to choose; a printed bullet list does not.
  if (radio && filled.length === 1 && lit === filled[0]) return { rows: [...run], highlighted: filled[0]!, boxes: false };
  return marked && lit >= 0 ? { rows: [...run], highlighted: lit, boxes: true } : null;
}

/** Nothing to trim today but rows that are hints in the label column: faint where no other row is. */
function trimRun(screen: ScreenView, run: readonly Row[]): Row[] {
  const foot = run.at(-1)!;
  const alone = isFaint(screen, foot.row, foot.labelAt) && !isFaint(screen, run[0]!.row, run[0]!.labelAt) && run.length > 2;
  return alone && /[↑↓⏎]|\benter\b|\besc\b/i.test(foot.label) ? run.slice(0, -1) : [...run];
}

/** The one row that looks different from all the others, which look alike; -1 where there is none. */
function odd(screen: ScreenView, run: readonly Row[]): number {
  if (run.length === 2) return oddOfTwo(screen, run);
  const looks = run.map((row) => look(screen, row));
  const rare = looks.findIndex((each) => looks.filter((other) => other === each).length === 1);
  return rare >= 0 && new Set(looks).size === 2 ? rare : -1;
}

/** Of two rows both differ from the other: the highlighted one is not faint, or alone has a colour, an underline or reverse video. */
function oddOfTwo(screen: ScreenView, run: readonly Row[]): number {
  const only = (test: (row: Row) => boolean): number => {
    const [first, second] = run.map(test);
    return first === second ? -1 : first === true ? 0 : 1;
  };
  const bright = only((row) => !isFaint(screen, row.row, row.labelAt));
  if (bright >= 0) return bright;
  return only((row) => {
    const cell = cellAt(screen, row.row, row.labelAt);
    const plain = cell?.fg === -1 || (cell?.fg === WHITE && !cell.fgRgb);
    return cell !== undefined && (cell.inverse || cell.underline || !plain);
  });
}

/** The row that asks, above the list: one with a question glyph within a few rows, else the nearest row with text. */
function askingRow(screen: ScreenView, top: number): number {
  for (let row = top - 1; row >= Math.max(0, top - 12); row--) if (isAsked(screen, row)) return row;
  for (let row = top - 1; row >= Math.max(0, top - 3); row--) if (/\p{L}/u.test(screen.line(row))) return row;
  return -1;
}

/** Is the program waiting in this menu: cursor hidden or on it, and below it nothing but a few hints. */
function waits(screen: ScreenView, asking: number, menu: Menu, last: number): boolean {
  const bottom = menu.rows.at(-1)!.lastRow;
  const { cursor } = screen;
  if (cursor.visible && (cursor.row < asking || cursor.row > bottom)) return false;
  let below = 0;
  for (let row = bottom + 1; row <= last; row++) {
    const text = screen.line(row);
    // A box that begins below is where the program takes input: what stands above it is output that looks like a menu.
    if (/^\s*[╭┌]─{6,}[╮┐]$/.test(text)) return false;
    if (screen.wrapped(row) || text.trim() === '' || isRule(text) || /^[\s│┃└╰╯┘█▐]*$/.test(text)) continue;
    below++;
  }
  return below <= 4;
}

/** Labels that grant more than this once want a second tap; where the words are others, one tap stays enough. */
const WIDENS = /\balways\b|\bdon.t ask (?:me )?again\b/i;

const unboxed = (screen: ScreenView, top: number, asking: number): Said => ({
  ...framedAbove(screen, asking),
  text: questionText(screen, asking, top),
});

function toQuestion(screen: ScreenView, menu: Menu, { title, text, detail }: Said): ParsedQuestion {
  const { rows, highlighted, boxes } = menu;
  const column = columnIn(rows);
  const options = rows.map((row, i): QuestionOption => {
    const { label, description } = labelOf(screen, row, column);
    const checked = row.mark === '✔' || row.mark === '✓' ? !isFaint(screen, row.row, row.markAt) : TICKED.test(row.mark);
    return {
      label,
      ...(description === '' ? {} : { description }),
      keys: moveKeys(highlighted, i, [boxes ? 'space' : 'enter']),
      ...(i === highlighted ? { default: true } : {}),
      ...(WIDENS.test(label) ? { dangerous: true } : {}),
      ...(boxes ? { checked } : {}),
    };
  });
  return {
    kind: boxes ? 'multiselect' : 'choice',
    title,
    text,
    detail,
    ...(detail === '' ? {} : { detailKind: 'text' as const }),
    options,
    dismiss: { keys: ['ctrl-c'], effect: ENDS_THERE },
    source: 'screen',
  };
}
