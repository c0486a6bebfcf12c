/** Reads Codex's screen: the composer means working, ready or a question that does not hold Codex up; a panel in its place asks. Pure. */
import type { Hints, Reading, ScreenView } from '../agent.ts';
import { readPanel } from './dialog.ts';
import { fuse } from './hooks.ts';
import { findPanel } from './panel.ts';
import { findComposer, readState } from './state.ts';
import { readWaiting } from './waiting.ts';

export function read(screen: ScreenView, hints: Hints): Reading {
  const panel = findPanel(screen);
  if (panel !== null) return { type: 'question', question: fuse(readPanel(screen, panel), hints.hooks) };
  const composer = findComposer(screen);
  if (composer === null) return null;
  const waiting = readWaiting(screen, composer);
  if (waiting !== null) return { type: 'question', question: waiting };
  return { type: 'state', state: readState(screen, composer) };
}
