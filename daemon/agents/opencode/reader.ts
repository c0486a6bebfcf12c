/** What stands on opencode's screen: a panel that asks, else what the prompt says. */
import type { Hints, Reading, ScreenView } from '../agent.ts';
import { readDialog } from './dialog.ts';
import { promptBox } from './frame.ts';
import { readState } from './state.ts';

export function read(screen: ScreenView, _hints: Hints): Reading {
  const box = promptBox(screen);
  if (box !== null) {
    const state = readState(screen, box);
    return state === null ? null : { type: 'state', state };
  }
  const question = readDialog(screen);
  return question === null ? null : { type: 'question', question };
}
