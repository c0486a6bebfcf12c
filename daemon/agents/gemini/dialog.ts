/** From Gemini's dialog to a question: heading, tabs, body (command, diff, plan), the sentence that asks, rows, footer. Structure first. */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { frameAround, gridRow } from '../lib/grid.ts';
import { times } from '../lib/keys.ts';
import { squeeze } from '../lib/lines.ts';
import type { RadioItem, RadioList } from '../lib/radio-list.ts';
import { type Body, paragraphs, readBody } from './body.ts';
import { type Dialog, findDialog } from './frame.ts';

/** Rows that widen rights beyond this one question. */
const WIDENS = /\b(?:session|future|always|all server|automatically|trust|disable)\b/i;
const REFUSES = /^(?:no\b|don.t\b)/i;

export interface ReadDialog {
  question: ParsedQuestion;
  anchor: string;
  /** The list shows a window of its rows only. */
  scrolls: boolean;
}

export function readDialog(screen: ScreenView): ReadDialog | null {
  const dialog = findDialog(screen);
  if (dialog === null) return null;
  return dialog.list === null ? fieldDialog(screen, dialog) : listDialog(screen, dialog, dialog.list);
}

function listDialog(screen: ScreenView, dialog: Dialog, list: RadioList): ReadDialog | null {
  const body = readBody(screen, dialog, list.top, faintTone(screen, dialog, list));
  const footer = paragraphs(screen, dialog, list.bottom + 1, dialog.to + 1).join(' ');
  const custom = customIndex(screen, dialog, list);
  const options = list.items.map((item, index) => option(screen, list, item, index, custom));
  const asks = list.items.some((item) => item.indented || item.checked !== undefined);
  const kind = kindOf(body, list, asks);
  const split = wording(body, kind);
  const question: ParsedQuestion = {
    kind,
    title: body.title,
    ...split,
    ...(body.note === '' ? {} : { note: body.note }),
    ...(split.detail === '' ? {} : { detailKind: kind === 'plan' ? 'plan' : body.boxed === '' ? 'text' : body.boxedKind }),
    options,
    ...(asks ? { freeText: { option: custom < 0 ? null : custom, multiline: true } } : {}),
    ...(body.tabs === undefined ? {} : { tabs: body.tabs }),
    ...dismissal(kind, options, footer),
    source: 'screen',
  };
  return { question, anchor: body.place, scrolls: list.arrows };
}

function option(screen: ScreenView, list: RadioList, item: RadioItem, index: number, custom: number): QuestionOption {
  const inField = list.highlighted === custom && custom >= 0;
  const keys = keysOf(item.number, index - list.highlighted, inField || index === custom);
  const action = item.number === undefined;
  return {
    label: index === custom ? fieldText(screen, list, item) : item.label,
    ...(item.description === '' || index === custom ? {} : { description: item.description }),
    keys,
    ...(item.pointer ? { default: true } : {}),
    ...(item.checked === undefined ? {} : { checked: item.checked }),
    ...(index === custom ? { freeText: true } : {}),
    ...(WIDENS.test(item.label) && !REFUSES.test(item.label) && !item.indented ? { dangerous: true } : {}),
    ...(action ? { submit: true } : {}),
  };
}

/** Once the row that takes text has the focus, digits are typed into it; from ten on, a digit is not enough. */
export function keysOf(number: number | undefined, distance: number, walk: boolean): string[] {
  if (number !== undefined && number <= 9 && !walk) return [String(number)];
  return [...times(distance >= 0 ? 'down' : 'up', Math.abs(distance)), 'enter'];
}

/** The row that takes text is the last numbered one of a question; it has no description. -1 where it is scrolled off. */
function customIndex(screen: ScreenView, dialog: Dialog, list: RadioList): number {
  const asks = list.items.some((item) => item.indented || item.checked !== undefined);
  const last = list.items.findLastIndex((item) => item.number !== undefined);
  const item = list.items[last];
  if (!asks || item === undefined || (item.description !== '' && !severalRows(screen, item))) return -1;
  const hasAction = list.items.some((each) => each.number === undefined);
  if (list.moreBelow && !hasAction && !isFaint(screen, dialog, list, item) && !hasCursor(screen, item)) return -1;
  return last;
}

