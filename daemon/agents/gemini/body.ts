/** What a dialog of Gemini's says above its rows: heading, place in the queue, tabs, boxes with a command or a diff, paragraphs. */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { gridRow } from '../lib/grid.ts';
import { joinWrapped, squeeze } from '../lib/lines.ts';
import type { Dialog } from './frame.ts';

export interface Body {
  title: string;
  /** Rest of the heading row: what the tool says about itself. */
  note: string;
  /** "2 of 3": place in the queue of dialogs. */
  place: string;
  tabs: ParsedQuestion['tabs'];
  /** Texts in boxes of their own: command or diff. */
  boxed: string;
  boxedKind: 'command' | 'diff' | 'text';
  paragraphs: string[];
  /** A second heading row that begins with the asking tool's mark. */
  tool: string;
}

/** Everything between the top of the dialog and row `end`. */
export function readBody(screen: ScreenView, dialog: Dialog, end: number, faint?: string): Body {
  const body: Body = { title: '', note: '', place: '', tabs: undefined, boxed: '', boxedKind: 'command', paragraphs: [], tool: '' };
  let row = dialog.from;
  const blank = (r: number) => gridRow(screen, r).first(dialog.left, dialog.right) < 0;
  while (row < end && blank(row)) row++;
  // The heading is bold; a dialog whose top has scrolled off has none.
  if (dialog.frame !== null && dialog.frame.top >= 0 && row < end) row = heading(screen, dialog, row, end, body);
  const runs: { from: number; to: number }[] = [];
  for (let r = row; r < end; ) {
    if (blank(r)) {
      r++;
      continue;
    }
    const box = innerBox(screen, dialog, r);
    if (box !== null && box.last < end) {
      // Between the heading and its box stands the rest of what the tool says about itself.
      if (body.boxed === '' && body.note !== '') {
        body.note = [body.note, ...runs.splice(0).map((run) => paragraph(screen, dialog, run.from, run.to))].join('\n');
      }
      const text = boxText(screen, box);
      body.boxedKind = isDiff(screen, box) ? 'diff' : isNumbered(boxRows(screen, box)) ? 'text' : 'command';
      body.boxed += (body.boxed === '' ? '' : '\n\n') + text;
      r = box.last + 1;
      continue;
    }
    let to = r;
    while (to + 1 < end && !blank(to + 1) && innerBox(screen, dialog, to + 1) === null) to++;
    runs.push({ from: r, to });
    r = to + 1;
  }
  const last = runs.at(-1);
  if (last !== undefined && last.to > last.from && faint !== undefined) {
    // "(Select all that apply)" is the dialog's word, not the agent's: it is as faint as the footer.
    const tone = (r: number) => gridRow(screen, r).tone(gridRow(screen, r).first(dialog.left, dialog.right));
    let to = last.to;
    while (to > last.from && tone(to) === faint) to--;
    if (to < last.to && tone(to) !== faint && body.note === '') {
      body.note = paragraph(screen, dialog, to + 1, last.to);
      last.to = to;
    }
  }
  for (const run of runs) {
    const tabs = body.tabs === undefined && body.paragraphs.length === 0 ? tabsOf(screen, dialog, run.from, run.to) : undefined;
    if (tabs !== undefined) body.tabs = tabs;
    else body.paragraphs.push(paragraph(screen, dialog, run.from, run.to));
  }
  return body;
}

/** Title row(s): `? Shell  what it says`, `Answer Questions`, or `Action Required` with the tool in the next row. Returns the row after. */
function heading(screen: ScreenView, dialog: Dialog, row: number, end: number, body: Body): number {
  const line = gridRow(screen, row);
  const first = line.first(dialog.left, dialog.right);
  let text = line.text(first, dialog.right);
  const place = /(\d+ \S+ \d+)$/.exec(text);
  // Its colour tells it from the end of a text that it may touch.
  if (place !== null && place.index > 0 && line.tone(first + place.index) !== line.tone(line.first(first))) {
    const before = first + place.index - 1;
    if (line.flat[before] === ' ' || line.tone(before) !== line.tone(before + 1)) {
      body.place = place[1]!;
      text = text.slice(0, place.index).trimEnd();
    }
  }
  if (/^\?\s+\S/.test(text)) {
    // The name is bold, what the tool says about itself is not; narrow screens leave no gap between them.
    let at = first + text.search(/[^?\s]/);
    const start = at;
    while (at < first + text.length && (line.flat[at] === ' ' || line.cell(at)?.bold === true)) at++;
    body.title = squeeze(line.text(start, at));
    body.note = squeeze(line.text(at, first + text.length));
    if (body.title === '') [body.title, body.note] = [body.note, ''];
    return row + 1;
  }
  if (screen.cell(row, first)?.bold !== true) return row;
  let next = row + 1;
  while (
    next < end &&
    gridRow(screen, next).first(dialog.left, dialog.right) >= 0 &&
    gridRow(screen, next).cell(first)?.bold === true &&
    gridRow(screen, next).first(dialog.left, dialog.right) === first
  ) {
    text += ` ${gridRow(screen, next).text(first, dialog.right)}`;
    next++;
  }
  body.title = squeeze(text);
  let tool = next;
  while (tool < end && gridRow(screen, tool).first(dialog.left, dialog.right) < 0) tool++;
  const mark = tool < end ? /^\?\s+(\S.*)$/.exec(gridRow(screen, tool).text(first, dialog.right)) : null;
  if (mark === null) return next;
  body.tool = squeeze(mark[1]!);
  body.note = body.tool;
  return tool + 1;
}

