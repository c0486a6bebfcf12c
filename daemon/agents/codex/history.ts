/** Codex's history above the panel or the composer: blocks that start with a mark at the very left. */
import type { ScreenView } from '../agent.ts';
import { joinWrapped } from '../lib/lines.ts';

export interface Block {
  top: number;
  mark: string;
  rows: string[];
  /** The mark is faint: a message, not a tool. */
  faint: boolean;
}

const MARK = /^([•■◦✔✗✘⚠?↪›])(?:\s|$)/;

/** The blocks above row `end`, from the top. */
export function blocks(screen: ScreenView, end: number): Block[] {
  const out: Block[] = [];
  for (let row = 0; row < end; row++) {
    const line = screen.line(row);
    const mark = MARK.exec(line)?.[1];
    if (mark !== undefined) out.push({ top: row, mark, rows: [line.replace(mark, ' ')], faint: screen.cell(row, 0)?.dim === true });
    else if (out.length > 0) out.at(-1)!.rows.push(line);
  }
  return out;
}

/** The text of the last block above row `end` without the line that says how long it took. */
export function lastBlock(screen: ScreenView, end: number): string {
  const block = blocks(screen, end).at(-1);
  if (block === undefined) return '';
  const rows = [...block.rows];
  // Its first line has scrolled off: what stands on the screen follows the echo of the prompt.
  if (block.mark === '›') while (rows.length > 0 && rows[0]!.trim() !== '') rows.shift();
  while (rows.length > 0 && (rows.at(-1)!.trim() === '' || isFaint(screen, block.top + rows.length - 1))) rows.pop();
  return joinWrapped(rows, Number.POSITIVE_INFINITY);
}

/** The row's first visible cell is faint: a hint ("Worked for 2s", "+ Show details"). */
export function isFaint(screen: ScreenView, row: number): boolean {
  const at = screen.line(row).search(/\S/);
  return at >= 0 && screen.cell(row, at)?.dim === true;
}
