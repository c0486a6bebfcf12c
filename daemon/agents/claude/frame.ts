/**
 * Where things are on Claude Code's screen: the prompt box at the bottom, or else the dialog that has taken its place, cut into its parts.
 * Only geometry; what a dialog means is `dialog.ts` and `ask.ts`.
 */
import type { ScreenView } from '../agent.ts';
import { cellAt, isRule, type Line, lastUsedRow, linesOf, tone } from '../lib/lines.ts';
import { type Item, type List, numberedList, parseItem, pointerList } from '../lib/list.ts';

/** The longest status area under the prompt box: mode line, hints, a background-task list. */
const STATUS_ROWS = 12;

const DASHED = /^\s*[╌╍┄┅┈┉]{6,}\s*$/;
export const isDashed = (text: string): boolean => DASHED.test(text);

/** A solid rule over (nearly) the whole width. */
function isWideRule(screen: ScreenView, text: string): boolean {
  return isRule(text) && !isDashed(text) && text.trim().length >= screen.cols - 8;
}

export interface PromptBox {
  /** Rows of the upper and lower rule. */
  top: number;
  bottom: number;
  /** What is typed in it. */
  draft: string;
}

/** The box the user types prompts into: two rules with a prompt glyph between them, near the bottom. */
export function promptBox(screen: ScreenView): PromptBox | null {
  const last = lastUsedRow(screen);
  for (let bottom = last; bottom > 0 && bottom >= last - STATUS_ROWS; bottom--) {
    if (!isWideRule(screen, screen.line(bottom))) continue;
    for (let top = bottom - 2; top >= 0; top--) {
      const line = screen.line(top);
      if (!isWideRule(screen, line)) continue;
      const first = /^(?:[│┃|] ?)?([❯>!#&])(?:\s|$)(.*)$/.exec(screen.line(top + 1));
      // `❯ 1. …` between two rules is a list, not a draft, unless the box is one row high and at the very left.
      if (first === null) return null;
      const rest = linesOf(screen, top + 2, bottom).map((row) => row.text.trim());
      return { top, bottom, draft: [first[2]!.replace(/[│┃|]\s*$/, '').trim(), ...rest].join('\n').trim() };
    }
    return null;
  }
  return null;
}

export interface Dialog {
  /** Everything from below the top rule to above the list; the whole screen above the list where the rule has scrolled off. */
  body: Line[];
  /** Rule to its first row is on the screen. */
  whole: boolean;
  list: List;
  /** What stands under the list. */
  footer: Line[];
  /** A text field has the focus: the row of its caret. */
  caretRow: number;
  /** Options stand beside a box that previews the highlighted one. */
  preview: string | null;
}

/** The dialog at the bottom of the screen, or null: a list with a highlighted row and nothing but hints below it. */
export function findDialog(screen: ScreenView): Dialog | null {
  const last = lastUsedRow(screen);
  const all = linesOf(screen, 0, last + 1);
  const pane = previewPane(screen, all);
  const lines = pane === null ? all : all.map((line) => (line.row >= pane.top && line.row <= pane.bottom ? cut(line, pane.at) : line));
  const list = findList(screen, lines, pane !== null);
  if (list === null || list.highlighted < 0) return null;
  const pointer = list.items[list.highlighted]!;
  // Claude's echo of a prompt has a background of its own; a menu row has none.
  if (hasBackground(screen, pointer) || isProse(screen, lines, pointer)) return null;
  const top = topRule(screen, lines, list.top);
  const footer = lines.filter((line) => line.row > Math.max(list.bottom, pane?.bottom ?? 0) && line.text !== '');
  // A rule below the list belongs to something else: the transcript's status line, a prompt box that is not understood.
  if (footer.length > 8 || footer.some((line) => isWideRule(screen, screen.line(line.row)))) return null;
  return {
    body: lines.filter((line) => line.row > top && line.row < list.top),
    whole: top >= 0,
    list,
    footer,
    caretRow: caretRow(screen, list),
    preview: pane?.text ?? null,
  };
}

function findList(screen: ScreenView, lines: readonly Line[], hasPreview: boolean): List | null {
  // Descriptions have a colour of their own, so the wrap limit may be generous.
  const options = { limit: screen.cols - 4, throughRules: true, actionRows: true, columns: 'aligned' } as const;
  const numbered = numberedList(screen, lines, options);
  if (numbered !== null && lines.filter((line) => line.row > numbered.bottom && line.text !== '').length <= 8) {
    if (hasPreview) addLooseRow(lines, numbered);
    if (numbered.highlighted >= 0) return numbered;
  }
  return pointerList(screen, lines, { ...options, pointers: '❯>' });
}

/** The preview layout sets "Chat about this" below a rule without a number: an option all the same, reached by arrows. */
function addLooseRow(lines: readonly Line[], list: List): void {
  const below = lines.filter((line) => line.row > list.bottom && line.text !== '');
  const rule = below.findIndex((line) => isRule(line.text));
  const row = rule < 0 ? undefined : below[rule + 1];
  const item = row === undefined ? null : parseItem(row.text);
  if (row === undefined || item === null || item.number !== undefined || item.indent > 2) return;
  list.items.push({
    row: row.row,
    lastRow: row.row,
    number: undefined,
    pointer: item.pointer === '❯',
    checked: undefined,
    labelAt: item.labelAt,
    label: item.label.trim(),
    description: '',
  });
  list.bottom = row.row;
  list.highlighted = list.items.findIndex((each) => each.pointer);
}

/** A menu's pointer has the dialog's colour. One without any, on a screen whose rules are coloured, is text that imitates a dialog. */
function isProse(screen: ScreenView, lines: readonly Line[], pointer: Item): boolean {
  const at = screen.line(pointer.row).search(/\S/);
  if (cellAt(screen, pointer.row, at)?.fg !== -1) return false;
  return lines.some((line) => line.indent >= 0 && isRule(line.text) && tone(screen.cell(line.row, line.indent)) !== '-1');
}

function hasBackground(screen: ScreenView, item: Item): boolean {
  return cellAt(screen, item.row, item.labelAt)?.bg !== -1;
}

/** The row of the dialog's top rule; -1 where it has scrolled off. Rules inside a dashed box (a plan's own) do not count. */
function topRule(screen: ScreenView, lines: readonly Line[], listTop: number): number {
  let dashes = 0;
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i]!;
    if (line.row >= listTop) continue;
    if (isDashed(line.text)) dashes++;
    else if (dashes % 2 === 0 && isWideRule(screen, screen.line(line.row))) {
      return dashes === 0 && isPlanFoot(screen, lines, i) ? aboveBox(screen, lines, i) : line.row;
    }
  }
  return -1;
}