interface Inner {
  /** Rows before the first and after the last one inside. */
  top: number;
  bottom: number;
  /** Last row of the box itself. */
  last: number;
  left: number;
  right: number;
}

function innerBox(screen: ScreenView, dialog: Dialog, row: number): Inner | null {
  const line = gridRow(screen, row);
  const left = line.first(dialog.left, dialog.right);
  if (left < 0) return null;
  const glyph = line.flat[left]!;
  if (!'╭│╰┌└'.includes(glyph)) return null;
  // Where the dialog is cut to the screen, a box may lack its top or its bottom.
  const top = '╭┌'.includes(glyph) ? row : row - 1;
  let bottom = top + 1;
  while (bottom <= dialog.to && gridRow(screen, bottom).flat[left] === '│') bottom++;
  const closed = '╰└'.includes(gridRow(screen, bottom).flat[left] ?? ' ');
  const right = gridRow(screen, closed ? bottom : row).flat.lastIndexOf(closed ? '╯' : glyph === '│' ? '│' : '╮', dialog.right - 1);
  return { top, bottom, last: closed ? bottom : bottom - 1, left, right: right <= left ? dialog.right : right };
}

function boxRows(screen: ScreenView, box: Inner): string[] {
  const rows: string[] = [];
  for (let row = box.top + 1; row < box.bottom; row++) rows.push(gridRow(screen, row).text(box.left + 2, box.right));
  return rows;
}

/** What stands in the box, un-wrapped where it is a command; a diff keeps its rows. */
function boxText(screen: ScreenView, box: Inner): string {
  const rows = boxRows(screen, box);
  if (isDiff(screen, box)) return rows.join('\n').trimEnd();
  if (isNumbered(rows)) {
    const gutter = Math.max(...rows.map((row) => /^\s*\d+ ?/.exec(row)?.[0].length ?? 0));
    return rows
      .map((row) => row.slice(gutter))
      .join('\n')
      .trimEnd();
  }
  // Code is wrapped two columns before the box ends.
  return joinWrapped(rows, box.right - 3 - (box.left + 2));
}

/** Rows of a new file: they count up from one. */
function isNumbered(rows: readonly string[]): boolean {
  const numbers = rows.flatMap((row) => /^\s*(\d+)(?: |$)/.exec(row)?.[1] ?? []).map(Number);
  return numbers.length > 0 && numbers.every((number, n) => number === numbers[0]! + n) && numbers.length * 2 >= rows.length;
}

/** Rows with a number column and a sign column behind it. */
function isDiff(screen: ScreenView, box: Inner): boolean {
  const rows = boxRows(screen, box).filter((row) => row.trim() !== '');
  return rows.length > 0 && rows.filter((row) => /^\s*\d+\s{1,2}[-+ ]/.test(row)).length * 2 >= rows.length;
}

function paragraph(screen: ScreenView, dialog: Dialog, from: number, to: number): string {
  const left = dialog.frame === null ? dialog.left : dialog.left + 1;
  const rows: string[] = [];
  for (let row = from; row <= to; row++) rows.push(gridRow(screen, row).text(left, dialog.right));
  return joinWrapped(rows, dialog.right - left - 1);
}

export function paragraphs(screen: ScreenView, dialog: Dialog, from: number, to: number): string[] {
  const out: string[] = [];
  let start = -1;
  for (let row = from; row <= to; row++) {
    const blank = row === to || gridRow(screen, row).first(dialog.left, dialog.right) < 0;
    if (!blank && start < 0) start = row;
    if (blank && start >= 0) {
      out.push(paragraph(screen, dialog, start, row - 1));
      start = -1;
    }
  }
  return out;
}

/** `← □ Name │ ✓ Other │ ≡ Review →`: the current one is underlined. */
function tabsOf(screen: ScreenView, dialog: Dialog, from: number, to: number): ParsedQuestion['tabs'] {
  const line = gridRow(screen, from);
  const first = line.first(dialog.left, dialog.right);
  if (line.flat[first] !== '←') return undefined;
  // Too narrow for one row, a name goes on below in its own column; marks and bars stand in the first row, blanks around them vary.
  const row = line.flat.slice(0, dialog.right);
  const marks = [...row.matchAll(/[←│] *([^\s\0│←→]) */g)];
  if (marks.length < 2) return undefined;
  return marks.map((mark, n) => {
    const at = mark.index + mark[0].length;
    const end = marks[n + 1]?.index ?? Math.max(at, row.lastIndexOf('→'));
    let title = '';
    let current = false;
    for (let r = from; r <= to; r++) {
      const part = gridRow(screen, r);
      title += ` ${part.text(at, end)}`;
      const col = part.first(at, end);
      current ||= col >= 0 && part.cell(col)?.underline === true;
    }
    return { title: squeeze(title), answered: mark[1] === '✓', current };
  });
}
