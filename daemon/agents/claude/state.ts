/** What Claude Code does while its prompt box stands: working, ready, retrying, out of quota. Reads the rows above the box and the title. */
import type { AgentState, ScreenView } from '../agent.ts';
import { cellAt, joinWrapped, type Line, linesOf, squeeze } from '../lib/lines.ts';
import type { PromptBox } from './frame.ts';

/** Title glyphs of a working Claude; `✳` stands for idle and for asking alike. */
const BUSY_TITLE = /^[◐◑◒◓⠀-⣿]/u;
const SPINNER = /^[·✢✳✶✻✽✺*+]\s+(\S.*)$/;

export function readState(screen: ScreenView, box: PromptBox): AgentState {
  const above = linesOf(screen, 0, box.top);
  const status = linesOf(screen, box.bottom + 1)
    .map((line) => line.text)
    .join(' ');
  const spinner = above.findLast((line) => SPINNER.test(line.text));
  const note = spinner === undefined ? '' : SPINNER.exec(spinner.text)![1]!;
  const busy = BUSY_TITLE.test(screen.title) || /\besc to interrupt\b/i.test(status) || /\besc to interrupt\b/i.test(note);
  if (busy) {
    const retry = /\battempt \d+\s*\/\s*\d+|\bretrying in\b/i.test(note);
    return retry ? { state: 'error', text: squeeze(note), retrying: true } : { state: 'working' };
  }
  const lastText = lastMessage(screen, box.top);
  const limit = /(?:\blimit (?:reached|hit)|hit your [\w -]*limit|out of [\w -]*usage)\b.*/i.exec(lastText);
  if (limit !== null) {
    const reset = /\bresets? (?:at |in )?([^·∙|\n.]+)/i.exec(lastText);
    return { state: 'limit', text: squeeze(lastText), ...(reset === null ? {} : { resetAt: reset[1]!.trim() }) };
  }
  if (/^(?:API Error|Error:|Failed to|Invalid API key|Please run \/login)/i.test(lastText))
    return { state: 'error', text: squeeze(lastText), retrying: false };
  return { state: 'ready', lastText };
}

/** The last paragraph of Claude's last message above row `end`; '' where the screen shows none. */
function lastMessage(screen: ScreenView, end: number): string {
  const lines = linesOf(screen, 0, end);
  const start = lines.findLastIndex((line) => /^\s{0,2}[●⏺]\s/.test(line.text));
  if (start < 0) return '';
  const rows: string[] = [];
  for (const line of lines.slice(start)) {
    if (rows.length > 0 && (SPINNER.test(line.text) || /^[❯>]/.test(line.text))) break;
    // Right-aligned hints ("◐ medium · /effort") are no text of Claude's.
    if (line.indent > screen.cols / 2) continue;
    // Tool calls and their results are grey, coloured or bold; prose has the default colour.
    if (line.text !== '' && !isProse(screen, line)) {
      if (rows.length > 0) rows.push('');
      continue;
    }
    rows.push(line.text.replace(/^(\s{0,2})[●⏺⎿]/, '$1 ').replace(/^(\s*)⎿/, '$1 '));
  }
  const blocks = joinWrapped(rows, screen.cols - 4)
    .split(/\n\s*\n/)
    .map((block) => block.trim());
  return squeeze(blocks.filter((block) => block !== '').at(-1) ?? '');
}

function isProse(screen: ScreenView, line: Line): boolean {
  if (/^\s*⎿/.test(line.text)) return false;
  const at = line.text.search(/[^\s●⏺]/);
  const cell = cellAt(screen, line.row, Math.max(0, at));
  const bulleted = /^\s{0,2}[●⏺]/.test(line.text);
  return cell?.fg === -1 && !(bulleted && cell.bold);
}