/** A plan's question stands under a rule of its own, directly below the plan's dashed box (or its scrolled pane, which is indented). */
function isPlanFoot(screen: ScreenView, lines: readonly Line[], at: number): boolean {
  const above = lines.slice(0, at).findLast((line) => line.text !== '');
  return screen.line(lines[at]!.row).startsWith('  ') || (above !== undefined && isDashed(above.text));
}

/** The rule above the dashed box that ends (or is cut off) above line `at`. */
function aboveBox(screen: ScreenView, lines: readonly Line[], at: number): number {
  let box = lines.slice(0, at).findLastIndex((line) => isDashed(line.text));
  const nearest = lines.slice(0, at).findLast((line) => line.text !== '');
  if (box >= 0 && nearest === lines[box]) box = lines.slice(0, box).findLastIndex((line) => isDashed(line.text));
  return box < 0
    ? -1
    : (lines.slice(0, box).findLast((line) => isWideRule(screen, screen.line(line.row)) && !isDashed(line.text))?.row ?? -1);
}

/** The input caret is a cell in reverse video (the terminal's own cursor is hidden). */
function caretRow(screen: ScreenView, list: List): number {
  for (const item of list.items) {
    for (let row = item.row; row <= item.lastRow; row++) {
      const width = screen.line(row).length + 2;
      for (let col = item.labelAt; col < Math.min(width, screen.cols); col++) if (screen.cell(row, col)?.inverse === true) return row;
    }
  }
  return -1;
}

interface Pane {
  top: number;
  bottom: number;
  at: number;
  text: string;
}

/** A box to the right of a numbered list, and the notes under it. */
function previewPane(screen: ScreenView, lines: readonly Line[]): Pane | null {
  for (let i = lines.length - 1; i >= 0; i--) {
    const raw = screen.line(lines[i]!.row);
    const at = raw.search(/(?<=\S\s{2,})[┌╭][─━]{4,}[┐╮]$/);
    if (at < 12 || parseItem(raw)?.number === undefined) continue;
    let bottom = i;
    const text: string[] = [];
    while (bottom + 1 < lines.length) {
      const right = screen.line(lines[bottom + 1]!.row).slice(at);
      if (/^[│┃]/.test(right)) text.push(right.replace(/^[│┃] ?/, '').replace(/\s*[│┃]\s*$/, ''));
      else if (isRule(screen.line(lines[bottom + 1]!.row)) && lines[bottom + 1]!.indent < at) break;
      bottom++;
    }
    return { top: lines[i]!.row, bottom: lines[bottom]!.row, at, text: text.join('\n') };
  }
  return null;
}

function cut(line: Line, at: number): Line {
  const text = line.text.slice(0, at).trimEnd();
  return { row: line.row, text, indent: text.search(/\S/) };
}
