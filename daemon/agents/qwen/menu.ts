/** A menu of Qwen's own in a box: rows without numbers, the highlighted one with a pointer, descriptions below in another colour. */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { frameAround, gridRow } from '../lib/grid.ts';
import { times } from '../lib/keys.ts';
import { isRule, joinWrapped, lastUsedRow, squeeze } from '../lib/lines.ts';

const POINTER = '›';

interface MenuItem {
  row: number;
  label: string;
  description: string;
  pointer: boolean;
}

export function readMenu(screen: ScreenView): ParsedQuestion | null {
  const last = lastUsedRow(screen);
  for (let row = last; row >= Math.max(0, last - 30); row--) {
    const match = /^(\s{0,3}[│┃]\s+)› \S/.exec(gridRow(screen, row).flat);
    if (match === null) continue;
    const frame = frameAround(screen, row);
    if (frame === null || last - frame.bottom > 4) return null;
    const items = menuItems(screen, frame, row, match[1]!.length);
    const highlighted = items.findIndex((item) => item.pointer);
    if (items.length < 2 || highlighted < 0) return null;
    const head = paragraphs(screen, frame, frame.top + 1, items[0]!.row);
    const [title = '', ...rest] = head;
    const foot = paragraphs(screen, frame, items.at(-1)!.row + 1, frame.bottom).join(' ');
    return {
      kind: /\btrust\b/i.test(title) ? 'trust' : 'choice',
      title,
      text: rest.join('\n\n') || title,
      detail: '',
      options: items.map(
        (item, index): QuestionOption => ({
          label: item.label,
          ...(item.description === '' ? {} : { description: item.description }),
          keys: [...times(index >= highlighted ? 'down' : 'up', Math.abs(index - highlighted)), 'enter'],
          ...(index === highlighted ? { default: true } : {}),
        }),
      ),
      ...(/\besc\b/i.test(foot) ? { dismiss: { keys: ['esc'], effect: 'closes the dialog' } } : {}),
      source: 'screen',
    };
  }
  return null;
}

interface Area {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** Rows at the label's column around the pointer's row; blank rows may lie between items, then what follows an item at once is its description. */
function menuItems(screen: ScreenView, frame: Area, row: number, pointerCol: number): MenuItem[] {
  const col = pointerCol + POINTER.length + 1;
  const first = (r: number): number => gridRow(screen, r).first(frame.left + 1, frame.right);
  const inside = (r: number): boolean => {
    if (r <= frame.top || r >= frame.bottom || isRule(gridRow(screen, r).text(frame.left + 1, frame.right))) return false;
    return (
      first(r) < 0 || first(r) === col || (first(r) === pointerCol && gridRow(screen, r).flat[pointerCol] === POINTER) || first(r) > col
    );
  };
  let top = row;
  while (inside(top - 1)) top--;
  let bottom = row;
  while (inside(bottom + 1)) bottom++;
  while (top < row && first(top) < 0) top++;
  while (bottom > row && first(bottom) < 0) bottom--;
  const gaps = Array.from({ length: bottom - top + 1 }, (_, n) => top + n).some((r) => first(r) < 0);
  const items: MenuItem[] = [];
  for (let r = top; r <= bottom; r++) {
    if (first(r) < 0) continue;
    const starts = first(r) <= col && (items.length === 0 || !gaps || first(r - 1) < 0 || first(r) === pointerCol);
    const text = squeeze(gridRow(screen, r).text(col, frame.right));
    const current = items.at(-1);
    if (starts || current === undefined) items.push({ row: r, label: text, description: '', pointer: first(r) === pointerCol });
    else current.description = squeeze(`${current.description} ${text}`);
  }
  return items;
}

function paragraphs(screen: ScreenView, frame: Area, from: number, to: number): string[] {
  const out: string[] = [];
  let rows: string[] = [];
  for (let row = from; row <= to; row++) {
    const line = gridRow(screen, row);
    const blank = row === to || line.first(frame.left + 1, frame.right) < 0;
    if (!blank) rows.push(line.text(frame.left + 2, frame.right));
    else if (rows.length > 0) {
      out.push(joinWrapped(rows, frame.right - frame.left - 3).trim());
      rows = [];
    }
  }
  return out;
}
