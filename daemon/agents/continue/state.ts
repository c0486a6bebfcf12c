/** What Continue does while its prompt stands: the row above the prompt spins, or the last paragraph says how it ended. */
import type { AgentState, ScreenView } from '../agent.ts';
import { joinWrapped, squeeze, tone } from '../lib/lines.ts';

/** Three characters of dots, then the seconds in parentheses. */
const SPINNER = /^ [\u2800-\u28ff]{3} .*\(/u;
/** A message, a tool's call, a tool's result. */
const MARK = /^ ?[●○] /;
const RESULT = /^\s*⎿/;

export function readState(screen: ScreenView, end: number): AgentState {
  for (let row = end - 1; row >= Math.max(0, end - 3); row--) if (SPINNER.test(screen.line(row))) return { state: 'working' };
  const text = lastParagraph(screen, end);
  const failed = /^Error: (.+)/.exec(text);
  if (failed === null) return { state: 'ready', lastText: text };
  if (/\b(?:rate|usage|quota)[\w -]*(?:limit|exceeded)|\bquota\b/i.test(text)) return { state: 'limit', text: failed[1]! };
  return { state: 'error', text: failed[1]!, retrying: false };
}

/** The last paragraph that the model or the program has said since the prompt, else ''. */
function lastParagraph(screen: ScreenView, end: number): string {
  let to = end;
  while (to > 0 && screen.line(to - 1).trim() === '') to--;
  let from = to;
  while (from > 0 && screen.line(from - 1).trim() !== '') from--;
  if (from === to) return '';
  const rows = Array.from({ length: to - from }, (_, n) => screen.line(from + n));
  if (rows.some((row) => RESULT.test(row))) return '';
  if (MARK.test(rows[0]!)) {
    // A tool's name is bold; the mark of what the person said is coloured otherwise than the model's.
    if (screen.cell(from, 2)?.bold === true || tone(screen.cell(from, 0)) === '4') return '';
    rows[0] = rows[0]!.replace(/[●○]/, ' ');
  }
  return squeeze(joinWrapped(rows, screen.cols - 2));
}
