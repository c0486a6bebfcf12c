/** From Qwen's dialog to a question: the tool's heading, what it is about, the sentence that asks, rows, footer; pages of several questions. */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { frameAround, gridRow } from '../lib/grid.ts';
import { times } from '../lib/keys.ts';
import { joinWrapped, squeeze } from '../lib/lines.ts';
import { type RadioList, radioList } from '../lib/radio-list.ts';
import { type AskList, askList } from './ask.ts';
import { dialogRows, endsScreen, POINTERS, promptBox } from './frame.ts';

const WIDENS = /\b(?:always|auto|trust|session)\b/i;
const REFUSES = /^(?:no\b|don.t\b)/i;

interface Bounds {
  from: number;
  to: number;
  left: number;
  right: number;
  framed: boolean;
}

/** Bounds of the dialog at the end of the screen: the inside of its box, or the whole width. */
function bounds(screen: ScreenView): Bounds | null {
  if (promptBox(screen) !== null) return null;
  const { from, to, width } = dialogRows(screen);
  for (let row = to; row >= Math.max(from, to - 24); row--) {
    const { flat } = gridRow(screen, row);
    if (!/^\s{0,2}│\s*[›❯●]\s/.test(flat)) continue;
    const frame = frameAround(screen, row);
    if (frame !== null) return { from: frame.top + 1, to: frame.bottom - 1, left: frame.left + 1, right: frame.right, framed: true };
  }
  return { from, to, left: 0, right: width, framed: false };
}

export function readDialog(screen: ScreenView): ParsedQuestion | null {
  const area = bounds(screen);
  if (area === null) return null;
  const asked = askList(screen, area);
  const page = asked === null ? null : askPage(screen, area, asked);
  if (page !== null) return page;
  const list = radioList(screen, area, '›●');
  if (list === null || !endsScreen(screen, list.bottom) || !lit(screen, list)) return null;
  return permission(screen, area, list);
}

/** The highlighted row has another colour than the others; a list in somebody's text has not. */
function lit(screen: ScreenView, list: RadioList): boolean {
  const pointer = list.items[list.highlighted];
  if (pointer === undefined) return false;
  const bold = screen.cell(pointer.row, pointer.labelCol)?.bold === true;
  return bold || list.items.some((item) => !item.pointer && item.tone !== pointer.tone);
}

/** The row that names the asking tool: `? Shell …`; -1 where it has scrolled off. */
function headingRow(screen: ScreenView, area: Bounds, before: number): number {
  for (let row = before - 1; row >= area.from; row--) {
    const line = gridRow(screen, row);
    const first = line.first(area.left, area.right);
    if (first < 0 || first > area.left + 4) continue;
    if (line.flat[first] === '?' && line.flat[first + 1] === ' ') return row;
    // Somebody's words above: the dialog begins below them.
    if (/[◆>✓✦]/.test(line.flat[first]!) && line.flat[first + 1] !== undefined && line.flat.charCodeAt(first + 1) !== 0x3f) return -1;
  }
  return -1;
}

/** Nothing stands there, or a piece of the scroll bar alone: that of a wider screen is wrapped, until the picture is drawn in the new size. */
function isBlank(screen: ScreenView, area: Bounds, row: number): boolean {
  return /^[█│┃▐]?$/.test(gridRow(screen, row).text(area.left, area.right).trim());
}

interface Heading {
  title: string;
  note: string;
  /** First row below it. */
  end: number;
}

function heading(screen: ScreenView, area: Bounds, row: number, before: number): Heading {
  const line = gridRow(screen, row);
  const mark = line.first(area.left, area.right);
  let at = mark + 1;
  while (line.flat[at] === ' ') at++;
  const start = at;
  while (at < line.flat.length && (line.flat[at] === ' ' || line.cell(at)?.bold === true)) at++;
  const title = squeeze(line.text(start, at));
  const rows = [line.text(at, area.right).replace(/\s*←\s*$/, '')];
  let end = row + 1;
  while (end < before && !isBlank(screen, area, end)) {
    rows.push(
      gridRow(screen, end)
        .text(start, area.right)
        .replace(/\s*←\s*$/, ''),
    );
    end++;
  }
  return { title, note: squeeze(rows.join(' ')), end };
}

