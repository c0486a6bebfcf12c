/** What opencode does while its prompt stands: working (a moving bar below the prompt), retrying, ready. */
import type { AgentState, ScreenView } from '../agent.ts';
import { gridRow } from '../lib/grid.ts';
import { joinWrapped, squeeze } from '../lib/lines.ts';
import type { PromptBox } from './frame.ts';

const BAR = /[■⬝▪▫◼◻▰▱]{4,}|^\s*[⠀-⣿]\s/;

export function readState(screen: ScreenView, box: PromptBox): AgentState | null {
  for (let row = box.bottom + 1; row < screen.rows; row++) {
    const text = gridRow(screen, row).text(0, screen.cols);
    if (/\b(?:retrying|attempt)\b.*\d/i.test(text)) return { state: 'error', text: squeeze(text.replace(BAR, '')), retrying: true };
    if (BAR.test(text)) return { state: 'working' };
  }
  if (!box.focused) return null;
  return { state: 'ready', lastText: lastMessage(screen, box) };
}

/** Last paragraph of what was said above the prompt: rows set in at the message's column, in the colour of text. */
function lastMessage(screen: ScreenView, box: PromptBox): string {
  return blockAbove(screen, box, box.top - 1, 4);
}

function blockAbove(screen: ScreenView, box: PromptBox, from: number, left: number): string {
  let end = from;
  const col = (row: number) => gridRow(screen, row).first(0, box.right);
  // Agent, model and duration close a message.
  while (end >= 0 && (col(end) < 0 || /^\s*▣/.test(gridRow(screen, end).flat))) end--;
  if (end < 0) return '';
  const rows: string[] = [];
  let row = end;
  for (; row >= 0; row--) {
    const first = col(row);
    if (first < 0) break;
    if (gridRow(screen, row).flat[first] === '┃') return '';
    rows.unshift(gridRow(screen, row).text(first, box.right));
  }
  const text = squeeze(joinWrapped(rows, box.right - 6));
  // A tool's row begins with the tool's mark: what was said stands above it.
  if (/^[^\p{L}\p{N}\p{P}\s] |^[$%#*] /u.test(rows[0]!) && left > 0) return blockAbove(screen, box, row, left - 1);
  // The home screen has a logo there.
  return /[▀▄█]{3}/.test(text) ? '' : text;
}
