/**
 * Codex's lists of options: a highlighted row with a pointer, numbers that count up in one column, labels that wrap, descriptions in a column of
 * their own or on the row below, key hints in brackets behind the label. Geometry and colours only; what the list asks is `panel.ts`.
 */
import type { ScreenView } from '../agent.ts';
import { columnOf, isRule, squeeze, tone } from '../lib/lines.ts';

export interface Entry {
  row: number;
  lastRow: number;
  /** Undefined in lists without numbers. */
  number: number | undefined;
  pointer: boolean;
  label: string;
  description: string;
  /** The key shown behind the label (`y` of "Yes, proceed (y)"), or ''. */
  shortcut: string;
}

export interface Menu {
  entries: Entry[];
  top: number;
  bottom: number;
  /** Index of the highlighted entry. */
  highlighted: number;
  /** Column of the numbers (of the labels, where there are none): the overlays that ask questions are set in by two more than the others. */
  numberAt: number;
}

const NUMBERED = /^(\s*)(?:([›❯>▸])\s)?(\s*)(\d{1,2})\.\s+(?=\S)/;
const POINTED = /^(\s*)([›❯▸])\s+(?=\S)/;

interface Head {
  row: number;
  pointer: boolean;
  number: number | undefined;
  numberAt: number;
  labelAt: number;
}

function headOf(screen: ScreenView, row: number): Head | null {
  const line = screen.line(row);
  const match = NUMBERED.exec(line);
  if (match === null) return null;
  const [whole, , pointer, , number = ''] = match;
  return {
    row,
    pointer: pointer !== undefined,
    number: Number(number),
    numberAt: whole.lastIndexOf(number),
    labelAt: whole.length,
  };
}

const indentOf = (line: string): number => line.search(/\S/);

/** The list whose highlighted row is lowest on the screen, or null. */
export function findMenu(screen: ScreenView): Menu | null {
  for (let row = screen.rows - 1; row >= 0; row--) {
    const head = headOf(screen, row);
    if (head?.pointer === true) {
      const heads = around(screen, head);
      return heads.length >= 2 && stands(screen, head, heads) ? build(screen, heads) : null;
    }
    if (POINTED.test(screen.line(row)) && isComposer(screen, row)) return null;
  }
  return null;
}

/** The prompt glyph of the composer: at the very left, strong and not faint (a prompt that was sent is faint). */
export function isComposer(screen: ScreenView, row: number): boolean {
  if (!/^[›!](?:\s|$)/.test(screen.line(row)) || headOf(screen, row) !== null) return false;
  const cell = screen.cell(row, 0);
  return cell?.dim !== true;
}

/** All heads of the list that `from` belongs to, in order. */
function around(screen: ScreenView, from: Head): Head[] {
  const heads = [from];
  for (const step of [-1, 1]) {
    let last = from;
    for (let row = from.row + step; row >= 0 && row < screen.rows; row += step) {
      if (step < 0 && last.number === 1) break;
      const line = screen.line(row);
      if (line === '') continue;
      const head = headOf(screen, row);
      if (head !== null && head.number === last.number! + step && sameColumn(head, last)) {
        if (step < 0) heads.unshift(head);
        else heads.push(head);
        last = head;
      } else if (indentOf(line) < Math.min(last.labelAt, from.labelAt) || isRule(line)) break;
    }
  }
  return heads;
}

/** Numbers stand in one column by their first digit or by their dot. */
const sameColumn = (a: Head, b: Head): boolean => a.numberAt === b.numberAt || a.labelAt === b.labelAt;

/** A live list shows its highlight by more than a glyph, which text that merely looks like a list cannot. */
function stands(screen: ScreenView, pointer: Head, heads: readonly Head[]): boolean {
  return heads.some((head) => head !== pointer && weight(screen, head) !== weight(screen, pointer));
}

function weight(screen: ScreenView, head: Head): string {
  const cell = screen.cell(head.row, columnOf(screen, head.row, head.labelAt));
  return `${tone(cell)} ${cell?.bold === true ? 'b' : ''} ${cell?.bg ?? ''}`;
}

