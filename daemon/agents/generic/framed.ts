/** A dialog that begins with a rule: its heading and what it is about stand between the rule and the sentence that asks. */
import type { ScreenView } from '../agent.ts';
import { deframe, isRule } from '../lib/lines.ts';

const NONE = { title: '', detail: '' };

/** `asking`: the row of the sentence that asks. Nothing where no rule stands above it, since then nobody can say where the dialog begins. */
export function framedAbove(screen: ScreenView, asking: number): { title: string; detail: string } {
  let top = asking - 1;
  while (top >= 0 && !isRule(screen.line(top))) top--;
  if (top < 0) return NONE;
  const rows = Array.from({ length: asking - top - 1 }, (_, i) => deframe(screen.line(top + 1 + i)));
  const first = rows.findIndex((row) => row.trim() !== '');
  if (first < 0) return NONE;
  const body = rows.slice(first + 1).map((row) => row.trimEnd());
  const indent = Math.min(...body.filter((row) => row !== '').map((row) => row.length - row.trimStart().length));
  const detail = body.map((row) => row.slice(Math.min(indent, row.length))).join('\n');
  return { title: rows[first]!.trim(), detail: detail.replace(/^\n+|\n+$/g, '') };
}
