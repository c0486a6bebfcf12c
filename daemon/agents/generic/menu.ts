/**
 * Menus that are walked with arrows: select lists, radio lists, check boxes (inquirer, clack, prompts, enquirer and home-made ones). A menu
 * waits while the cursor is hidden or stands on it; the highlighted row is told by a pointer, by the one filled radio, or by its colour.
 */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { moveKeys } from '../lib/keys.ts';
import { cellAt, isRule, type Line, lastUsedRow, linesOf, mayContinue, squeeze } from '../lib/lines.ts';
import { ENDS_THERE, isAsked, isFaint, questionText } from './text.ts';

const ROW = /^(\s*)([❯›▸▶►➤→‣»]|>(?=\s))?(\s*)(?:(\d{1,2})[.)]\s+)?([●○◉◯◻◼☐☑☒□■▢▣⬡⬢✔✓](?=\s)|\[[ xX✔✓*]?\]|\([ xX●*]?\))?(\s*)(\S.*)$/u;
const RADIO_OFF = '○◯';
const TICKED = /^(?:[◉◼☑☒■▣⬢]|\[[xX✔✓*]\]|\([xX●*]\))$/u;

interface Row {
  row: number;
  text: string;
  pointer: string;
  mark: string;
  markAt: number;
  labelAt: number;
  label: string;
}

interface Menu {
  rows: Row[];
  highlighted: number;
  boxes: boolean;
}

export function readMenu(screen: ScreenView, standing?: ParsedQuestion): ParsedQuestion | null {
  const last = lastUsedRow(screen);
  // A visible cursor below everything is plain output: no need to look closer.
  if (screen.cursor.visible && screen.cursor.row > last) return null;
  const lines = linesOf(screen, 0, last + 1);
  for (const run of runsFromBottom(screen, lines)) {
    const menu = judge(screen, run);
    if (menu === null) continue;
    const top = menu.rows[0]!.row;
    const asking = askingRow(screen, lines, top);
    if (asking < 0 || !waits(screen, asking, menu, last)) return null;
    return keepLabels(toQuestion(screen, menu, asking), standing);
  }
  return null;
}

function parse(line: Line): Row | null {
  if (line.text === '' || isRule(line.text)) return null;
  const match = ROW.exec(line.text);
  if (match === null) return null;
  const [, blanks = '', pointer = '', gap = '', , mark = '', , label = ''] = match;
  if (/^(?:\.{3}|…|[▲▼↑↓]+)$/.test(label)) return null;
  return {
    row: line.row,
    text: line.text,
    pointer,
    mark,
    markAt: mark === '' ? -1 : blanks.length + pointer.length + gap.length,
    labelAt: line.text.length - label.length,
    label,
  };
}

/** Runs of neighbouring rows with one label column, the lowest first. A soft-wrapped row belongs to the one above. */
function* runsFromBottom(screen: ScreenView, lines: readonly Line[]): Generator<Row[]> {
  const rows = lines.map(parse);
  let at = rows.length - 1;
  while (at >= 0) {
    const foot = rows[at] ?? null;
    if (foot === null || screen.wrapped(foot.row)) {
      at--;
      continue;
    }
    const run: Row[] = [foot];
    let up = at - 1;
    for (; up >= 0; up--) {
      const row = rows[up] ?? null;
      if (row === null) break;
      if (screen.wrapped(row.row)) continue;
      if (row.labelAt === foot.labelAt && (row.mark === '') === (foot.mark === '')) run.unshift(row);
      else break;
    }
    if (run.length >= 2) yield run;
    at = run.length >= 2 ? up : at - 1;
  }
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

function look(screen: ScreenView, row: Row): string {
  const cell = cellAt(screen, row.row, row.labelAt);
  return cell === undefined ? '' : `${cell.fg}${cell.fgRgb}${cell.bg}${cell.bgRgb}${cell.dim}${cell.inverse}${cell.underline}${cell.bold}`;
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
    return cell !== undefined && (cell.inverse || cell.underline || cell.fg !== -1);
  });
}

