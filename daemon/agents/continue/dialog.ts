/**
 * Continue's dialogs: may this tool run (a title, a preview, a question, three rows), its model's own question (rows, or one's own words), and
 * the menus behind its commands. A list is the last block of the box; its highlighted row has a pointer.
 */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import { ABOVE, type ScreenView } from '../agent.ts';
import { moveKeys, times } from '../lib/keys.ts';
import { joinWrapped, paragraphs, squeeze } from '../lib/lines.ts';
import { AT, type Bottom, type Row } from './frame.ts';

type Dialog = Extract<Bottom, { is: 'dialog' }>;

interface Item {
  label: string;
  pointer: boolean;
  /** The key that is named behind it. */
  hint: string;
}

/** The pointers of its three lists. */
const POINTER = /^[>❯➤] /;
const HINT = /\s+\((tab|shift\+tab|esc)\)$/;
/** The end of the field in which one's own words are typed. */
const CARET = '▊';

export function readDialog(screen: ScreenView, dialog: Dialog, standing?: ParsedQuestion): ParsedQuestion | null {
  const parts = paragraphs(dialog.rows);
  return quiz(dialog, parts, standing) ?? menu(screen, parts) ?? permission(screen, dialog, parts);
}

/** What is typed in the field for one's own words; null where there is none. */
export function typedText(rows: readonly Row[]): string | null {
  const from = rows.findIndex((row) => /^ {2}❯(?: |$)/.test(row.text));
  const to = rows.findIndex((row) => row.text.endsWith(CARET));
  if (from < 0 || to < from) return null;
  return rows
    .slice(from, to + 1)
    .map((row) => row.text.replace(/^ {2}❯/, '').trim())
    .join(' ')
    .slice(0, -1)
    .trim();
}

/** `? the question`, then rows two columns in, the last of which says that one may type; or the field instead of the rows. */
function quiz(dialog: Dialog, parts: readonly Row[][], standing?: ParsedQuestion): ParsedQuestion | null {
  const [head, list] = parts;
  if (head === undefined || list === undefined || parts.length < 3 || !/^\? ?\S/.test(head[0]!.text)) return null;
  // A question that wraps may lose the blank behind its mark, and its rows may begin with the blank they were broken at.
  const text = squeeze(texts(head).join(' ').slice(1));
  const common = { kind: 'choice', title: '', text, detail: '', freeText: { option: null }, source: 'screen' } as const;
  const typed = typedText(dialog.rows);
  if (typed !== null) {
    if (standing?.text !== text || standing.options.length === 0) return { ...common, kind: 'text', options: [], ...defaultIn(parts) };
    // The rows are away while somebody types, and come back with the arrow up once the field is empty.
    const last = standing.options.length - 1;
    const back = [...times('backspace', typed.length), 'up'];
    const options = standing.options.map(({ label }, index) => ({ label, keys: [...back, ...moveKeys(last, index)] }));
    return { ...common, options };
  }
  const items = itemsOf(list.map((row) => row.text.slice(2)));
  const own = items.pop();
  if (own === undefined || !/^\(.*\)$/.test(own.label) || !items.some((item) => item.pointer)) return null;
  return { ...common, options: optionsOf(items) };
}

/** What a bare Enter would send. */
function defaultIn(parts: readonly Row[][]): { note?: string } {
  const said = parts.slice(2, -1).map((part) => squeeze(texts(part).join(' ')));
  return said.length === 0 ? {} : { note: said.join('\n') };
}

/** A menu that somebody has opened at the desk: a title, rows with a pointer of their own, a row of keys. */
function menu(screen: ScreenView, parts: readonly Row[][]): ParsedQuestion | null {
  if (parts.length !== 3 || !parts[1]!.some((row) => row.text.startsWith('➤ '))) return null;
  const items = itemsOf(texts(parts[1]!));
  if (items.length < 2) return null;
  return {
    kind: 'choice',
    title: '',
    text: squeeze(joinWrapped(texts(parts[0]!), screen.cols - AT - 2)),
    detail: '',
    options: optionsOf(items),
    dismiss: { keys: ['esc'], effect: 'closes the menu' },
    source: 'screen',
  };
}

