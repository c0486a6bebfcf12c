/** Reads any program's prompts: menus, buttons, fields, then the line at the cursor. A shell prompt, a pager or plain output is nothing. */
import type { Hints, Reading, ScreenView } from '../agent.ts';
import { readButtons } from './buttons.ts';
import { readField } from './field.ts';
import { readMenu } from './menu.ts';
import { readPromptLine } from './prompt-line.ts';

export function read(screen: ScreenView, hints: Hints): Reading {
  const found = readMenu(screen, hints.standing) ?? readButtons(screen) ?? readField(screen);
  if (found === null) return readPromptLine(screen, hints);
  const { question, row } = found;
  // A full-screen program may draw its dialog anywhere; a box that begins above the screen may be printed anew with all that stands above it.
  return screen.alternate || row === null
    ? { type: 'question', question }
    : { type: 'question', question, anchor: String(screen.scrolled + row) };
}
