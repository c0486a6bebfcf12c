/**
 * Where things are on Continue's screen: one rounded box stands at the bottom, either the prompt or, in its place, a dialog. Geometry only;
 * what a dialog means is `dialog.ts`.
 */
import type { ScreenView } from '../agent.ts';
import { lastUsedRow } from '../lib/lines.ts';

export interface Row {
  row: number;
  /** The text inside the frame and its padding; it starts at column `AT` of the screen. */
  text: string;
}

export type Bottom = { is: 'prompt'; top: number; draft: string } | { is: 'dialog'; top: number; rows: Row[]; whole: boolean };

/** Border and padding of a dialog. */
export const AT = 3;
/** The status row, and the commands or files offered below the prompt while something is typed there. */
const BELOW_ROWS = 14;
const TOP = /^╭─+╮$/;
const BOTTOM = /^╰─+╯$/;
/** The mark of the prompt: chat, shell mode, a remote session. */
const PROMPT = /^│ [●$◉] /;

/** What stands at the bottom of the screen, or null. */
export function bottomOf(screen: ScreenView): Bottom | null {
  const last = lastUsedRow(screen);
  let bottom = last;
  while (bottom > 1 && bottom >= last - BELOW_ROWS && !BOTTOM.test(screen.line(bottom))) bottom--;
  if (!BOTTOM.test(screen.line(bottom))) return null;
  let top = bottom - 1;
  while (top >= 0 && screen.line(top).startsWith('│')) top--;
  const whole = top >= 0 && TOP.test(screen.line(top));
  if (whole && PROMPT.test(screen.line(top + 1))) return { is: 'prompt', top, draft: draftOf(screen, top + 1, bottom) };
  // A dialog has nothing below it but the status row, and nothing is cut out of its middle.
  if (last - bottom > 2 || bottom - top < 3 || (!whole && top >= 0)) return null;
  const rows: Row[] = [];
  for (let row = top + 1; row < bottom; row++) rows.push({ row, text: screen.line(row).slice(AT).replace(/\s*│$/, '').trimEnd() });
  return { is: 'dialog', top, rows, whole };
}

/** The placeholder begins with the cursor as a block; what is typed has it in other colours. */
function draftOf(screen: ScreenView, from: number, bottom: number): string {
  const rows: string[] = [];
  for (let row = from; row < bottom; row++) rows.push(screen.line(row).slice(4).replace(/\s*│$/, '').trim());
  return rows[0]?.startsWith('▋') ? '' : rows.join('\n').trim();
}
