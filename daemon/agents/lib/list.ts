/**
 * Finds lists of options by their structure: a number column, a pointer glyph, check boxes, one label column. Labels that were wrapped are
 * joined, descriptions told apart by geometry (a wrap never breaks early) and by colour. Pure; knows no agent and no language.
 */
import type { ScreenView } from '../agent.ts';
import { isRule, type Line, mayContinue, squeeze, tones } from './lines.ts';

export interface Item {
  row: number;
  /** Last row of its label and description. */
  lastRow: number;
  /** `3` of `3. Label`, else undefined. */
  number: number | undefined;
  /** The highlight glyph stands before it. */
  pointer: boolean;
  /** Undefined where it has no box. */
  checked: boolean | undefined;
  /** Index in the row at which the label starts. */
  labelAt: number;
  label: string;
  description: string;
}

export interface List {
  items: Item[];
  /** First and last row. */
  top: number;
  bottom: number;
  /** Index of the highlighted item, -1 where no glyph shows one. */
  highlighted: number;
}

/** What programs put before the highlighted row. */
export const POINTERS = '❯›>▶▸►➤→»●◉◆•*';
const BOX_ON = /^(?:\[[xX✔✓*•■]\]|\([xX✔✓*•●]\)|[◼☑☒✔■▣◉●⬢])$/;
const ITEM = new RegExp(
  String.raw`^(\s*)(?:([${POINTERS}])(?:\s+|(?=\d+[.)])))?(?:(\d{1,2})[.)](?:\s+|(?=\p{L})))?((?:\[[ xX✔✓*•■]?\]|\([ xX✔✓*•●]?\)|[◻◼☐☑☒□■▢▣])\s+)?(\S.*)$`,
  'u',
);

interface Parsed {
  indent: number;
  pointer: string | undefined;
  number: number | undefined;
  numberAt: number;
  box: string | undefined;
  labelAt: number;
  /** Where the label would start had it no box: rows of a multi-select without a box stand here. */
  boxAt: number;
  label: string;
  /** The list goes on out of sight above or below this row. */
  edge: boolean;
}

/** Takes one row apart; null for an empty row or a rule. */
export function parseItem(text: string): Parsed | null {
  if (isRule(text)) return null;
  // An arrow in the pointer's column says that the list goes on out of sight.
  const shown = text.replace(/^(\s*)[↑↓▲▼](?=\s+\d+[.)]\s)/, '$1 ');
  const match = ITEM.exec(shown);
  if (match === null) return null;
  const [whole, blanks = '', pointer, number, box, label = ''] = match;
  const labelAt = whole.length - label.length;
  return {
    indent: blanks.length,
    pointer,
    number: number === undefined ? undefined : Number(number),
    numberAt: number === undefined ? -1 : text.indexOf(number, blanks.length + (pointer === undefined ? 0 : 1)),
    box: box?.trim(),
    labelAt,
    boxAt: labelAt - (box?.length ?? 0),
    label,
    edge: shown !== text,
  };
}

export interface ListOptions {
  /** Column at which this program wraps, at the latest; default the screen's width less 2. */
  limit?: number;
  /** Label and description stand side by side, two or more blanks apart (Codex); `aligned`: only where those of two rows start in one column. */
  columns?: boolean | 'aligned';
  /** Rules inside the list do not end it (Claude sets "Chat about this" apart with one). */
  throughRules?: boolean;
  /** Rows without number in the number list's label column are options too ("Submit" in Claude's multi-select). */
  actionRows?: boolean;
  /** Wrapped rows start at column 0 (plain programs that leave wrapping to the terminal). */
  hangless?: boolean;
}

/**
 * The numbered list with the last highlighted row, else the last numbered list, among `lines`: numbers that count up by one in one column.
 * Null where there are fewer than two items.
 */
export function numberedList(screen: ScreenView, lines: readonly Line[], options: ListOptions = {}): List | null {
  const parsed = lines.map((line) => parseItem(line.text));
  const lists: number[][] = [];
  parsed.forEach((item, i) => {
    if (item?.number === undefined) return;
    const open = lists.findLast((list) => {
      const last = parsed[list.at(-1)!]!;
      const between = parsed.slice(list.at(-1)! + 1, i);
      const broken = lines.slice(list.at(-1)! + 1, i).some((line) => isRule(line.text)) && options.throughRules !== true;
      const outdented =
        options.hangless !== true &&
        between.some((other) => other !== null && other.indent < last.numberAt - 2 && other.pointer === undefined);
      const next = item.number === last.number! + 1 || (last.edge && item.number! > last.number!);
      return next && sameColumn(item, last) && !broken && !outdented;
    });
    if (open !== undefined) open.push(i);
    else lists.push([i]);
  });
  const usable = lists.filter((list) => list.length >= 2);
  const chosen = [...usable].reverse().find((list) => list.some((i) => parsed[i]!.pointer !== undefined)) ?? usable.at(-1);
  if (chosen === undefined) return null;
  return build(screen, lines, parsed, chosen, options);
}

