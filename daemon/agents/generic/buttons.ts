/**
 * Choices side by side on one row: clack's `● Yes / ○ No`, toggles (`no / yes`), dialog buttons (`< Yes >   < No >`). Exactly one must look
 * highlighted, and the cursor must be hidden or on that row.
 */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { moveKeys } from '../lib/keys.ts';
import { cellAt, deframe, lastUsedRow } from '../lib/lines.ts';
import { ENDS_THERE, type Found, isAsked, isFaint, questionText } from './text.ts';

interface Segment {
  at: number;
  label: string;
  /** What tells it from its neighbours. */
  look: string;
  on: boolean | undefined;
}

export function readButtons(screen: ScreenView): Found | null {
  if (screen.cursor.visible) return null;
  const last = lastUsedRow(screen);
  for (let row = last; row >= Math.max(0, last - 3); row--) {
    const text = deframe(screen.line(row));
    const segments = radios(screen, row, text) ?? toggles(screen, row, text) ?? boxed(screen, row, text);
    if (segments === null) continue;
    const highlighted = lit(segments);
    if (highlighted < 0) continue;
    const asking = isAsked(screen, row) ? row : above(screen, row);
    if (asking < 0) continue;
    const question: ParsedQuestion = {
      kind: 'confirm',
      title: '',
      text: questionText(screen, asking, asking === row ? row + 1 : row),
      detail: '',
      options: segments.map((segment, i) => ({
        label: segment.label,
        keys: moveKeys(highlighted, i, ['enter'], 'right', 'left'),
        ...(i === highlighted ? { default: true } : {}),
      })),
      dismiss: { keys: ['ctrl-c'], effect: ENDS_THERE },
      source: 'screen',
    };
    return { question, row: asking };
  }
  return null;
}

function segment(screen: ScreenView, row: number, at: number, label: string, on?: boolean): Segment {
  const cell = cellAt(screen, row, at);
  return {
    at,
    label: label.trim(),
    on,
    look: cell === undefined ? '' : `${cell.fg}|${cell.bg}|${cell.inverse}|${cell.underline}|${cell.dim}`,
  };
}

/** `● Yes / ○ No` */
function radios(screen: ScreenView, row: number, text: string): Segment[] | null {
  const found = [...text.matchAll(/([●○◉◯])\s+([^●○◉◯/]+?)(?=\s*(?:\/|$|\s[●○◉◯]))/gu)];
  return found.length < 2
    ? null
    : found.map((match) => segment(screen, row, match.index + 2, match[2]!, match[1] === '●' || match[1] === '◉'));
}

/** `› no / yes` behind a question of a prompt library. */
function toggles(screen: ScreenView, row: number, text: string): Segment[] | null {
  if (!isAsked(screen, row)) return null;
  const tail = /[›‣»]\s+(\S+(?: \S+)?)\s+\/\s+(\S+(?: \S+)?)$/u.exec(text);
  if (tail === null) return null;
  const first = text.indexOf(tail[1]!, tail.index + 1);
  return [segment(screen, row, first, tail[1]!), segment(screen, row, text.lastIndexOf(tail[2]!), tail[2]!)];
}

/** `< Yes >   < No >`, `[ OK ]  [ Cancel ]` */
function boxed(screen: ScreenView, row: number, text: string): Segment[] | null {
  const found = [...text.matchAll(/[<[(]\s*(\p{L}[^<>[\]()]{0,30}?)\s*[>\])]/gu)];
  const rest = text.replace(/[<[(]\s*(\p{L}[^<>[\]()]{0,30}?)\s*[>\])]/gu, '').trim();
  if (found.length < 2 || rest !== '') return null;
  return found.map((match) => segment(screen, row, match.index + match[0].indexOf(match[1]!), match[1]!));
}

function lit(segments: readonly Segment[]): number {
  const on = segments.flatMap((each, i) => (each.on === true ? [i] : []));
  if (segments[0]!.on !== undefined) return on.length === 1 ? on[0]! : -1;
  const odd = segments.flatMap((each, i) => (segments.filter((other) => other.look === each.look).length === 1 ? [i] : []));
  if (odd.length === 1) return odd[0]!;
  // Two segments differ from each other by nature: the one in reverse video, on a colour of its own, or underlined is the chosen one.
  const strong = segments.flatMap((each, i) =>
    /\|true\|/.test(`|${each.look}|`.replace(/\|(?:true|false)\|$/, '|')) || !each.look.includes('|-1|') ? [i] : [],
  );
  return strong.length === 1 ? strong[0]! : -1;
}

function above(screen: ScreenView, row: number): number {
  for (let up = row - 1; up >= Math.max(0, row - 6); up--) if (isAsked(screen, up)) return up;
  for (let up = row - 1; up >= Math.max(0, row - 4); up--) {
    const text = deframe(screen.line(up));
    if (/\p{L}/u.test(text) && !isFaint(screen, up, text.search(/\S/))) return up;
  }
  return -1;
}
