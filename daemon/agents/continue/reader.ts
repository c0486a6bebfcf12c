/** Reads Continue's screen: the prompt means working or ready, a box in its place asks. Pure. */
import type { Hints, Reading, ScreenView } from '../agent.ts';
import { readDialog } from './dialog.ts';
import { bottomOf } from './frame.ts';
import { readState } from './state.ts';

export function read(screen: ScreenView, hints: Hints): Reading {
  const bottom = bottomOf(screen);
  if (bottom === null) return null;
  if (bottom.is === 'prompt') return { type: 'state', state: readState(screen, bottom.top) };
  const question = readDialog(screen, bottom, hints.standing);
  return question === null ? null : { type: 'question', question };
}