/** Numbers are aligned at their first digit or at their dot. */
function sameColumn(a: Parsed, b: Parsed): boolean {
  return a.numberAt === b.numberAt || a.numberAt + String(a.number).length === b.numberAt + String(b.number).length;
}

/**
 * The list around the highlighted row: rows of the same label column above and below it, with the pointer's column blank. For lists
 * without numbers. `pointers` narrows which glyphs count.
 */
export function pointerList(screen: ScreenView, lines: readonly Line[], options: ListOptions & { pointers?: string } = {}): List | null {
  const glyphs = options.pointers ?? POINTERS;
  const parsed = lines.map((line) => parseItem(line.text));
  for (let i = lines.length - 1; i >= 0; i--) {
    const item = parsed[i];
    if (item?.pointer === undefined || !glyphs.includes(item.pointer) || item.number !== undefined) continue;
    const member = (other: Parsed | null | undefined): boolean =>
      other !== null &&
      other !== undefined &&
      other.number === undefined &&
      other.boxAt === item.boxAt &&
      (other.box === undefined) === (item.box === undefined);
    const rows = [i];
    for (let up = i - 1; up >= 0 && parsed[up] != null && parsed[up]!.indent >= item.indent; up--) if (member(parsed[up])) rows.unshift(up);
    for (let down = i + 1; down < lines.length && parsed[down] != null && parsed[down]!.indent >= item.indent; down++) {
      if (member(parsed[down])) rows.push(down);
    }
    if (rows.length >= 2) return build(screen, lines, parsed, rows, options);
  }
  return null;
}

function build(
  screen: ScreenView,
  lines: readonly Line[],
  parsed: readonly (Parsed | null)[],
  chosen: readonly number[],
  options: ListOptions,
): List {
  const limit = options.limit ?? screen.cols - 2;
  const items: Item[] = [];
  const split = options.columns === true || (options.columns === 'aligned' && isTable(chosen.map((start) => parsed[start]!)));
  chosen.forEach((start, n) => {
    const head = parsed[start]!;
    const [label, sideNote] = split ? splitColumns(head.label) : [head.label, ''];
    const item: Item = {
      row: lines[start]!.row,
      lastRow: lines[start]!.row,
      number: head.number,
      pointer: head.pointer !== undefined,
      checked: ticked(head),
      labelAt: head.labelAt,
      label,
      description: sideNote,
    };
    items.push(item);
    const end = chosen[n + 1] ?? lines.length;
    let above = lines[start]!.text;
    let aboveTone = tones(screen, item.row).last;
    let inLabel = sideNote === '';
    for (let i = start + 1; i < end; i++) {
      const line = lines[i]!;
      const row = parsed[i];
      if (row == null) break;
      if (
        options.actionRows === true &&
        head.number !== undefined &&
        row.number === undefined &&
        row.boxAt === head.boxAt &&
        head.box !== undefined
      ) {
        items.push({
          row: line.row,
          lastRow: line.row,
          number: undefined,
          pointer: row.pointer !== undefined,
          checked: undefined,
          labelAt: row.labelAt,
          label: squeeze(row.label),
          description: '',
        });
        break;
      }
      if (line.indent < head.labelAt) {
        if (options.hangless !== true || row.number !== undefined || !mayContinue(above, line.text, screen.cols - 1)) break;
        item.label += above.length >= screen.cols ? line.text : ` ${line.text}`;
        item.lastRow = line.row;
        above = line.text;
        continue;
      }
      const tone = tones(screen, line.row);
      // A wrapped label may have lost the blank behind its number (`2.Yes, and`), its second row has not.
      inLabel &&= line.indent - head.labelAt <= 1 && mayContinue(above, line.text, limit) && tone.first === aboveTone;
      if (inLabel) item.label += ` ${line.text.trim()}`;
      else item.description += ` ${line.text.trim()}`;
      item.lastRow = line.row;
      above = line.text;
      aboveTone = tone.last;
    }
    item.label = squeeze(item.label);
    item.description = squeeze(item.description);
  });
  return { items, top: items[0]!.row, bottom: items.at(-1)!.lastRow, highlighted: items.findIndex((item) => item.pointer) };
}

function ticked(item: Parsed): boolean | undefined {
  return item.box === undefined ? undefined : BOX_ON.test(item.box);
}

/** Do the second columns of at least two rows start in the same place, and none elsewhere? */
function isTable(heads: readonly Parsed[]): boolean {
  const columns = heads.flatMap((head) => {
    const gap = /\S\s{2,}(?=\S)/.exec(head.label);
    return gap === null ? [] : [head.labelAt + gap.index + gap[0].length];
  });
  return columns.length >= 2 && new Set(columns).size === 1;
}

/** `Label   description` at the first gap of two or more blanks. */
function splitColumns(text: string): [string, string] {
  const gap = /\S(\s{2,})\S/.exec(text);
  return gap === null ? [text, ''] : [text.slice(0, gap.index + 1), text.slice(gap.index + 1).trim()];
}
