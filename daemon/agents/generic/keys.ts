/** From a choice to verified steps for plain prompts. */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { Reading, ScreenView, Step } from '../agent.ts';
import { keysIn } from '../lib/dialect.ts';
import {
  type Axis,
  giveUp,
  HORIZONTAL,
  moveAndEnter,
  optionAt,
  press,
  questionOf,
  refuse,
  safeText,
  tickExactly,
  typeAndEnter,
  VERTICAL,
} from '../lib/plan.ts';
import { clearTyped, onlyTyped, typedBehind } from './typed.ts';

export const keys = keysIn({
  text: textSteps,
  option: (question, index, text) =>
    text === undefined ? optionSteps(question, optionAt(question, index), index) : refuse('This option takes no text.'),
  options: tickSteps,
});

function textSteps(question: ParsedQuestion, text: string): Step[] {
  if (question.freeText === undefined) return refuse('This question takes no text.');
  const typed = safeText(text);
  if (typed.includes('\n')) return refuse('This prompt takes a single line.');
  // A password is not echoed: nothing to look for.
  if (question.kind === 'password') return [{ do: 'text', text: typed, paste: false }, press(['enter'])];
  return [clearTyped(question.text), ...(typed === '' ? [press(['enter'])] : typeAndEnter(typed))];
}

function optionSteps(question: ParsedQuestion, option: QuestionOption, index: number): Step[] {
  if (question.kind === 'multiselect') return tickSteps(question, new Set([index]));
  const walked = question.options.some((each) =>
    each.keys.some((key) => key === 'down' || key === 'up' || key === 'left' || key === 'right'),
  );
  if (walked) return moveAndEnter(option, index, axisOf(question));
  const [last, ...before] = [...option.keys].reverse();
  if (last !== 'enter' || before.length === 0) return [press(option.keys)];
  // A program that reads single keys has its answer with the first one; Enter follows only where the prompt still stands.
  const answer = before.reverse();
  const typed = answer.join('');
  const echoed = (screen: ScreenView): boolean => typedBehind(screen, question.text) === typed;
  const entered: Step = {
    do: 'then',
    plan: (now, screen) => (stands(now, screen, question) ? [...onlyTyped(question.text, typed), press(['enter'])] : again),
  };
  // Gone for a moment may be a repaint. It is the same prompt only if what was typed stands behind it; an equal next one is empty. Gone for good:
  // the program took the single key, or asks no more; nobody can tell which.
  const gone = 'the prompt went away before Enter was pressed';
  const again: Step[] = [
    { do: 'settle', holds: (_now, screen) => echoed(screen) },
    {
      do: 'then',
      plan: (_now, screen) =>
        echoed(screen) ? [{ do: 'expect', what: gone, holds: (_later, then) => echoed(then) }, press(['enter'])] : [giveUp(gone)],
    },
  ];
  return [clearTyped(question.text), press(answer), { do: 'settle', holds: (now, screen) => !stands(now, screen, question) }, entered];
}

/** A screen that is being redrawn after a resize has no reading; the prompt on the cursor's line is still the prompt. */
const stands = (now: Reading, screen: ScreenView, question: ParsedQuestion): boolean =>
  questionOf(now)?.text === question.text || (now === null && typedBehind(screen, question.text) !== null);

function axisOf(question: ParsedQuestion): Axis {
  return question.options.some((each) => each.keys.some((key) => key === 'left' || key === 'right')) ? HORIZONTAL : VERTICAL;
}

function tickSteps(question: ParsedQuestion, picks: ReadonlySet<number>): Step[] {
  if (question.kind !== 'multiselect') return refuse('This question takes one option.');
  for (const index of picks) optionAt(question, index);
  return [...tickExactly(question, picks, () => ['space'], true), press(['enter'])];
}
