/** clack's text and password fields: a question row, a row with a caret of its own drawing, the closing corner. The cursor is hidden. */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { cellAt, lastUsedRow } from '../lib/lines.ts';
import { ENDS_THERE, type Found, isAsked, questionText, SECRET } from './text.ts';

export function readField(screen: ScreenView): Found | null {
  if (screen.cursor.visible) return null;
  const last = lastUsedRow(screen);
  for (let row = last; row >= Math.max(1, last - 2); row--) {
    if (!isAsked(screen, row - 1) || !/^\s*[│┃]/.test(screen.line(row)) || !hasCaret(screen, row)) continue;
    const text = questionText(screen, row - 1, row);
    const question: ParsedQuestion = {
      kind: SECRET.test(text) ? 'password' : 'text',
      title: '',
      text,
      detail: '',
      options: [],
      freeText: { option: null },
      dismiss: { keys: ['ctrl-c'], effect: ENDS_THERE },
      source: 'screen',
    };
    return { question, row: row - 1 };
  }
  return null;
}

function hasCaret(screen: ScreenView, row: number): boolean {
  const line = screen.line(row);
  if (/[█▌]\s*$/.test(line)) return true;
  for (let at = 0; at <= line.length; at++) if (cellAt(screen, row, at)?.inverse === true) return true;
  return false;
}
