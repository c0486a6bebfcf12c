/** What stands on Gemini CLI's screen: a dialog, else what the prompt box says. */
import type { QuestionOption } from '../../../shared/question.ts';
import type { Hints, Reading, ScreenView } from '../agent.ts';
import { withScrolledRows } from '../lib/scrolled.ts';
import { keysOf, readDialog } from './dialog.ts';
import { promptBox } from './frame.ts';
import { fuse } from './hooks.ts';
import { readState } from './state.ts';

export function read(screen: ScreenView, hints: Hints): Reading {
  const box = promptBox(screen);
  if (box !== null) {
    const state = readState(screen, box);
    return state === null ? null : { type: 'state', state };
  }
  const dialog = readDialog(screen);
  if (dialog !== null) {
    const field = (option: QuestionOption | undefined): boolean => option?.freeText === true;
    const inField = dialog.question.options.some((option) => field(option) && option.default === true);
    const whole = !dialog.scrolls
      ? dialog.question
      : withScrolledRows(dialog.question, hints.standing, (index, highlighted, option) =>
          keysOf(option.submit === true ? undefined : index + 1, index - highlighted, inField || field(option)),
        );
    return { type: 'question', question: fuse(whole, hints.hooks), anchor: dialog.anchor };
  }
  return /^[✦⏲]/u.test(screen.title) ? { type: 'state', state: { state: 'working' } } : null;
}
