/** Reads Claude Code's screen: the prompt box means working or ready, a dialog in its place is a question. Pure. */
import type { Hints, Reading, ScreenView } from '../agent.ts';
import { readAsk } from './ask.ts';
import { readDialog } from './dialog.ts';
import { findDialog, promptBox } from './frame.ts';
import { fuse } from './hooks.ts';
import { readState } from './state.ts';

export function read(screen: ScreenView, hints: Hints): Reading {
  const box = promptBox(screen);
  if (box !== null) return { type: 'state', state: readState(screen, box) };
  const dialog = findDialog(screen);
  if (dialog === null) return null;
  const question = readAsk(screen, dialog) ?? readDialog(screen, dialog);
  // A panel that asks nothing (settings, a browser of things) was opened at the desk and is none of the phone's business.
  if (question.text === '' && dialog.whole) return null;
  const numbered = dialog.list.items.some((item) => item.number !== undefined);
  if (!numbered && dialog.list.items.length > 3 && !/[?？]/.test(question.text)) return null;
  return { type: 'question', question: fuse(question, hints.hooks) };
}
