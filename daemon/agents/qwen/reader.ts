/** What stands on Qwen Code's screen: a dialog, else what the prompt says. */
import type { Hints, Reading, ScreenView } from '../agent.ts';
import { readDialog } from './dialog.ts';
import { promptBox } from './frame.ts';
import { fuse } from './hooks.ts';
import { readMenu } from './menu.ts';
import { readState } from './state.ts';

export function read(screen: ScreenView, hints: Hints): Reading {
  const box = promptBox(screen);
  if (box !== null) return { type: 'state', state: readState(screen, box) };
  const question = readDialog(screen) ?? readMenu(screen);
  if (question !== null) return { type: 'question', question: fuse(question, hints.hooks) };
  return /^[◐◑◒◓]/u.test(screen.title) ? { type: 'state', state: { state: 'working' } } : null;
}
