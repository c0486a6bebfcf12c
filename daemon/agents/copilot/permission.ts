/** Copilot's boxes: may this command run, may this file be edited, is this folder trusted. A heading, the subject, a question, a list. */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import { ABOVE, type ScreenView } from '../agent.ts';
import { moveKeys } from '../lib/keys.ts';
import { joinWrapped, paragraphs, squeeze } from '../lib/lines.ts';
import type { Row } from './frame.ts';

interface Item {
  row: number;
  lastRow: number;
  number: number;
  pointer: boolean;
  label: string;
}

/** A row that had to wrap may have lost a blank or two before its number to the wrap. */
const ITEM = /^(?:(❯)\s{0,2}(\d{1,2})\.\s*|\s{0,4}(\d{1,2})\.\s+)(\S.*)$/;

/** The question in the box, or null where it holds no list with a highlighted row. */
export function readBox(screen: ScreenView, rows: readonly Row[], whole: boolean, standing?: ParsedQuestion): ParsedQuestion | null {
  const width = screen.cols - 4;
  const found = listIn(rows, width);
  if (found === null) return null;
  const { items, from } = found;
  const rule = whole ? rows.findIndex((row) => /^─+$/.test(row.text)) : -1;
  const title =
    rule < 0
      ? ''
      : squeeze(
          rows
            .slice(0, rule)
            .map((row) => row.text)
            .join(' '),
        );
  const parts = paragraphs(rows.slice(rule + 1, from));
  const asked = parts.pop() ?? [];
  const text = joinLabel(
    texts(asked).map((line) => line.trim()),
    width,
  );
  const diff = parts.some((part) => part.some((row) => isDiffRow(screen, row)));
  const seen = diff ? unframed(parts.flatMap((part, i) => (i === 0 ? part : [blank(part[0]!), ...part]))) : details(parts, width);
  // A box taller than the screen shows only its end, and the card says so.
  const detail = whole || seen === '' ? seen : `${ABOVE}${seen}`;
  const labels = items.map((item) => item.label).join('\n');
  const trust = /\btrust\b/i.test(`${title}\n${text}`);
  const plan = !trust && /\bplan\b/i.test(`${title}\n${text}\n${labels}`);
  const boxed = parts.some((part) => part.some((row) => /^[│┃]/.test(row.text)));
  const kind = trust ? 'trust' : plan ? 'plan' : boxed || diff || hasRefusal(items) ? 'permission' : 'choice';
  const options = optionsOf(items, kind);
  const last = items.length - 1;
  const typing = items[last]!.pointer && within(items[last]!, screen.cursor);
  // A refusal of more than a word is a field for what to do instead; what is typed there takes the place of its label.
  const field = typing || (hasRefusal(items) && items[last]!.label.replace(/\s*\([^)]*\)$/, '').split(/\s+/).length > 3) ? last : -1;
  const shown = standing?.text === text && standing.options.length === options.length ? standing.options[last] : undefined;
  if (typing && shown !== undefined) options[last] = { ...options[last]!, label: shown.label };
  return {
    kind,
    title,
    text,
    detail,
    ...(detail === '' ? {} : { detailKind: diff ? 'diff' : plan ? 'plan' : trust || !boxed ? 'text' : 'command' }),
    options,
    ...(field < 0 ? {} : { freeText: { option: field } }),
    dismiss: { keys: ['esc'], effect: EFFECTS[kind] },
    source: 'screen',
  };
}

const within = (item: Item, cursor: ScreenView['cursor']): boolean =>
  cursor.visible && cursor.row >= item.row && cursor.row <= item.lastRow;

const EFFECTS = {
  permission: 'denies it and stops the turn',
  trust: 'does not trust the folder',
  plan: 'does not approve the plan',
  choice: 'closes the dialog',
};

/** The last row refuses: its label names the key that does so. */
const hasRefusal = (items: readonly Item[]): boolean => /\(Esc\b[^)]*\)$/i.test(items.at(-1)!.label);

