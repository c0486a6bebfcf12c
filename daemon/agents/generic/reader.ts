/** Reads any program's prompts: menus, buttons, fields, then the line at the cursor. A shell prompt, a pager or plain output is nothing. */
import type { Hints, Reading, ScreenView } from '../agent.ts';
import { readButtons } from './buttons.ts';
import { readField } from './field.ts';
import { readMenu } from './menu.ts';
import { readPromptLine } from './prompt-line.ts';

export function read(screen: ScreenView, hints: Hints): Reading {
  const question = readMenu(screen, hints.standing) ?? readButtons(screen) ?? readField(screen);
  return question === null ? readPromptLine(screen, hints) : { type: 'question', question };
}