function build(screen: ScreenView, heads: readonly Head[]): Menu {
  const blocks = heads.map((head, n) => {
    const rows = [head.row];
    const end = heads[n + 1]?.row ?? screen.rows;
    for (let row = head.row + 1; row < end; row++) {
      const line = screen.line(row);
      if (line === '' || indentOf(line) < head.labelAt) break;
      rows.push(row);
    }
    return { head, rows };
  });
  const column = descriptionColumn(screen, blocks);
  const raw = blocks.map(({ head, rows }) => entryText(screen, head, rows, column));
  const hinted = raw.some((entry) => entry.hintShown);
  const entries = blocks.map(({ head, rows }, n) => {
    const text = raw[n]!;
    const hint = hinted ? /\s*\(([^()\s]{1,10}(?: ?\+ ?\w+)?)\)$/.exec(text.label) : null;
    return {
      row: head.row,
      lastRow: rows.at(-1)!,
      number: head.number,
      pointer: head.pointer,
      label: hint === null ? text.label : text.label.slice(0, hint.index),
      description: text.description,
      shortcut: hint?.[1] ?? '',
    };
  });
  return {
    entries,
    top: heads[0]!.row,
    bottom: entries.at(-1)!.lastRow,
    highlighted: entries.findIndex((entry) => entry.pointer),
    numberAt: heads[0]!.numberAt,
  };
}

interface Block {
  head: Head;
  rows: number[];
}

/** The column at which descriptions start beside the labels: behind a gap, in another weight than the label. -1 where there is none. */
function descriptionColumn(screen: ScreenView, blocks: readonly Block[]): number {
  const votes = new Map<number, number>();
  for (const { head } of blocks) {
    for (const gap of screen.line(head.row).matchAll(/\s{2,}(?=\S)/g)) {
      const at = gap.index + gap[0].length;
      if (at <= head.labelAt + 1 || !lighter(screen, head.row, head.labelAt, at)) continue;
      const column = columnOf(screen, head.row, at);
      votes.set(column, (votes.get(column) ?? 0) + 1);
    }
  }
  return [...votes].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? -1;
}

/** Is the text at `at` fainter, less bold or of another colour than the label at `labelAt`? */
function lighter(screen: ScreenView, row: number, labelAt: number, at: number): boolean {
  const label = screen.cell(row, columnOf(screen, row, labelAt));
  const note = screen.cell(row, columnOf(screen, row, at));
  return label?.dim !== note?.dim || label?.bold !== note?.bold || tone(label) !== tone(note);
}

function entryText(screen: ScreenView, head: Head, rows: readonly number[], column: number) {
  const labels: string[] = [];
  const notes: string[] = [];
  let hintShown = false;
  let below = false;
  for (const row of rows) {
    const [left, right] = split(screen, row, head.labelAt, column);
    if (left !== '') {
      // Where there is no column, a description stands below its label in another weight.
      below ||= row !== head.row && column < 0 && lighterThanHead(screen, head, row);
      (below ? notes : labels).push(left);
      if (!below) hintShown ||= hasHint(screen, row, left);
    }
    if (right !== '') notes.push(right);
  }
  const width = (column < 0 ? screen.cols : column - 2) - head.labelAt;
  return { label: joinRows(labels, width), description: joinRows(notes, screen.cols - Math.max(column, head.labelAt)), hintShown };
}

function lighterThanHead(screen: ScreenView, head: Head, row: number): boolean {
  const first = screen.cell(head.row, columnOf(screen, head.row, head.labelAt));
  const here = screen.cell(row, columnOf(screen, row, indentOf(screen.line(row))));
  return first?.dim !== here?.dim || first?.bold !== here?.bold || tone(first) !== tone(here);
}

/** The row's text left and right of the description column. */
function split(screen: ScreenView, row: number, labelAt: number, column: number): [string, string] {
  const line = screen.line(row);
  if (column < 0) return [line.slice(labelAt).trim(), ''];
  let at = column;
  while (at > 0 && columnOf(screen, row, at) > column) at--;
  return [line.slice(labelAt, at).trim(), line.slice(at).trim()];
}

/** A key hint is set off from its brackets by weight or colour. */
function hasHint(screen: ScreenView, row: number, text: string): boolean {
  const match = /\(([^()\s]{1,10}(?: ?\+ ?\w+)?)\)$/.exec(text);
  if (match === null) return false;
  const at = screen.line(row).lastIndexOf(match[0]);
  const bracket = screen.cell(row, columnOf(screen, row, at));
  const key = screen.cell(row, columnOf(screen, row, at + 1));
  return bracket?.bold !== key?.bold || tone(bracket) !== tone(key);
}

/** Rows of one wrapped text: broken at blanks, at hyphens, and inside a word only where it is too long for a row of its own. */
export function joinRows(rows: readonly string[], width: number): string {
  let out = '';
  rows.forEach((row, i) => {
    const above = rows[i - 1] ?? '';
    const word = (/\S*$/.exec(above)?.[0].length ?? 0) + (/^\S*/.exec(row)?.[0].length ?? 0);
    // A word that was cut fills its row; where the width is not known to the column, two columns are allowed for.
    const cut = /[\p{L}\p{N}]-$/u.test(above) || (above.length >= width - 2 && word > width);
    out += out === '' || cut ? row : ` ${row}`;
  });
  return squeeze(out);
}