/** Runs of rows without a blank one between them, each with its first row's column and un-wrapped text. */
function paragraphs(screen: ScreenView, area: Bounds, from: number, to: number): { col: number; text: string; row: number }[] {
  const out: { col: number; text: string; row: number }[] = [];
  let start = -1;
  for (let row = from; row <= to; row++) {
    const blank = row === to || isBlank(screen, area, row);
    if (!blank && start < 0) start = row;
    if (!blank || start < 0) continue;
    const rows: string[] = [];
    for (let r = start; r < row; r++) rows.push(gridRow(screen, r).text(area.left, area.right));
    out.push({ col: gridRow(screen, start).first(area.left, area.right), text: joinWrapped(rows, area.right - area.left - 2), row: start });
    start = -1;
  }
  return out;
}

function permission(screen: ScreenView, area: Bounds, list: RadioList): ParsedQuestion | null {
  const at = headingRow(screen, area, list.top);
  const head: Heading = at < 0 ? { title: '', note: '', end: topOf(screen, area, list.top) } : heading(screen, area, at, list.top);
  const parts = paragraphs(screen, area, head.end, list.top);
  // What the tool says about itself may have blank rows; it is set in less than what it is about.
  const column = at < 0 ? -1 : gridRow(screen, at).first(area.left, area.right) + 2;
  while (parts.length > 2 && parts[0]!.col === column && !isDiff(parts[0]!.text)) head.note += `\n${parts.shift()!.text.trim()}`;
  const asking = parts.pop();
  const footer = paragraphs(screen, area, list.bottom + 1, area.to + 1)
    .map((part) => part.text)
    .join(' ');
  const options = list.items.map(
    (item, index): QuestionOption => ({
      label: item.label,
      ...(item.description === '' ? {} : { description: item.description }),
      keys: item.number !== undefined && item.number <= 9 ? [String(item.number)] : walk(index - list.highlighted),
      ...(item.pointer ? { default: true } : {}),
      ...(WIDENS.test(item.label) && !REFUSES.test(item.label) ? { dangerous: true } : {}),
    }),
  );
  const detail = parts.map((part) => part.text).join('\n\n');
  const text = asking?.text ?? head.title;
  if (text === '') return null;
  // A tool asks; without one it is a dialog of Qwen's own.
  const trust = at < 0 && /\btrust\b/i.test(`${text} ${detail}`);
  const diff = isDiff(detail);
  const plan = at >= 0 && !diff && parts.length > 0 && options.length > 0 && /\bplan\b/i.test(`${text} ${options.at(-1)!.label}`);
  const kind = trust ? 'trust' : plan ? 'plan' : at >= 0 ? 'permission' : 'choice';
  const esc = at >= 0 || /\besc\b/i.test(footer) || options.some((option) => /\(esc\)/i.test(option.label));
  return {
    kind,
    title: head.title,
    text,
    detail,
    ...(head.note === '' ? {} : { note: head.note }),
    ...(detail === '' ? {} : { detailKind: diff ? 'diff' : plan ? 'plan' : kind === 'permission' ? 'command' : 'text' }),
    options,
    ...(esc
      ? {
          dismiss: {
            keys: ['esc'],
            effect: kind === 'permission' ? 'denies it and stops the turn' : kind === 'plan' ? 'keeps planning' : 'closes the dialog',
          },
        }
      : {}),
    source: 'screen',
  };
}

/** Without a heading: the first row of the run of rows above the list that belongs to the dialog. */
function topOf(screen: ScreenView, area: Bounds, before: number): number {
  if (area.framed) return area.from;
  for (let row = before - 1; row >= area.from; row--) {
    const line = gridRow(screen, row);
    const first = line.first(area.left, area.right);
    if (first >= 0 && /[◆>╭╰│]/.test(line.flat[first]!)) return row + 1;
  }
  return area.from;
}

const isDiff = (text: string): boolean => {
  const rows = text.split('\n').filter((row) => row.trim() !== '');
  const numbered = rows.filter((row) => /^\s*\d+\s+[-+ ]\s?/.test(row) || /^\s*\d+\s/.test(row));
  return numbered.length > 0 && numbered.length * 2 >= rows.length;
};

function walk(distance: number): string[] {
  return [...times(distance >= 0 ? 'down' : 'up', Math.abs(distance)), 'enter'];
}