function permission(screen: ScreenView, dialog: Dialog, parts: readonly Row[][]): ParsedQuestion | null {
  // A key behind a label that wraps may leave a blank row in the list.
  const from = parts.findLastIndex((part) => !isItem(part[0]!.text)) + 1;
  const items = itemsOf(parts.slice(from).flatMap(texts));
  if (items.length < 2 || !items.some((item) => item.pointer)) return null;
  const width = screen.cols - AT - 3;
  const before = parts.slice(0, from);
  const asks = before.findLastIndex((part) => part.at(-1)!.text.endsWith('?'));
  if (asks < 0 && dialog.whole) return null;
  const note = before.slice(asks + 1).map((part) => joinWrapped(texts(part), width));
  // The title is one block; of a box taller than the screen it is above it.
  const { title, ...about } = subject(screen, dialog.whole ? before[0]! : [], before.slice(dialog.whole ? 1 : 0, Math.max(asks, 0)), width);
  return {
    kind: 'permission',
    title,
    text: asks < 0 ? ABOVE.trim() : squeeze(joinWrapped(texts(before[asks]!), width)),
    ...about,
    ...(dialog.whole || about.detail === '' ? {} : { detail: `${ABOVE}${about.detail}` }),
    ...(note.length === 0 ? {} : { note: note.join('\n') }),
    options: optionsOf(items).map((option, index) => (index > 0 && index < items.length - 1 ? { ...option, dangerous: true } : option)),
    dismiss: { keys: ['esc'], effect: 'refuses it and stops the turn' },
    source: 'screen',
  };
}

type Subject = Pick<ParsedQuestion, 'title' | 'detail' | 'detailKind'>;

/** `Tool(argument)` and a preview, which may cut a long argument off. */
function subject(screen: ScreenView, head: readonly Row[], preview: readonly Row[][], width: number): Subject {
  const title = joinWrapped(texts(head), width);
  const rows = preview.flatMap((part, n) => (n === 0 ? part : [{ row: -1, text: '' }, ...part]));
  const diff = rows.some((row) => isDiffRow(screen, row));
  const plain = texts(rows).map((row) => row.replace(/^⎿ ?/, (mark) => ' '.repeat(mark.length)));
  const shown = diff ? dedent(plain) : joinWrapped(plain, width);
  const call = /^([\w -]+)\((.*)\)$/s.exec(title);
  const argument = call?.[2] ?? '';
  const repeats = argument !== '' && !argument.endsWith('...') && (shown.endsWith(argument) || /\.\.\.$/.test(shown));
  if (call !== null && repeats && !diff) return { title: call[1]!, detail: argument, detailKind: 'command' };
  return { title, detail: shown, ...(shown === '' ? {} : { detailKind: diff ? 'diff' : 'text' }) };
}

/** A line number, then a sign. */
const isDiffRow = (screen: ScreenView, { row, text }: Row): boolean => {
  const sign = /^\s*\d+\s+[+-] /.exec(text);
  return sign !== null && row >= 0 && screen.cell(row, AT + sign[0].length - 2)?.bg !== -1;
};

function dedent(rows: readonly string[]): string {
  const margin = Math.min(...rows.filter((row) => row.trim() !== '').map((row) => row.search(/\S/)));
  return rows.map((row) => row.slice(margin)).join('\n');
}

const isItem = (row: string): boolean => POINTER.test(row) || /^ {2}\S/.test(row);

/** A row starts with the pointer or with two blanks; the rest of a label that wraps starts further left. */
function itemsOf(rows: readonly string[]): Item[] {
  const items: Item[] = [];
  for (const row of rows) {
    const hint = HINT.exec(row);
    const text = hint === null ? row : row.slice(0, hint.index);
    const open = items.at(-1);
    if (isItem(row)) items.push({ label: text.slice(2), pointer: POINTER.test(row), hint: hint?.[1] ?? '' });
    else if (open !== undefined) open.label += ` ${text.trim()}`;
    else return [];
  }
  return items.map((item) => ({ ...item, label: squeeze(item.label) }));
}

function optionsOf(items: readonly Item[]): QuestionOption[] {
  const highlighted = items.findIndex((item) => item.pointer);
  return items.map(({ label }, index) => ({
    label,
    keys: moveKeys(highlighted, index),
    ...(index === highlighted ? { default: true } : {}),
  }));
}

const texts = (rows: readonly Row[]): string[] => rows.map((row) => row.text);
