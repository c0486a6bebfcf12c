/** From opencode's panel to a question: permissions (a row of buttons), questions (numbered rows, pages), the page that sends, text fields. */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { gridRow } from '../lib/grid.ts';
import { times } from '../lib/keys.ts';
import { joinWrapped, squeeze } from '../lib/lines.ts';
import { type Chip, lastPanel, litChip, type Panel } from './frame.ts';

const WIDENS = /\b(?:always|until|all)\b/i;
const DIFF_ROW = /^\s*\d+\s(?:[-+ ]\s?\S|\s*$)/;
const ITEM = /^(\d{1,2})\. (?:\[(.)\] )?/;

export function readDialog(screen: ScreenView): ParsedQuestion | null {
  const panel = lastPanel(screen);
  if (panel === null) return null;
  return questionPage(screen, panel) ?? buttons(screen, panel) ?? sendPage(screen, panel) ?? rejectField(screen, panel);
}

const textOf = (screen: ScreenView, panel: Panel, row: number): string => gridRow(screen, row).text(panel.left + 1, panel.right);
const firstOf = (screen: ScreenView, panel: Panel, row: number): number => gridRow(screen, row).first(panel.left + 1, panel.right);

/** Rows of text without a blank row between them, un-wrapped. */
function paragraphs(screen: ScreenView, panel: Panel, from: number, to: number): { row: number; text: string }[] {
  const out: { row: number; text: string }[] = [];
  let start = -1;
  for (let row = from; row <= to; row++) {
    const blank = row === to || firstOf(screen, panel, row) < 0;
    if (!blank && start < 0) start = row;
    if (!blank || start < 0) continue;
    const rows: string[] = [];
    for (let r = start; r < row; r++) rows.push(textOf(screen, panel, r).replace(/\s+[█▀▄▌▐]+$/, ''));
    // Rows with a number column are those of a diff and stay as they are; else there are three columns of padding at the right.
    const diff = rows.filter((text) => DIFF_ROW.test(text)).length * 2 > rows.length;
    out.push({ row: start, text: diff ? rows.map((text) => text.slice(1)).join('\n') : joinWrapped(rows, panel.right - panel.left - 4) });
    start = -1;
  }
  return out;
}

