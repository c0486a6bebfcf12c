/** What Copilot does while its composer stands: working, ready, retrying, failed, out of quota. Reads the status row and the last block. */
import type { AgentState, ScreenView } from '../agent.ts';
import { joinWrapped, squeeze } from '../lib/lines.ts';

/** While Copilot works or loads, its status row starts with a pulsing dot. */
const BUSY = /^[●◉◎○∙◐◓◑◒⠀-⣿]\s/u;
const MARK = /^ ([●✗✘○!$]|[A-Z]{2}) \S/;

interface Block {
  mark: string;
  rows: string[];
  /** The first word is bold: a tool. */
  tool: boolean;
}

export function readState(screen: ScreenView, composer: { top: number; status: string }): AgentState {
  const last = lastBlock(screen, composer.top, () => true);
  const text = last === null ? '' : squeeze(joinWrapped(last.rows, screen.cols - 4));
  if (BUSY.test(composer.status)) return { state: 'working' };
  if (last?.mark === '✗' && !last.tool) {
    if (/\b(?:rate|usage|quota)[\w -]*(?:limit|exceeded)|\blimit (?:reached|exceeded)\b|\bquota\b/i.test(text)) {
      const reset = /\b(?:try again|resets?|retry) (?:at |in |on )?([^.]+?)\.?$/i.exec(text);
      return { state: 'limit', text, ...(reset === null ? {} : { resetAt: reset[1]! }) };
    }
    return { state: 'error', text, retrying: false };
  }
  const message = lastBlock(screen, composer.top, (block) => block.mark === '●' && !block.tool);
  const parts = joinWrapped(message?.rows ?? [], screen.cols - 4).split(/\n\s*\n/);
  return { state: 'ready', lastText: squeeze(parts.filter((part) => part.trim() !== '').at(-1) ?? '') };
}

/** The last block of the history above row `end` that `fits`; the echo of a prompt ends a block. */
function lastBlock(screen: ScreenView, end: number, fits: (block: Block) => boolean): Block | null {
  let found: Block | null = null;
  // What stands below the banner before the first prompt are tips, not answers.
  let started = !screen.lines().some((line) => /^ {2,4}▔{3,}$/.test(line));
  let open: Block | null = null;
  // The row above the composer names the folder.
  for (let row = 1; row < end; row++) {
    const line = screen.line(row).replace(/\s*[┃│]$/, '');
    const mark = MARK.exec(line)?.[1];
    if (mark !== undefined) {
      open = { mark, rows: [line.replace(mark, ' ')], tool: screen.cell(row, line.indexOf(mark) + mark.length + 1)?.bold === true };
      if (started && fits(open)) found = open;
    } else if (/^ ?[▄▀]{6,}|^ ❯ \S/.test(line)) {
      open = null;
      found = null;
      started = true;
    } else if (/^ \S/.test(line)) open = null;
    else open?.rows.push(line);
  }
  return found;
}
