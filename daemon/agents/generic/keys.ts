/** From a choice to verified steps for plain prompts. */
import type { Choice, ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { Reading, Step } from '../agent.ts';
import {
  type Axis,
  dismissSteps,
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
import { clearTyped, onlyTyped } from './typed.ts';

export function keys(question: ParsedQuestion, choice: Choice): Step[] {
  switch (choice.type) {
    case 'dismiss':
      return dismissSteps(question);
    case 'text':
      return textSteps(question, choice.text);
    case 'option':
      if (choice.text !== undefined && choice.text !== '') return refuse('This option takes no text.');
      return optionSteps(question, optionAt(question, choice.index), choice.index);
    case 'options':
      return tickSteps(question, new Set(choice.picks.map((pick) => pick.index)));
    case 'form':
      return refuse('This question has no form.');
  }
}

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
  return [
    clearTyped(question.text),
    press(answer),
    { do: 'settle', holds: (now) => !same(now, question) },
    { do: 'then', plan: (now) => (same(now, question) ? [onlyTyped(question.text, answer.join('')), press(['enter'])] : []) },
  ];
}

const same = (now: Reading, question: ParsedQuestion): boolean => questionOf(now)?.text === question.text;

function axisOf(question: ParsedQuestion): Axis {
  return question.options.some((each) => each.keys.some((key) => key === 'left' || key === 'right')) ? HORIZONTAL : VERTICAL;
}

function tickSteps(question: ParsedQuestion, picks: ReadonlySet<number>): Step[] {
  if (question.kind !== 'multiselect') return refuse('This question takes one option.');
  for (const index of picks) optionAt(question, index);
  return [...tickExactly(question, picks, () => ['space'], true), press(['enter'])];
}
