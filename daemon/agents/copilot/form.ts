/** Copilot's ask_user: a form between two rules, one page a field: a list, a list with ticks, or a text. */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { moveKeys } from '../lib/keys.ts';
import { squeeze, tone } from '../lib/lines.ts';
import type { Row } from './frame.ts';
import { joinLabel } from './permission.ts';

interface Item {
  row: number;
  pointer: boolean;
  /** Undefined in a list that takes one answer. */
  checked: boolean | undefined;
  label: string;
  /** Column of the label. */
  at: number;
}

/** Pointer, tick of the answer that stood before the pointer moved, or blank; then a mark in lists with ticks, then the label; what is wrapped starts one or two columns left of that. */
const ITEM = /^ (?:([❯✓✔]) | {2})(?:([✓✔•◦○●☐☑]) )?(?=\S)/;
/** The upper edge of a text field. */
const FIELD = /^\s*▄{6,}$/;
const FIELD_WORDS = /\(type your answer(?: below)?\)$/;
const TICKED = /[✓✔☑]/;

/** `standing` is the question shown before: a field that has the focus calls itself otherwise, and keeps the name it was shown with. */
export function readForm(screen: ScreenView, rows: readonly Row[], standing?: ParsedQuestion): ParsedQuestion | null {
  const cut = cutForm(screen, rows);
  if (cut === null) return null;
  const { head, field, hints } = cut;
  const tabs = tabsIn(screen, head);
  const prose = head.filter((row) => row !== tabs?.row).map((row) => row.text);
  const bold = screen.cell(head[0]?.row ?? 0, 1)?.bold === true ? 1 : 0;
  const message = joinLabel(
    prose.slice(bold).map((row) => row.trim()),
    screen.cols - 2,
  );
  const page = pageOf(screen, field);
  if (page === null) return null;
  const text = message === '' ? page.title : message;
  const many = tabs !== null && tabs.tabs.length > 1;
  const dismiss = { keys: ['esc'], effect: 'cancels the question; Copilot goes on without an answer' };
  const common = {
    title: page.title,
    text,
    detail: '',
    ...(page.note === '' ? {} : { note: page.note }),
    ...(many ? { tabs: tabs.tabs } : {}),
    dismiss,
    source: 'screen' as const,
  };
  if (page.items === null) return { ...common, kind: 'text', options: [], freeText: { option: null } };
  if (hints.length === 0 || !page.items.some((item) => item.pointer)) return null;
  const multi = page.items.some((item) => item.checked !== undefined);
  const options = optionsOf(screen, page.items, multi);
  const other = options.findIndex((option) => option.freeText === true);
  const same = standing?.text === text && standing.title === page.title && standing.options.length === options.length;
  const shown = same ? standing.options[other] : undefined;
  if (other >= 0 && shown?.freeText === true) options[other] = { ...options[other]!, label: shown.label };
  return { ...common, kind: multi ? 'multiselect' : 'choice', options, ...(other < 0 ? {} : { freeText: { option: other } }) };
}

/** Above the bold name of the field, from there to the hints, and the hints. A row filled to the last column is followed by an empty one. */
function cutForm(screen: ScreenView, rows: readonly Row[]): { head: Row[]; field: Row[]; hints: Row[] } | null {
  const asks = rows.findIndex((row) => /^ ❯\s/.test(row.text) || FIELD.test(row.text));
  const name = rows.findLastIndex((row, i) => i < asks && /^ [^\s❯✓✔]/.test(row.text) && screen.cell(row.row, 1)?.bold === true);
  const hintsFrom = rows.findLastIndex((row) => row.text === '') + 1;
  if (asks < 0 || name < 0 || hintsFrom <= asks) return null;
  const full = (row: Row): boolean => row.text !== '';
  return { head: rows.slice(0, name), field: rows.slice(name, hintsFrom).filter(full), hints: rows.slice(hintsFrom) };
}

interface Page {
  title: string;
  note: string;
  /** Null for a text field. */
  items: Item[] | null;
}

/** The bold name of the field, a line about it, and a list or a field of half rows. */
function pageOf(screen: ScreenView, block: readonly Row[]): Page | null {
  const box = block.findIndex((row) => FIELD.test(row.text));
  const first = box >= 0 ? box : block.findIndex((row) => ITEM.test(row.text));
  if (first < 0) return null;
  const [name, ...about] = block.slice(0, first);
  const title = squeeze(name?.text ?? '').replace(/[:：]$/, '');
  const note = squeeze(about.map((row) => row.text).join(' '));
  if (box >= 0) return { title, note, items: null };
  const parts: { item: Item; texts: string[] }[] = [];
  for (const row of block.slice(first)) {
    const match = ITEM.exec(row.text);
    if (match === null) parts.at(-1)?.texts.push(row.text.trim());
    else {
      const at = match[0].length;
      const checked = match[2] === undefined ? undefined : TICKED.test(match[2]);
      parts.push({ item: { row: row.row, pointer: match[1] === '❯', checked, label: '', at }, texts: [row.text.slice(at)] });
    }
  }
  return { title, note, items: parts.map(({ item, texts }) => ({ ...item, label: joinLabel(texts, screen.cols - 2) })) };
}

function optionsOf(screen: ScreenView, items: readonly Item[], multi: boolean): QuestionOption[] {
  const highlighted = items.findIndex((item) => item.pointer);
  return items.map((item, index) => {
    const walk = moveKeys(highlighted, index, []);
    // The row that takes a text stands last, fainter than the others; highlighted it cannot be told by its colour.
    const others = items.filter((other, i) => i !== index && !other.pointer).map((other) => tone(screen.cell(other.row, other.at)));
    const faint = !others.includes(tone(screen.cell(item.row, item.at)));
    // …and without 24-bit colours nothing is fainter: then its words tell.
    const field = index === items.length - 1 && (FIELD_WORDS.test(item.label) || faint);
    return {
      label: item.label,
      // On the field itself no key is needed before the text.
      keys: [...walk, ...(field ? (walk.length === 0 ? ['enter'] : []) : [multi ? 'space' : 'enter'])],
      ...(index === highlighted ? { default: true } : {}),
      ...(item.checked === undefined || field ? {} : { checked: item.checked }),
      ...(field ? { freeText: true } : {}),
    };
  });
}

/** The row of page names on a background; the page shown has another one. */
function tabsIn(
  screen: ScreenView,
  rows: readonly Row[],
): { row: Row; tabs: { title: string; answered: boolean; current: boolean }[] } | null {
  for (const row of rows.slice(1)) {
    if (row.text === '' || screen.cell(row.row, 1)?.bg === -1) continue;
    const names = [...row.text.matchAll(/\S+(?: \S+)*/g)];
    if (names.length < 2) continue;
    const tabs = names.map(({ 0: name, index }) => ({
      title: name.replace(/^[✓✔] ?/, ''),
      answered: /^[✓✔]/.test(name),
      current: screen.cell(row.row, index)?.bold === true,
    }));
    return { row, tabs };
  }
  return null;
}