/** A text of several lines stands below itself in its own colour; a description has another one. */
function severalRows(screen: ScreenView, item: RadioItem): boolean {
  const below = gridRow(screen, item.row + 1);
  return item.lastRow > item.row && (hasCursor(screen, item) || below.tone(below.first(item.labelCol - 1)) === item.tone);
}

/** Has the colour of the footer below the list: a placeholder, not an option. */
function isFaint(screen: ScreenView, dialog: Dialog, list: RadioList, item: RadioItem): boolean {
  return faintTone(screen, dialog, list) === item.tone;
}

/** The colour of the footer, if the dialog has one. */
function faintTone(screen: ScreenView, dialog: Dialog, list: RadioList): string | undefined {
  for (let row = list.bottom + 1; row <= dialog.to; row++) {
    const line = gridRow(screen, row);
    const first = line.first(dialog.left, dialog.right);
    if (first >= 0) return line.tone(first);
  }
  return undefined;
}

/** A text field with the focus shows its cursor as a cell with swapped colours. */
export function hasCursor(screen: ScreenView, item: RadioItem): boolean {
  for (let row = item.row; row <= item.lastRow; row++) {
    for (let col = item.labelCol - 1; col < screen.cols; col++) if (screen.cell(row, col)?.inverse === true) return true;
  }
  return false;
}

/** The label of a text row: its placeholder, or what is typed there. */
function fieldText(screen: ScreenView, list: RadioList, item: RadioItem): string {
  const rows: string[] = [];
  for (let row = item.row; row <= item.lastRow; row++) {
    rows.push(gridRow(screen, row).text(item.labelCol, list.right).trim());
  }
  return squeeze(rows.join(' '));
}

/** What is typed into the row that takes text: '' while it shows its placeholder; null where that row is not on the screen. */
export function typedText(screen: ScreenView): string | null {
  const dialog = findDialog(screen);
  if (dialog?.list == null) {
    const field = dialog === null ? null : fieldRow(screen, dialog);
    if (dialog === null || field === null) return null;
    const line = gridRow(screen, field.row);
    return screen.cell(field.row, field.col)?.inverse === true && (line.flat[field.col] ?? ' ') !== ' '
      ? ''
      : line.text(field.col, field.right).trim();
  }
  const index = customIndex(screen, dialog, dialog.list);
  const item = dialog.list.items[index];
  if (item === undefined) return null;
  return isFaint(screen, dialog, dialog.list, item) ? '' : fieldText(screen, dialog.list, item);
}

function kindOf(body: Body, list: RadioList, asks: boolean): ParsedQuestion['kind'] {
  if (list.items.some((item) => item.checked !== undefined)) return 'multiselect';
  if (asks) return body.title.endsWith('?') ? 'plan' : 'choice';
  if (/\btrust\b/i.test(body.title)) return 'trust';
  if (body.boxed !== '' || body.tool !== '') return 'permission';
  const [first, second, third] = list.items;
  return third === undefined && first?.label === 'Yes' && second?.label === 'No' ? 'confirm' : 'choice';
}

/** A hint may follow the sentence that asks. */
function question(text: string): [string, string] {
  const split = /^([^?]*\?)\n([\s\S]+)$/.exec(text);
  return split === null ? [text, ''] : [split[1]!, split[2]!];
}

/** Which part of the body asks and which is what it is about. */
function wording(body: Body, kind: ParsedQuestion['kind']): { text: string; detail: string } {
  const rest = [...body.paragraphs];
  if (kind === 'choice' && body.boxed === '' && body.tabs === undefined && body.title !== '' && rest.length === 0)
    return { text: body.title, detail: '' };
  if (kind === 'plan' || kind === 'trust') return { text: body.title, detail: rest.join('\n\n') };
  if (kind === 'permission') {
    const [text, advice] = question(rest.pop() ?? body.title);
    const lines = text.split('\n');
    rest.push(...(lines.length > 1 ? [lines.slice(0, -1).join('\n')] : []));
    if (advice !== '') body.note = [body.note, advice].filter((part) => part !== '').join('\n');
    const about = [body.boxed, ...rest].filter((part) => part !== '').join('\n\n');
    return { text: lines.at(-1)!, detail: about === '' ? body.tool : about };
  }
  if (kind === 'confirm') return { text: rest.pop() ?? body.title, detail: rest.join('\n\n') };
  return { text: rest.join('\n\n'), detail: body.boxed };
}

