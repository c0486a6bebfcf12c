/**
 * Dialogs that begin with a rule or stand in a box: their heading, what they are about and the sentence that asks. A box taller than the screen
 * has only its end there, and what is said of it begins with `ABOVE`.
 */
import { ABOVE, type ScreenView } from '../agent.ts';
import { frameAround } from '../lib/grid.ts';
import { deframe, isRule, joinWrapped, type Line, linesOf, paragraphs, squeeze } from '../lib/lines.ts';
import { isAsked, questionText } from './text.ts';

const NONE = { title: '', detail: '' };

/** `asking`: the row of the sentence that asks. Nothing where no rule stands above it, since then nobody can say where the dialog begins. */
export function framedAbove(screen: ScreenView, asking: number): { title: string; detail: string } {
  let top = asking - 1;
  while (top >= 0 && !isRule(screen.line(top))) top--;
  if (top < 0) return NONE;
  return headed(Array.from({ length: asking - top - 1 }, (_, i) => deframe(screen.line(top + 1 + i))));
}

/** The first row is a heading, the rest is what the dialog is about. */
function headed(rows: readonly string[]): { title: string; detail: string } {
  const first = rows.findIndex((row) => row.trim() !== '');
  return first < 0 ? NONE : { title: rows[first]!.trim(), detail: dedent(rows.slice(first + 1)) };
}

function dedent(rows: readonly string[]): string {
  const body = rows.map((row) => row.trimEnd());
  const indent = Math.min(...body.filter((row) => row !== '').map((row) => row.length - row.trimStart().length));
  return body
    .map((row) => row.slice(Math.min(indent, row.length)))
    .join('\n')
    .replace(/^\n+|\n+$/g, '');
}

export interface Said {
  title: string;
  text: string;
  detail: string;
}

/** What the box around a list says above it, and in which row it asks; `list` is the list's first row. Null where it stands in no box, or in one that says nothing. */
export function boxedAbove(screen: ScreenView, list: number): (Said & { row: number | null }) | null {
  const frame = frameAround(screen, list);
  if (frame === null) return null;
  const cut = frame.top < 0;
  const parts = paragraphs(linesOf(screen, frame.top + 1, list));
  const marked = parts.findLastIndex((part) => isAsked(screen, part[0]!.row));
  const asked = marked < 0 ? parts.findLastIndex((part) => /[?？]$/.test(part.at(-1)!.text)) : marked;
  const asking = parts[asked < 0 ? parts.length - 1 : asked];
  if (asking === undefined) return cut ? { title: '', text: ABOVE.trim(), detail: '', row: null } : null;
  const first = asking[0]!.row;
  const end = asking.at(-1)!.row + 1;
  // The padding on the right is that on the left.
  const limit = frame.right - Math.max(1, Math.min(...parts.flat().map((line) => line.indent)) - frame.left - 1);
  const sentence = marked < 0 ? squeeze(joinWrapped(asking.map(textOf), limit)) : questionText(screen, first, list);
  const about = linesOf(screen, frame.top + 1, first).map(textOf);
  const { title, detail } = cut ? { title: '', detail: dedent(about) } : headed(about);
  const after = dedent(linesOf(screen, end, list).map(textOf));
  const above = cut && about.length > 0 ? ABOVE.trim() : '';
  return {
    title,
    // Its first row may be the rest of a sentence.
    text: cut && first === 0 ? `${ABOVE.trim()} ${sentence}` : sentence,
    detail: [[above, detail].filter(some).join('\n'), after].filter(some).join('\n\n'),
    row: cut ? null : first,
  };
}

const some = (text: string): boolean => text !== '';
const textOf = (line: Line): string => line.text;