/** A page of the question tool, or the page that sends all answers. */
function askPage(screen: ScreenView, area: Bounds, list: AskList): ParsedQuestion | null {
  const footer = paragraphs(screen, area, list.bottom + 1, area.to + 1);
  // The question tool always tells its keys below the list, set off by a blank row.
  const told = footer.find((part) => /↑.*↓/.test(part.text));
  if (told === undefined || told.row - list.bottom > 3) return null;
  const highlighted = list.items[list.highlighted]!;
  const cell = screen.cell(highlighted.row, list.col);
  if (cell === undefined || (!cell.bold && list.items.every((item) => screen.cell(item.row, item.labelCol)?.bold !== true))) return null;
  const at = headingRow(screen, area, list.top);
  const head = at < 0 ? null : heading(screen, area, at, list.top);
  const parts = paragraphs(screen, area, head?.end ?? topOf(screen, area, list.top), list.top);
  const tabs = parts.length === 0 ? undefined : tabsOf(screen, area, parts[0]!.row);
  if (tabs !== undefined) parts.shift();
  const current = tabs?.findIndex((tab) => tab.current) ?? -1;
  if (tabs !== undefined && current === tabs.length - 1)
    return sendPage(
      list,
      head,
      parts.map((part) => part.text),
      tabs,
    );
  const title = tabs === undefined && parts.length > 1 ? squeeze(parts.shift()!.text) : (tabs?.[current]?.title ?? '');
  const multi = list.items.some((item) => item.checked !== undefined);
  const custom = list.items.length - 1;
  const inField = list.highlighted === custom;
  return {
    kind: multi ? 'multiselect' : 'choice',
    title,
    text: parts.map((part) => part.text).join('\n\n'),
    detail: '',
    options: list.items.map((item, index): QuestionOption => {
      const field = index === custom;
      const distance = index - list.highlighted;
      const way = times(distance >= 0 ? 'down' : 'up', Math.abs(distance));
      return {
        label: item.label,
        ...(item.description === '' ? {} : { description: item.description }),
        keys: field
          ? way.concat(way.length === 0 ? ['enter'] : [])
          : multi
            ? [...way, 'space']
            : inField || item.number > 9
              ? [...way, 'enter']
              : [String(item.number)],
        ...(item.pointer ? { default: true } : {}),
        ...(item.checked === undefined ? {} : { checked: item.checked }),
        ...(field ? { freeText: true } : {}),
      };
    }),
    freeText: { option: custom },
    ...(tabs === undefined ? {} : { tabs }),
    dismiss: { keys: ['esc'], effect: 'cancels the question without an answer' },
    source: 'screen',
  };
}

function sendPage(list: AskList, head: Heading | null, parts: string[], tabs: NonNullable<ParsedQuestion['tabs']>): ParsedQuestion {
  return {
    kind: 'confirm',
    title: head?.title ?? '',
    text: parts.pop() ?? '',
    detail: parts.join('\n\n'),
    ...(parts.length === 0 ? {} : { detailKind: 'text' }),
    // Digits only move the highlight here.
    options: list.items.map(
      (item, index): QuestionOption => ({
        label: item.label,
        keys: walk(index - list.highlighted),
        ...(item.pointer ? { default: true } : {}),
        ...(index === 0 ? { submit: true } : {}),
      }),
    ),
    tabs,
    dismiss: { keys: ['esc'], effect: 'cancels all questions without an answer' },
    source: 'screen',
  };
}

/** `▸ Database   Checks ✓   Submit`: one row, the current page marked, the last one sends. */
function tabsOf(screen: ScreenView, area: Bounds, row: number): ParsedQuestion['tabs'] {
  const text = gridRow(screen, row).text(area.left, area.right);
  if (!text.includes('▸')) return undefined;
  const chips = text.trim().split(/\s{2,}|\s(?=▸)/);
  return chips.length < 2
    ? undefined
    : chips.map((chip) => ({
        title: squeeze(chip.replace(/^▸\s*/, '').replace(/\s*✓$/, '')),
        answered: /✓$/.test(chip.trim()),
        current: chip.startsWith('▸'),
      }));
}

/** What is typed into the open text field: '' while it shows its placeholder; null where no field is open. */
export function typedText(screen: ScreenView): string | null {
  const area = bounds(screen);
  const list = area === null ? null : askList(screen, area);
  const item = list?.items[list.highlighted];
  if (area === null || item === undefined || !item.field) return null;
  const line = gridRow(screen, item.row);
  // The placeholder is grey throughout but for the cursor on its first letter; what is typed has the terminal's own colour.
  const second = line.cell(item.labelCol + 1);
  if (second !== undefined && (second.fg !== -1 || second.dim)) return '';
  return item.label;
}

export { POINTERS };
