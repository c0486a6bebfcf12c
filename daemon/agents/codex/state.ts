/** What Codex does while its composer stands: working, ready, retrying, failed, out of quota; and what is typed in the composer. */
import type { AgentState, ScreenView } from '../agent.ts';
import { joinWrapped, squeeze } from '../lib/lines.ts';
import { blocks, isFaint } from './history.ts';
import { isComposer } from './menu.ts';

export interface Composer {
  row: number;
  /** What is typed in it; '' where only the faint suggestion stands there. */
  draft: string;
}

/** Hints and the status line below the composer, wrapped at 48 columns, and the shortcut sheet. */
const ROWS_BELOW = 20;

export function findComposer(screen: ScreenView): Composer | null {
  for (let row = screen.rows - 1; row >= Math.max(0, screen.rows - 1 - ROWS_BELOW); row--) {
    if (!isComposer(screen, row)) continue;
    const rows = [screen.line(row).slice(1)];
    for (let next = row + 1; next < screen.rows && /^ {2}\S/.test(screen.line(next)); next++) rows.push(screen.line(next));
    const suggestion = screen.cell(row, 2)?.dim === true;
    return {
      row,
      draft: suggestion
        ? ''
        : rows
            .map((text) => text.trim())
            .join('\n')
            .trim(),
    };
  }
  return null;
}

/** The title starts with a Braille spinner while Codex works. */
const BUSY_TITLE = /^[⠀-⣿]/u;
/** `Working (12s • esc to interrupt)`, whatever its words: a mark, a bracket with a running time and a bullet in it. */
const RUNNING = /^[•◦⠀-⣿] (.*)\((?:\d+[dhms] ?)+ [•·] .*/u;

export function readState(screen: ScreenView, composer: Composer): AgentState {
  const running = runningRow(screen, composer.row);
  if (running !== null) {
    return /\b\d+\/\d+\b/.test(running) ? { state: 'error', text: squeeze(running), retrying: true } : { state: 'working' };
  }
  if (BUSY_TITLE.test(screen.title)) return { state: 'working' };
  const all = blocks(screen, composer.row);
  const last = all.at(-1);
  if (last?.mark === '■') {
    const text = squeeze(joinWrapped(last.rows, screen.cols));
    if (/\b(?:usage|rate|spend\w*|credit\w*) limit\b|\bquota\b/i.test(text)) {
      const reset = /\b(?:try again|resets?) (?:at |in |on )?([^.]+?)\.?$/i.exec(text);
      return { state: 'limit', text, ...(reset === null ? {} : { resetAt: reset[1]!.replace(/^(?:at|in|on) /, '') }) };
    }
    if (!/\binterrupted\b/i.test(text)) return { state: 'error', text, retrying: false };
    return { state: 'ready', lastText: text };
  }
  return { state: 'ready', lastText: lastText(screen, composer.row) };
}

/** The row that shows what runs now: the last mark above the composer that has a running time behind it. */
function runningRow(screen: ScreenView, end: number): string | null {
  for (let row = end - 1; row >= 0; row--) {
    const match = RUNNING.exec(screen.line(row));
    if (match !== null) return match[1]!.trim();
    // What is queued stands between the running row and the composer; anything else with a mark is history.
    if (/^[■?↪]\s/.test(screen.line(row))) return null;
  }
  return null;
}

/** The last paragraph of the last message; '' where the screen shows none. */
function lastText(screen: ScreenView, end: number): string {
  const message = blocks(screen, end).findLast((block) => block.mark === '•' && block.faint);
  if (message === undefined) return '';
  const rows = message.rows.map((row, i) => (i > 0 && isFaint(screen, message.top + i) ? '' : row));
  const parts = joinWrapped(rows, screen.cols - 2)
    .split(/\n\s*\n/)
    .map((part) => part.trim());
  return squeeze(parts.filter((part) => part !== '').at(-1) ?? '');
}
