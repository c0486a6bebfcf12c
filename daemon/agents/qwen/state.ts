/** What Qwen Code does while its prompt stands: working, ready, retrying, in error. Reads the title, the status row and the last message. */
import type { AgentState, ScreenView } from '../agent.ts';
import { gridRow } from '../lib/grid.ts';
import { joinWrapped, squeeze } from '../lib/lines.ts';
import { type PromptBox, textWidth } from './frame.ts';

const BUSY_TITLE = /^[◐◑◒◓]/u;
const SPINNER = /^\s*[⠀-⣿]\s+(\S.*)$/;
const MESSAGE = /^\s{0,3}[◆✦]/u;
const FAILED = /^\s{0,3}[✕✖✗]/u;

export function readState(screen: ScreenView, box: PromptBox): AgentState {
  let status: string | null = null;
  for (let row = box.top - 1; row >= Math.max(0, box.top - 10) && status === null; row--) {
    const spinner = SPINNER.exec(screen.line(row));
    if (spinner !== null) status = squeeze(spinner[1]!);
  }
  if (status !== null && /\b(?:retry(?:ing)?|attempt) .*\d/i.test(status)) return { state: 'error', text: status, retrying: true };
  if (status !== null || BUSY_TITLE.test(screen.title)) return { state: 'working' };
  const { text, failed } = lastMessage(screen, box.top);
  if (!failed) return { state: 'ready', lastText: text };
  if (/\b(?:quota|usage limit|rate limit)\b/i.test(text)) {
    const reset = /\bresets? (?:at|in|after) ([^.·|\n]+)/i.exec(text);
    return { state: 'limit', text, ...(reset === null ? {} : { resetAt: reset[1]!.trim() }) };
  }
  return { state: 'error', text, retrying: false };
}

function lastMessage(screen: ScreenView, end: number): { text: string; failed: boolean } {
  const width = textWidth(screen);
  let start = -1;
  for (let row = end - 1; row >= 0 && start < 0; row--) {
    const text = gridRow(screen, row).text(0, width);
    if (MESSAGE.test(text) || FAILED.test(text)) start = row;
    // What the user said last is below any message: then nothing has been said since.
    else if (/^\s{0,3}> \S/.test(text)) return { text: '', failed: false };
  }
  if (start < 0) return { text: '', failed: false };
  const failed = FAILED.test(gridRow(screen, start).text(0, width));
  const mark = gridRow(screen, start).first();
  const rows: string[] = [];
  for (let row = start; row < end; row++) {
    const text = gridRow(screen, row).text(0, width);
    // What is said is set in behind its mark; tools and notices have marks of their own in the same column.
    if (row > start && text !== '' && text.search(/\S/) <= mark) break;
    rows.push(row === start ? text.replace(/^(\s*)\S[\uFE0E\uFE0F]?/u, '$1 ') : text);
  }
  const blocks = joinWrapped(rows, width - 2)
    .split(/\n\s*\n/)
    .map(squeeze)
    .filter((block) => block !== '');
  return { text: blocks.at(-1) ?? '', failed };
}
