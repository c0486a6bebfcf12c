/** What Gemini CLI does while its prompt box stands: working, ready, retrying, in error. Reads the title, the status row and the last message. */
import type { AgentState, ScreenView } from '../agent.ts';
import { gridRow } from '../lib/grid.ts';
import { isRule, joinWrapped, squeeze } from '../lib/lines.ts';
import type { PromptBox } from './frame.ts';

/** Titles of a Gemini that works (`✦`, `⏲`); a title of the user's own choice has none of these. */
const BUSY_TITLE = /^[✦⏲]/u;
const ASKING_TITLE = /^✋/u;
const SPINNER = /^\s*[⠀-⣿]\s+(\S.*)$/;
const MESSAGE = /^✦\s/;
const FAILED = /^[✕✖✗]\s+/;

export function readState(screen: ScreenView, box: PromptBox): AgentState | null {
  const status = statusRow(screen, box);
  if (status !== null && /\battempt \d+\s*\/\s*\d+/i.test(status)) return { state: 'error', text: status, retrying: true };
  if (status !== null || BUSY_TITLE.test(screen.title)) return { state: 'working' };
  if (ASKING_TITLE.test(screen.title)) return null;
  const { text, failed } = lastMessage(screen, box.top);
  if (failed) {
    const reset = /\breset(?:s)? (?:at|in|after) ([^.·|\n]+)/i.exec(text);
    if (/\b(?:quota|usage limit|rate limit)\b/i.test(text)) {
      return { state: 'limit', text, ...(reset === null ? {} : { resetAt: reset[1]!.trim() }) };
    }
    return { state: 'error', text, retrying: false };
  }
  return { state: 'ready', lastText: text };
}

/** The row with the spinner, a few rows above the prompt box. */
export function statusRow(screen: ScreenView, box: PromptBox): string | null {
  for (let row = box.top - 1; row >= Math.max(0, box.top - 14); row--) {
    const spinner = SPINNER.exec(screen.line(row));
    if (spinner !== null) return squeeze(spinner[1]!);
  }
  // Hooks are told there without a spinner; hints for the idle stand at the right edge.
  const rule = ruleAbove(screen, box.top);
  const first = rule < 1 ? -1 : gridRow(screen, rule - 1).first();
  return first >= 0 && first <= 2
    ? squeeze(
        gridRow(screen, rule - 1)
          .text()
          .slice(0, screen.cols / 2),
      )
    : null;
}

/** The rule between status and mode, just above the prompt's box; -1 where there is none. */
function ruleAbove(screen: ScreenView, top: number): number {
  for (let row = top - 1; row >= Math.max(0, top - 6); row--) if (isRule(screen.line(row)) && /─/.test(screen.line(row))) return row;
  return -1;
}

/** Last paragraph of the last message above the box, and whether it is a failure. */
function lastMessage(screen: ScreenView, end: number): { text: string; failed: boolean } {
  let start = -1;
  for (let row = end - 1; row >= 0 && start < 0; row--) {
    const flat = gridRow(screen, row).flat;
    if (MESSAGE.test(flat) || FAILED.test(flat)) start = row;
    // What the user said last is below any message: then nothing has been said since.
    if (/^▀{10,}$/.test(flat) && row < end - 2) return { text: '', failed: false };
  }
  if (start < 0) return { text: '', failed: false };
  const failed = FAILED.test(gridRow(screen, start).flat);
  const rows: string[] = [];
  const rule = ruleAbove(screen, end);
  const faint = rule < 0 ? undefined : toneOf(screen, rule + 1);
  for (let row = start; row < (rule > start ? rule - 1 : end); row++) {
    const text = gridRow(screen, row).text();
    // Hints in the colour of the mode's row are Gemini's own.
    if (row > start && faint !== undefined && toneOf(screen, row) === faint) break;
    // Tools, their boxes, hints at the right edge and the rule above the prompt box end a message.
    if (isRule(text) || (row > start && /^\s{0,2}(?:[╭│╰ℹ⚠]|[✓✗x?o-]\s{2}\S)/.test(text)) || text.search(/\S/) > screen.cols / 2) break;
    rows.push(row === start ? `  ${text.slice(2)}` : text);
  }
  const blocks = joinWrapped(rows, screen.cols)
    .split(/\n\s*\n/)
    .map(squeeze)
    .filter((block) => block !== '');
  return { text: blocks.at(-1) ?? '', failed };
}

/** The colour of the first letter of a row; undefined for an empty one. */
function toneOf(screen: ScreenView, row: number): string | undefined {
  const line = gridRow(screen, row);
  const first = line.first();
  return first < 0 ? undefined : line.tone(first);
}