function dismissal(kind: ParsedQuestion['kind'], options: readonly QuestionOption[], footer: string): Pick<ParsedQuestion, 'dismiss'> {
  const told = /\besc\b/i.test(footer) || options.some((each) => /\(esc\)/i.test(each.label));
  if (kind === 'trust') return { dismiss: { keys: ['esc'], effect: 'leaves Gemini CLI without an answer' } };
  if (kind === 'permission') return { dismiss: { keys: ['esc'], effect: 'denies it and stops the turn' } };
  if (kind === 'plan') return { dismiss: { keys: ['esc'], effect: 'does not approve the plan and stops the turn' } };
  if (!told) return {};
  return { dismiss: { keys: ['esc'], effect: kind === 'confirm' ? 'closes the dialog' : 'cancels the question without an answer' } };
}

/** A dialog without a list: a text field, a secret, or the page that reviews the answers. */
function fieldDialog(screen: ScreenView, dialog: Dialog): ReadDialog | null {
  const field = fieldRow(screen, dialog);
  if (field === null) return review(screen, dialog);
  const body = readBody(screen, dialog, field.boxTop ?? field.row);
  if (body.title === '') return null;
  const secret = field.boxTop !== undefined;
  return {
    anchor: body.place,
    scrolls: false,
    question: {
      kind: secret ? 'password' : 'text',
      title: body.title,
      text: body.paragraphs.join('\n\n') || body.title,
      detail: '',
      options: [],
      freeText: { option: null, multiline: !secret },
      ...(body.tabs === undefined ? {} : { tabs: body.tabs }),
      dismiss: { keys: ['esc'], effect: secret ? 'goes back to the ways of signing in' : 'cancels the question without an answer' },
      source: 'screen',
    },
  };
}

interface Field {
  row: number;
  col: number;
  right: number;
  /** Top border, where the field has a box of its own. */
  boxTop: number | undefined;
}

function fieldRow(screen: ScreenView, dialog: Dialog): Field | null {
  for (let row = dialog.to; row >= dialog.from; row--) {
    const line = gridRow(screen, row);
    let col = line.first(dialog.left, dialog.right);
    if (col < 0) continue;
    const boxed = line.flat[col] === '│';
    if (!boxed && !/^> /.test(line.flat.slice(col, col + 2) + (line.flat[col + 2] === undefined ? ' ' : ''))) continue;
    const right = boxed ? (frameAround(screen, row, dialog.right)?.right ?? dialog.right) : dialog.right;
    col += 2;
    for (let c = col; c < Math.min(right, screen.cols); c++) {
      if (screen.cell(row, c)?.inverse !== true) continue;
      let top = row;
      while (boxed && top > dialog.from && gridRow(screen, top).flat[col - 2] === '│') top--;
      return { row, col, right: boxed ? gridRow(screen, row).flat.lastIndexOf('│', right - 1) : right, boxTop: boxed ? top : undefined };
    }
  }
  return null;
}

/** The last page of several questions: nothing to choose, Enter sends all answers. */
function review(screen: ScreenView, dialog: Dialog): ReadDialog | null {
  if (dialog.frame === null) return null;
  const body = readBody(screen, dialog, dialog.to + 1);
  const last = body.tabs?.at(-1);
  if (body.tabs === undefined || last?.current !== true) return null;
  const [text = '', ...rest] = body.paragraphs;
  const footer = rest.pop() ?? '';
  return {
    anchor: body.place,
    scrolls: false,
    question: {
      kind: 'confirm',
      title: body.title,
      text,
      detail: rest.join('\n\n'),
      options: [{ label: 'Submit', keys: ['enter'], default: true, submit: true }],
      tabs: body.tabs,
      ...(/\besc\b/i.test(footer) ? { dismiss: { keys: ['esc'], effect: 'cancels all questions without an answer' } } : {}),
      source: 'screen',
    },
  };
}