/** A row of buttons, one of them lit; hints stand at its end or in a row of their own. */
function buttons(screen: ScreenView, panel: Panel): ParsedQuestion | null {
  let chip: Chip | null = null;
  for (let row = panel.bottom; row > Math.max(panel.top, panel.bottom - 8) && chip === null; row--) chip = litChip(screen, panel, row);
  if (chip === null) return null;
  const labels = buttonLabels(screen, panel, chip);
  const lit = labels.indexOf(chip.text);
  if (labels.length < 2 || lit < 0) return null;
  const parts = paragraphs(screen, panel, panel.top, chip.row);
  const [head, ...body] = parts;
  if (head === undefined) return null;
  const [title = '', ...about] = head.text.split('\n').map((line) => line.replace(/^\s*[^\s\w"'(]\s+/, '').trim());
  const detail = body.map((part) => part.text).join('\n\n');
  const asksTwice = labels.length === 2;
  const diff = /^\s*\d+\s+[-+ ]/m.test(detail);
  const command = /^\s*\$ /.test(detail);
  return {
    kind: asksTwice ? 'confirm' : 'permission',
    title,
    text: about.join(' ') || title,
    detail: command ? detail.replace(/^\s*\$ /, '') : detail,
    ...(detail === '' ? {} : { detailKind: command ? 'command' : diff ? 'diff' : 'text' }),
    options: labels.map(
      (label, index): QuestionOption => ({
        label,
        keys: [...times(index >= lit ? 'right' : 'left', Math.abs(index - lit)), 'enter'],
        ...(index === lit ? { default: true } : {}),
        ...(WIDENS.test(label) || (asksTwice && index === 0) ? { dangerous: true } : {}),
      }),
    ),
    dismiss: { keys: ['esc'], effect: asksTwice ? 'goes back to the question' : 'rejects it' },
    source: 'screen',
  };
}

/** Buttons have the colour of the unlit ones; a hint begins in the colour of text. */
function buttonLabels(screen: ScreenView, panel: Panel, chip: Chip): string[] {
  const line = gridRow(screen, chip.row);
  const labels: { at: number; text: string }[] = [{ at: chip.from, text: chip.text }];
  let muted: string | undefined;
  const before = line.text(panel.left + 1, chip.from).length === 0 ? [] : segments(line.flat, panel.left + 1, chip.from);
  const after = segments(line.flat, chip.to, panel.right);
  for (const part of [...before.reverse(), ...after]) {
    const tone = line.tone(part.from);
    muted ??= tone;
    if (tone !== muted) break;
    labels.push({ at: part.from, text: line.text(part.from, part.to).trim() });
  }
  return labels.sort((a, b) => a.at - b.at).map((label) => label.text);
}

/** Stretches of text at least two blanks apart. */
function segments(flat: string, from: number, to: number): { from: number; to: number }[] {
  return [...flat.slice(from, to).matchAll(/\S+(?: \S+)*/g)].map((match) => ({
    from: from + match.index,
    to: from + match.index + match[0].length,
  }));
}

interface Row {
  row: number;
  last: number;
  number: number;
  checked: boolean | undefined;
  label: string;
  description: string;
  lit: boolean;
}

/** Numbered rows, the highlighted one on a background of its own. */
function questionPage(screen: ScreenView, panel: Panel): ParsedQuestion | null {
  const heads: { row: number; match: RegExpExecArray; col: number }[] = [];
  for (let row = panel.top; row <= panel.bottom; row++) {
    const col = firstOf(screen, panel, row);
    const match = col < 0 ? null : ITEM.exec(`${gridRow(screen, row).flat.slice(col, panel.right)} `);
    if (match === null) continue;
    const previous = heads.at(-1);
    if (
      previous === undefined
        ? match[1] === '1'
        : Number(match[1]) === Number(previous.match[1]) + 1 && col + match[1]!.length >= previous.col
    )
      heads.push({ row, match, col });
    else if (match[1] === '1') heads.splice(0, heads.length, { row, match, col });
  }
  if (heads.length < 2) return null;
  const footer = footerRow(screen, panel, heads.at(-1)!.row);
  const rows = heads.map((head, n) => item(screen, panel, head, (heads[n + 1]?.row ?? footer) - 1));
  const highlighted = rows.findIndex((row) => row.lit);
  if (highlighted < 0) return null;
  const parts = paragraphs(screen, panel, panel.top, rows[0]!.row);
  const tabs = parts[0] === undefined ? undefined : tabsOf(screen, panel, parts[0].row);
  if (tabs !== undefined) parts.shift();
  const multi = rows.some((row) => row.checked !== undefined);
  const custom = rows.length - 1;
  const editing = fieldOf(screen, panel, rows[custom]!) !== null;
  const takesText = editing || isCustom(rows);
  const text = parts.map((part) => part.text).join('\n\n');
  const advice = multi ? /\s*(\([^()]*\))$/.exec(text) : null;
  return {
    kind: multi ? 'multiselect' : 'choice',
    title: tabs?.find((tab) => tab.current)?.title ?? '',
    text: advice === null ? text : text.slice(0, advice.index),
    ...(advice === null ? {} : { note: advice[1]! }),
    detail: '',
    options: rows.map((row, index): QuestionOption => {
      const field = takesText && index === custom;
      const way = times(index >= highlighted ? 'down' : 'up', Math.abs(index - highlighted));
      return {
        label: row.label,
        ...(row.description === '' || (field && editing) ? {} : { description: row.description }),
        keys: row.number <= 9 && !editing ? [String(row.number)] : [...way, 'enter'],
        ...(index === highlighted ? { default: true } : {}),
        ...(row.checked === undefined ? {} : { checked: row.checked }),
        ...(field ? { freeText: true } : {}),
      };
    }),
    ...(takesText ? { freeText: { option: custom, multiline: true } } : {}),
    ...(tabs === undefined ? {} : { tabs }),
    dismiss: editing
      ? { keys: ['esc', 'esc'], effect: 'closes the field and dismisses the question' }
      : { keys: ['esc'], effect: 'dismisses the question' },
    source: 'screen',
  };
}

/** The last row takes text: it alone has no description, or what is typed there stands below it. */
function isCustom(rows: readonly Row[]): boolean {
  const last = rows.at(-1)!;
  const others = rows.slice(0, -1);
  return last.description === '' || others.every((row) => row.description === '') || /\b(?:own|custom|other)\b/i.test(last.label);
}

/** The row of hints: the first one behind a blank row below the list. */
function footerRow(screen: ScreenView, panel: Panel, from: number): number {
  for (let row = from + 1; row <= panel.bottom; row++) {
    if (firstOf(screen, panel, row) >= 0 || row === panel.bottom) continue;
    return row;
  }
  return panel.bottom + 1;
}

function item(screen: ScreenView, panel: Panel, head: { row: number; match: RegExpExecArray; col: number }, last: number): Row {
  const line = gridRow(screen, head.row);
  const labelCol = head.col + head.match[0].length;
  const tone = line.tone(labelCol);
  let end = labelCol;
  const width = Math.min(panel.right, line.flat.length);
  while (end < width && (' \0'.includes(line.flat[end] ?? ' ') || line.tone(end) === tone)) end++;
  let label = line.text(labelCol, end);
  let description = '';
  let above = line.text(0, panel.right);
  let inLabel = true;
  let lastRow = head.row;
  for (let row = head.row + 1; row <= last; row++) {
    const more = gridRow(screen, row);
    const first = more.first(panel.left + 1, panel.right);
    if (first < 0) break;
    const text = more.text(first, panel.right);
    const word = /^\S+/.exec(text)?.[0] ?? '';
    inLabel &&= more.tone(first) === tone && first >= head.col + 3 && above.length + 1 + word.length > panel.right - 3;
    if (inLabel) label += ` ${text}`;
    else description += ` ${text}`;
    above = more.text(0, panel.right);
    lastRow = row;
  }
  const margin = screen.cell(head.row, panel.left + 1);
  const own = screen.cell(head.row, labelCol);
  return {
    row: head.row,
    last: lastRow,
    number: Number(head.match[1]),
    checked: head.match[2] === undefined ? undefined : head.match[2] !== ' ',
    label: squeeze(label).replace(/\s*✓$/, ''),
    description: squeeze(description),
    lit: own !== undefined && margin !== undefined && (own.bg !== margin.bg || own.bgRgb !== margin.bgRgb),
  };
}

/** The open text field below the row that takes text: the cursor is in it. */
function fieldOf(screen: ScreenView, panel: Panel, row: Row): { from: number; to: number } | null {
  const { row: at, col, visible } = screen.cursor;
  if (!visible || at <= row.row || at > panel.bottom || col <= panel.left || col >= panel.right) return null;
  let to = Math.max(at, row.last);
  while (to < panel.bottom && firstOf(screen, panel, to + 1) >= 0) to++;
  return { from: row.row + 1, to };
}

/** What is typed into the open field: '' while it shows its placeholder; null where no field is open. */
export function typedText(screen: ScreenView): string | null {
  const panel = lastPanel(screen);
  if (panel === null) return null;
  const question = questionPage(screen, panel);
  const { row, col, visible } = screen.cursor;
  if (!visible || row < panel.top || row > panel.bottom || col <= panel.left || col >= panel.right) return null;
  if (question === null) {
    const field = rejectField(screen, panel) === null ? -1 : row;
    if (field < 0) return null;
    const line = gridRow(screen, row);
    const part = segments(line.flat, panel.left + 1, panel.right)[0];
    return part === undefined || part.from > panel.left + 3 ? '' : line.text(part.from, part.to);
  }
  const number = question.options.length;
  const rows: string[] = [];
  let faint = false;
  for (let r = row; r > panel.top; r--) {
    const first = firstOf(screen, panel, r);
    if (first < 0) break;
    const line = gridRow(screen, r);
    if (line.flat.slice(first).startsWith(`${number}. `)) {
      faint = rows.length === 1 && isPlaceholder(screen, panel, r, r + 1);
      break;
    }
    rows.unshift(line.text(first, panel.right));
  }
  for (let r = row + 1; r <= panel.bottom && firstOf(screen, panel, r) >= 0; r++) rows.push(textOf(screen, panel, r).trim());
  return faint ? '' : rows.join('\n').trim();
}

/** A placeholder has the colour of the number before the other rows: faint. */
function isPlaceholder(screen: ScreenView, panel: Panel, head: number, row: number): boolean {
  const first = firstOf(screen, panel, row);
  const faint = faintTone(screen, panel, head);
  return first >= 0 && (gridRow(screen, row).tone(first) === faint || gridRow(screen, row).tone(first + 1) === faint);
}

/** The colour of the first row's number, or of the second one's where the first is highlighted. */
function faintTone(screen: ScreenView, panel: Panel, before: number): string | undefined {
  for (let row = panel.top; row < before; row++) {
    const col = firstOf(screen, panel, row);
    if (col >= 0 && ITEM.test(`${gridRow(screen, row).flat.slice(col)} `)) return gridRow(screen, row).tone(col);
  }
  return undefined;
}

/** Chips in one row, the current one lit. */
function tabsOf(screen: ScreenView, panel: Panel, row: number): ParsedQuestion['tabs'] {
  const chip = litChip(screen, panel, row);
  if (chip === null) return undefined;
  const line = gridRow(screen, row);
  const parts = [
    ...segments(line.flat, panel.left + 1, chip.from).map((part) => ({ ...part, current: false })),
    { from: chip.from, to: chip.to, current: true },
    ...segments(line.flat, chip.to, panel.right).map((part) => ({ ...part, current: false })),
  ];
  // A question that has been answered has the colour of text, one that has not is faint like the last chip.
  const last = parts.at(-1)!;
  return parts.map((part) => ({
    title: line.text(part.from, part.to).trim(),
    answered: !part.current && part !== last && (last.current ? true : line.tone(part.from) !== line.tone(last.from)),
    current: part.current,
  }));
}

/** The page behind the last question: Enter sends all answers. */
function sendPage(screen: ScreenView, panel: Panel): ParsedQuestion | null {
  const parts = paragraphs(screen, panel, panel.top, panel.bottom + 1);
  const tabs = parts[0] === undefined ? undefined : tabsOf(screen, panel, parts[0].row);
  if (tabs === undefined || tabs.length < 2 || tabs.at(-1)!.current !== true) return null;
  const [, first, ...rest] = parts;
  const footer = rest.pop();
  if (footer === undefined) return null;
  return {
    kind: 'confirm',
    title: tabs.at(-1)!.title,
    text: first?.text.trim() ?? '',
    detail: rest.map((part) => part.text.trim()).join('\n'),
    options: [{ label: 'Submit', keys: ['enter'], default: true, submit: true }],
    tabs: tabs.map((tab, n) => ({ ...tab, answered: n < tabs.length - 1 && !/\(not answered\)/.test(rest[n]?.text ?? '') })),
    dismiss: { keys: ['esc'], effect: 'dismisses all questions' },
    source: 'screen',
  };
}

/** After a rejection opencode may ask what to do instead: a field in the panel's foot. */
function rejectField(screen: ScreenView, panel: Panel): ParsedQuestion | null {
  const { row, col, visible } = screen.cursor;
  if (!visible || row < panel.top || row > panel.bottom || col <= panel.left || col >= panel.right) return null;
  const parts = paragraphs(screen, panel, panel.top, row);
  const [head, ...body] = parts;
  if (head === undefined || body.length === 0) return null;
  const mark = gridRow(screen, head.row);
  if (!/^\s*[^\s\w] /.test(mark.text(panel.left + 1, panel.right))) return null;
  return {
    kind: 'text',
    title: squeeze(head.text.replace(/^\s*[^\s\w]\s+/, '')),
    text: squeeze(body.map((part) => part.text).join(' ')),
    detail: '',
    options: [],
    freeText: { option: null, multiline: true },
    dismiss: { keys: ['esc'], effect: 'goes back to the question' },
    source: 'screen',
  };
}