const numberOf = (row: Row): number => Number(ITEM.exec(row.text)?.[2] ?? ITEM.exec(row.text)?.[3] ?? 0);

function listIn(rows: readonly Row[], width: number): { items: Item[]; from: number } | null {
  const last = rows.findLastIndex((row) => ITEM.test(row.text));
  if (last < 0) return null;
  // A row that is filled to the last column is followed by an empty one: the blank it was broken at.
  let from = last;
  for (let at = last, next = numberOf(rows[last]!); at >= 0 && next > 1; at--) {
    if (numberOf(rows[at]!) !== next - 1) continue;
    from = at;
    next--;
  }
  const blocks: { item: Item; texts: string[] }[] = [];
  for (const row of rows.slice(from)) {
    const match = ITEM.exec(row.text);
    const number = numberOf(row);
    const open = blocks.at(-1);
    if (match !== null && number === (open?.item.number ?? number - 1) + 1) {
      blocks.push({ item: { row: row.row, lastRow: row.row, number, pointer: match[1] === '❯', label: '' }, texts: [match[4]!] });
    } else if (row.text === '' && row.row > rows[last]!.row) break;
    else if (row.text !== '' && open !== undefined) {
      open.texts.push(row.text.trim());
      open.item.lastRow = row.row;
    }
  }
  const items = blocks.map(({ item, texts: parts }) => ({ ...item, label: joinLabel(parts, width) }));
  return items.length >= 2 && items.some((item) => item.pointer) ? { items, from } : null;
}

/** Rows of one text: broken at blanks, behind the slashes and hyphens of a word, or inside a word that is longer than the box. */
export function joinLabel(parts: readonly string[], width: number): string {
  let out = '';
  parts.forEach((part, i) => {
    const above = parts[i - 1] ?? '';
    const word = (/\S*$/.exec(above)?.[0].length ?? 0) + (/^\S*/.exec(part)?.[0].length ?? 0);
    const inside = /\S\/$|[\p{L}\p{N}]-$/u.test(above) || (above.length >= width - 6 && word > width);
    out += out === '' || inside ? part : ` ${part}`;
  });
  return squeeze(out);
}

const texts = (rows: readonly Row[]): string[] => rows.map((row) => row.text);
const blank = (row: Row): Row => ({ ...row, text: '' });
const BORDER = /^[╭╰][─]+[╮╯]$/;

/** Rows without the borders of boxes inside the box. */
function unframed(rows: readonly Row[]): string {
  return rows
    .filter((row) => !BORDER.test(row.text))
    .map((row) => row.text.replace(/^[│┃] ?/, '').replace(/\s*[│┃]$/, ''))
    .join('\n')
    .trim();
}

/** What is boxed is taken whole and unwrapped, and so is the prose around it. */
function details(parts: readonly Row[][], width: number): string {
  return parts
    .map((part) => {
      const boxed = part.some((row) => /^[│┃]/.test(row.text));
      return boxed ? joinWrapped(unframed(part).split('\n'), width - 4) : joinWrapped(texts(part), width);
    })
    .join('\n\n');
}

/** A line number and a sign on a background of its own. */
function isDiffRow(screen: ScreenView, row: Row): boolean {
  const sign = /^\s*\d+ [+-](?:\s|$)/.exec(row.text);
  return sign !== null && screen.cell(row.row, row.at + sign[0].trimEnd().length - 1)?.bg !== -1;
}

function optionsOf(items: readonly Item[], kind: keyof typeof EFFECTS): QuestionOption[] {
  const highlighted = items.findIndex((item) => item.pointer);
  const last = items.length - 1;
  const refuses = hasRefusal(items);
  return items.map((item, index) => ({
    label: item.label,
    // "3. No" only highlights, so no digit is trusted; a refusal names the key that refuses at once.
    keys: refuses && index === last ? ['esc'] : moveKeys(highlighted, index),
    ...(index === highlighted ? { default: true } : {}),
    ...(index > 0 && index < last && kind !== 'choice' ? { dangerous: true } : {}),
  }));
}