/** The row that asks, above the list: one with a question glyph within a few rows, else the nearest row with text. */
function askingRow(screen: ScreenView, lines: readonly Line[], top: number): number {
  for (let row = top - 1; row >= Math.max(0, top - 10); row--) if (isAsked(screen, row)) return row;
  for (let row = top - 1; row >= Math.max(0, top - 3); row--) {
    const line = lines.find((each) => each.row === row);
    if (line !== undefined && /\p{L}/u.test(line.text)) return row;
  }
  return -1;
}

/** Is the program waiting in this menu: cursor hidden or on it, and below it nothing but a few hints. */
function waits(screen: ScreenView, asking: number, menu: Menu, last: number): boolean {
  const bottom = menu.rows.at(-1)!.row;
  const { cursor } = screen;
  if (cursor.visible && (cursor.row < asking || cursor.row > bottom)) return false;
  let below = 0;
  for (let row = bottom + 1; row <= last; row++) {
    const text = screen.line(row);
    if (screen.wrapped(row) || text.trim() === '' || isRule(text) || /^[\s│┃└╰╯┘]*$/.test(text)) continue;
    below++;
  }
  return below <= 4;
}

function toQuestion(screen: ScreenView, menu: Menu, asking: number): ParsedQuestion {
  const { rows, highlighted, boxes } = menu;
  const options = rows.map((row, i): QuestionOption => {
    const { label, description } = labelOf(screen, row, rows[i + 1]?.row);
    const checked = row.mark === '✔' || row.mark === '✓' ? !isFaint(screen, row.row, row.markAt) : TICKED.test(row.mark);
    return {
      label,
      ...(description === '' ? {} : { description }),
      keys: moveKeys(highlighted, i, [boxes ? 'space' : 'enter']),
      ...(i === highlighted ? { default: true } : {}),
      ...(boxes ? { checked } : {}),
    };
  });
  return {
    kind: boxes ? 'multiselect' : 'choice',
    title: '',
    text: questionText(screen, asking),
    detail: '',
    options,
    dismiss: { keys: ['ctrl-c'], effect: ENDS_THERE },
    source: 'screen',
  };
}

/** A hint behind a label is faint only while its row is not: the label that was read then stays. */
function keepLabels(question: ParsedQuestion, standing: ParsedQuestion | undefined): ParsedQuestion {
  if (standing === undefined || standing.text !== question.text || standing.options.length !== question.options.length) return question;
  const options = question.options.map((option, i) => {
    const known = standing.options[i]!;
    return option.label.startsWith(`${known.label} (`)
      ? { ...option, label: known.label, ...(known.description === undefined ? {} : { description: known.description }) }
      : option;
  });
  return { ...question, options };
}

/** The label, with wrapped rows, and what stands faintly behind it. */
function labelOf(screen: ScreenView, row: Row, nextRow: number | undefined): { label: string; description: string } {
  let label = row.label;
  let description = '';
  const faint = isFaint(screen, row.row, row.labelAt);
  for (let at = row.labelAt + 1; !faint && at < row.text.length; at++) {
    if (row.text[at] !== ' ' && isFaint(screen, row.row, at)) {
      label = row.text.slice(row.labelAt, at);
      description = row.text.slice(at).replace(/^(?:\((.*)\)|[-–—]\s+(.*))$/, '$1$2');
      break;
    }
  }
  for (let next = row.row + 1; next < Math.min(nextRow ?? row.row + 3, screen.rows); next++) {
    const text = screen.line(next);
    if (!screen.wrapped(next) && !(nextRow !== undefined && mayContinue(row.text, text.trim(), screen.cols - 1))) break;
    label += screen.wrapped(next) && row.text.length >= screen.cols ? text : ` ${text.trim()}`;
  }
  return { label: squeeze(label), description: squeeze(description) };
}
