/**
 * Rows of a screen as items of a list: one label column, rows that a label wraps onto and descriptions with their item. Pure structure; which list
 * is a menu is menu.ts's.
 */
import type { ScreenView } from '../agent.ts';
import { cellAt, deframe, isRule, type Line, tone } from '../lib/lines.ts';
import { continuesAbove, inside, isAsked, isFaint } from './text.ts';

/** A filled circle is a radio button; before a number it points. */
const ROW =
  /^(\s*)([❯›▸▶►➤→‣»]|>(?=\s)|●(?=\s+\d{1,2}[.)]\s))?(\s*)(?:(\d{1,2})[.)](?:\s+|(?=\p{L})))?([●○◉◯◻◼☐☑☒□■▢▣⬡⬢✔✓](?=\s)|\[[ xX✔✓*]?\]|\([ xX●*]?\))?(\s*)(\S.*)$/u;
/** Columns by which numbers of one list in a box may be out of line. */
const ASKEW = 2;
/** Columns that a full-screen program may leave free at the right. */
const MARGIN = 4;
/** A longer list than this is no menu somebody scrolls through on a phone. */
const MAX_ROWS = 80;

export interface Row {
  row: number;
  /** The last row of its label and description. */
  lastRow: number;
  text: string;
  pointer: string;
  number: number | undefined;
  /** Column of the number, also of one that is not there. */
  numberAt: number;
  mark: string;
  markAt: number;
  labelAt: number;
  label: string;
  /** Rows that go on with the label. */
  more: number[];
  /** Rows below the label that describe it. */
  about: number[];
}

/** Row by row; a scroll bar at the edge of a screen of `cols` columns is none of the text. */
export function parse(line: Line, cols: number): Row | null {
  return parseText(line.text.length >= cols - 1 ? { ...line, text: line.text.replace(/\s+█$/, '') } : line);
}

function parseText(line: Line): Row | null {
  // The corner that closes a group may carry what was wrong with the last answer.
  if (line.text === '' || isRule(line.text) || /^\s*[└╰](?:\s|$)/.test(line.text)) return null;
  const match = ROW.exec(line.text);
  if (match === null) return null;
  const [, blanks = '', pointer = '', gap = '', first, mark = '', , rest = ''] = match;
  if (/^(?:\.{3}|…|[▲▼↑↓]+)$/.test(rest)) return null;
  const from = blanks.length + pointer.length + gap.length;
  // The number stands before the box or behind it.
  const behind = first === undefined && mark !== '' ? /^(\d{1,2})[.)]\s+(?=\S)/.exec(rest) : null;
  const number = first ?? behind?.[1];
  const label = rest.slice(behind?.[0].length ?? 0);
  return {
    row: line.row,
    lastRow: line.row,
    text: line.text,
    pointer,
    number: number === undefined ? undefined : Number(number),
    numberAt: behind === null ? from : line.text.length - rest.length,
    mark,
    markAt: mark === '' ? -1 : line.text.indexOf(mark, from),
    labelAt: line.text.length - label.length,
    label,
    more: [],
    about: [],
  };
}

/** Key names and arrows between dots: what libraries write under a list. */
const isHint = (label: string): boolean => /[↑↓←→⏎]|\b(?:enter|return|esc|space)\b\s?[:)]/i.test(label);

/** The items of the list that row `anchor` is in. */
export function collect(screen: ScreenView, rows: readonly (Row | null)[], anchor: number): Row[] {
  const like = rows[anchor]!;
  const within = (at: number): boolean => rows[at] != null || inItem(screen, rows, at, like);
  let start = anchor;
  while (start > 0 && anchor - start < MAX_ROWS && within(start - 1) && !isAsked(screen, start - 1)) start--;
  let items: Row[] = [];
  for (let at = start; at < rows.length; at++) {
    const row = rows[at];
    if (row == null) {
      if (inItem(screen, rows, at, like)) continue;
      if (at > anchor) break;
      items = [];
      continue;
    }
    const item = items.at(-1);
    if (item !== undefined && at !== anchor && describes(screen, row, like)) addRow(item, 'about', row.row);
    else if (isHead(screen, row, like) && !(item !== undefined && isBare(row) && goesOn(screen, item, row))) {
      // Another list ends where the numbers do not count up by one.
      if (item?.number !== undefined && row.number !== item.number + 1) {
        if (at > anchor) break;
        items = [];
      }
      items.push({ ...row, more: [], about: [] });
    } else if (item !== undefined && isBare(row) && !isHint(row.label) && belongs(screen, row, item)) {
      addRow(item, item.about.length > 0 || !goesWith(screen, row, item) ? 'about' : 'more', row.row);
    } else if (at > anchor) break;
    else items = [];
  }
  return items.some((item) => item.row === like.row) ? items : [];
}

