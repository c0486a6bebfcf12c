/**
 * Codex's asynchronous questions while they are folded: Codex goes on working, the composer stands, and a note above it counts what waits
 * ("? 2 questions / shift+← to answer"). The questions themselves stand in the history.
 */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { blocks } from './history.ts';
import { joinRows } from './menu.ts';
import type { Composer } from './state.ts';

/** The row that every list of an asynchronous question ends with; Codex writes it only when the list is unfolded. */
const OTHER = 'Other';

export const SKIPS = 'skips the question; Codex goes on without an answer';

/** How many questions wait, by the note above the composer; 0 where there is none. */
export function waitingCount(screen: ScreenView, composer: Composer): number {
  for (let row = composer.row - 1; row > 0 && composer.row - row < 10; row--) {
    const note = /^\s+\? (\d+)\s\S/.exec(screen.line(row));
    if (note !== null && /[←→]/.test(screen.line(row + 1))) return Number(note[1]);
  }
  return 0;
}

export function readWaiting(screen: ScreenView, composer: Composer): ParsedQuestion | null {
  const count = waitingCount(screen, composer);
  if (count === 0) return null;
  const asked = blocks(screen, composer.row).filter((block) => block.mark === '?');
  const first = asked.slice(-count)[0];
  if (first === undefined) return null;
  const cut = first.rows.findIndex((row) => row.trim() === '');
  const text = joinRows(
    first.rows.slice(0, cut < 0 ? first.rows.length : cut).map((row) => row.trim()),
    screen.cols - 4,
  );
  const labels = cut < 0 ? [] : bullets(first.rows.slice(cut), screen.cols);
  const options = labels.map((label, index) => ({ label, keys: ['shift-left', String(index + 1)] }));
  return {
    kind: labels.length === 0 ? 'text' : 'choice',
    title: '',
    text,
    detail: '',
    options: labels.length === 0 ? [] : [...options, { label: OTHER, keys: ['shift-left', String(labels.length + 1)], freeText: true }],
    freeText: { option: labels.length === 0 ? null : labels.length },
    dismiss: { keys: ['shift-left', 'ctrl-]'], effect: SKIPS },
    source: 'screen',
    nonBlocking: true,
  };
}

function bullets(rows: readonly string[], cols: number): string[] {
  const out: string[][] = [];
  for (const row of rows) {
    const start = /^\s+[•*-]\s+(\S.*)$/.exec(row);
    if (start !== null) out.push([start[1]!]);
    else if (row.trim() !== '' && out.length > 0) out.at(-1)!.push(row.trim());
    else if (row.trim() !== '') break;
  }
  return out.map((label) => joinRows(label, cols - 6));
}
