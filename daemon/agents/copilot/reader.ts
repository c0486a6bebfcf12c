/** Reads Copilot's screen: the composer means working or ready, a box or a form in its place asks. Pure. */
import type { Hints, Reading, ScreenView } from '../agent.ts';
import { readForm } from './form.ts';
import { bottomOf } from './frame.ts';
import { fuse } from './hooks.ts';
import { readBox } from './permission.ts';
import { readState } from './state.ts';

export function read(screen: ScreenView, hints: Hints): Reading {
  const bottom = bottomOf(screen);
  if (bottom === null) return null;
  if (bottom.is === 'composer') return { type: 'state', state: readState(screen, bottom) };
  const question =
    bottom.is === 'box' ? readBox(screen, bottom.rows, bottom.whole, hints.standing) : readForm(screen, bottom.rows, hints.standing);
  return question === null ? null : { type: 'question', question: fuse(question, hints.hooks) };
}