function isHead(screen: ScreenView, row: Row, like: Row): boolean {
  if ((row.mark === '') !== (like.mark === '') || (row.number === undefined) !== (like.number === undefined)) return false;
  if (screen.wrapped(row.row)) return false;
  if (row.number === undefined || row.labelAt === like.labelAt) return row.labelAt === like.labelAt;
  // Numbers stand below each other at their first digit or at their dot; in a box, a row that wraps may have lost a blank or two before its number.
  const askew = inside(screen, row.row).boxed ? ASKEW : 0;
  const end = (of: Row): number => of.numberAt + String(of.number).length;
  return Math.min(Math.abs(row.numberAt - like.numberAt), Math.abs(end(row) - end(like))) <= askew;
}

const isBare = (row: Row): boolean => row.pointer === '' && row.mark === '' && row.number === undefined;

/** The wrapped rest of an item, or what is set in under it. Libraries wrap rows with a box well before the edge, back to the box's own column. */
function belongs(screen: ScreenView, row: Row, item: Row): boolean {
  return setIn(row, item) || item.mark !== '' || continuesAbove(screen, row.row) || besideKey(screen, row, item);
}

const setIn = (row: Row, item: Row): boolean =>
  row.labelAt > item.labelAt || (row.labelAt === item.labelAt && (item.mark !== '' || item.number !== undefined));

/** It goes on with the label, and does not describe it: in the label's colour, or in the one that the row above ends in, and a wrap never breaks early. */
function goesWith(screen: ScreenView, row: Row, item: Row): boolean {
  if (screen.wrapped(row.row) || besideKey(screen, row, item)) return true;
  const above = deframe(screen.line(row.row - 1)).replace(/\s+█$/, '');
  const [here, end, label] = [
    cellAt(screen, row.row, row.labelAt),
    cellAt(screen, row.row - 1, above.length - 1),
    cellAt(screen, item.row, item.labelAt),
  ].map(tone);
  return (here === end || here === label) && (continuesAbove(screen, row.row, MARGIN) || !setIn(row, item));
}

/** The rest of a label that wraps beside a column with its key: further left than the list, as its item looks, and the key's end behind it. */
function besideKey(screen: ScreenView, row: Row, item: Row): boolean {
  const bare = isBare(row) && row.labelAt < item.labelAt && inside(screen, row.row).boxed;
  return bare && look(screen, row) === look(screen, item) && isFaint(screen, row.row, row.text.length - 1);
}

/** Such a key may leave an empty row before the next item. */
function inItem(screen: ScreenView, rows: readonly (Row | null)[], at: number, like: Row): boolean {
  const [tail, below] = [rows[at - 1], rows[at + 1]];
  let head = at - 2;
  while (rows[head] != null && rows[head]!.labelAt < like.labelAt) head--;
  const item = rows[head];
  if (item == null || tail == null || below == null || !besideKey(screen, tail, item)) return false;
  return below.labelAt === like.labelAt && !isFaint(screen, below.row, below.labelAt);
}

function addRow(item: Row, where: 'more' | 'about', row: number): void {
  item[where].push(row);
  item.lastRow = row;
}

/** A faint row in the label column below rows that are not. */
function describes(screen: ScreenView, row: Row, like: Row): boolean {
  return (
    isBare(row) &&
    like.mark === '' &&
    row.labelAt === like.labelAt &&
    isFaint(screen, row.row, row.labelAt) &&
    !isFaint(screen, like.row, like.labelAt) &&
    !isHint(row.label)
  );
}

/** A row in the label column that is the wrapped rest of the item above: full row, same look. */
function goesOn(screen: ScreenView, item: Row, row: Row): boolean {
  const above = inside(screen, row.row - 1);
  const full = above.boxed || above.text.length >= screen.cols - 1;
  // A key named faintly at the end of the row above belongs to that row alone.
  if (above.boxed && isFaint(screen, row.row - 1, above.text.length - 1) && !isFaint(screen, row.row, row.labelAt)) return false;
  return full && look(screen, row) === look(screen, item) && continuesAbove(screen, row.row);
}

/** Everything about how a row's label is drawn, comparable. */
export function look(screen: ScreenView, row: Row): string {
  const cell = cellAt(screen, row.row, row.labelAt);
  return cell === undefined ? '' : `${cell.fg}${cell.fgRgb}${cell.bg}${cell.bgRgb}${cell.dim}${cell.inverse}${cell.underline}${cell.bold}`;
}
