/** From a choice to verified steps in Claude's dialogs. Digits where a digit answers, arrows and Enter where it does not, Tab to amend. */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { Reading, ScreenView, Step } from '../agent.ts';
import { keysIn } from '../lib/dialect.ts';
import {
  chooseLive,
  giveUp,
  highlighted,
  moveTo,
  optionAt,
  press,
  questionOf,
  refuse,
  safeText,
  tickExactly,
  typeAndEnter,
  typeText,
  uncommit,
} from '../lib/plan.ts';
import { findDialog, promptBox } from './frame.ts';

export const keys = keysIn({ text: textSteps, option: optionSteps, options: multiSteps, form: formSteps });

const fieldFocused = (_now: Reading, screen: ScreenView): boolean => (findDialog(screen)?.caretRow ?? -1) >= 0;

function textSteps(question: ParsedQuestion, text: string): Step[] {
  if (question.kind === 'idle') return promptSteps(text);
  const field = question.freeText?.option;
  if (field === undefined || field === null) return refuse('This question takes no text.');
  return optionSteps(question, field, text);
}

/** A prompt goes into the box; Claude keeps what was typed there before, so a draft of the desk's is not overwritten. */
function promptSteps(text: string): Step[] {
  const box = (screen: ScreenView) => promptBox(screen);
  return [
    {
      do: 'expect',
      what: 'something is being typed at the desk',
      holds: (_now, screen) => box(screen)?.draft === '' || isPlaceholder(screen),
    },
    ...typeText(text),
    press(['enter']),
  ];
}

/** A suggestion in the empty box is faint. */
function isPlaceholder(screen: ScreenView): boolean {
  const box = promptBox(screen);
  if (box === null) return false;
  const cell = screen.cell(box.top + 1, 4);
  return cell?.dim === true;
}

function optionSteps(question: ParsedQuestion, index: number, text: string | undefined): Step[] {
  const option = optionAt(question, index);
  if (text === undefined || text === '') {
    if (option.freeText === true) return refuse('This option needs a text.');
    if (question.kind === 'multiselect' && option.submit !== true && option.checked !== undefined)
      return multiSteps(question, new Set([index]), undefined);
    return chooseLive(option, index);
  }
  const typed = safeText(text);
  if (option.freeText === true) {
    if (question.kind === 'multiselect') return multiSteps(question, new Set([index]), typed);
    return [...moveTo(option, index), focused(), ...typeAndEnter(typed, highlighted(option, index))];
  }
  if (question.kind !== 'permission' || question.freeText === undefined) return refuse('This option takes no text.');
  // Tab turns the highlighted row into a field ("Yes, and tell Claude what to do next").
  return [
    ...moveTo(option, index),
    { do: 'then', plan: (now, screen) => (fieldFocused(now, screen) ? [] : [{ do: 'keys', keys: ['tab'] }]) },
    focused(),
    ...typeAndEnter(typed, highlighted(option, index)),
  ];
}

const focused = (): Step => ({ do: 'expect', what: 'the text field did not open', holds: fieldFocused });

function multiSteps(question: ParsedQuestion, picks: ReadonlySet<number>, text: string | undefined): Step[] {
  if (question.kind !== 'multiselect') return refuse('This question takes one option.');
  for (const index of picks) {
    const option = optionAt(question, index);
    if (option.checked === undefined) return refuse(`Option ${index + 1} cannot be ticked.`);
  }
  const submit = question.options.findIndex((option) => option.submit === true);
  if (submit < 0) return refuse('The row that submits is not on the screen.');
  const steps = [...leaveField(question), ...tickExactly(question, picks, (option) => option.keys, false)];
  const field = question.options.findIndex((option) => option.freeText === true);
  if (text !== undefined && text !== '') {
    if (field < 0) return refuse('This question takes no text.');
    steps.push(...moveTo(question.options[field]!, field), focused(), ...typeText(safeText(text)));
  }
  return [...steps, ...moveTo(question.options[submit]!, submit), press(['enter'])];
}

/** Digits toggle only while the highlight is on a box: in the field they are text, and "Chat about this" is deaf to them. */
function leaveField(question: ParsedQuestion): Step[] {
  const first = question.options[0]!;
  const onBox = (now: Reading): boolean =>
    questionOf(now)?.options.some((option) => option.default === true && option.checked !== undefined) === true;
  return [{ do: 'then', plan: (now, screen) => (fieldFocused(now, screen) || !onBox(now) ? moveTo(first, 0) : []) }];
}

/** All pages of a tabbed form, in order, then the review page; each page is recognised by its question before anything is pressed. */
function formSteps(question: ParsedQuestion, pages: readonly { labels: string[]; text?: string | undefined }[]): Step[] {
  const form = question.form ?? refuse('This question has no form.');
  if (pages.length !== form.length) return refuse(`The form has ${form.length} pages.`);
  const steps: Step[] = [];
  form.forEach((page, n) => {
    const answer = pages[n]!;
    const shown = (now: Reading) => questionOf(now)?.text === page.text;
    steps.push(
      { do: 'then', plan: (now) => toPage(questionOf(now), page.title) },
      { do: 'expect', what: `page ${n + 1} is not on the screen`, holds: shown },
      { do: 'then', plan: (now) => onPage(pageSteps(questionOf(now), answer, form.length === 1 && !page.multi), page.text) },
      // A digit leaves a page of single choice by itself; what comes next must not be decided on the old page.
      { do: 'settle', holds: (now) => !shown(now) },
    );
  });
  if (form.length === 1 && !form[0]!.multi) return steps;
  const onReview = (now: Reading) => questionOf(now)?.kind === 'confirm' && questionOf(now)?.tabs !== undefined;
  steps.push(
    { do: 'settle', holds: onReview },
    { do: 'then', plan: (now) => (onReview(now) ? [] : toPage(questionOf(now), '')) },
    { do: 'expect', what: 'the review page did not come', holds: onReview },
    { do: 'then', plan: (now) => chooseLive(questionOf(now)!.options[0]!, 0) },
  );
  return steps;
}

/** Tab moves one page on; the row of tabs says how far. An empty title is the review page. */
function toPage(live: ParsedQuestion | null, title: string): Step[] {
  const tabs = live?.tabs;
  if (tabs === undefined) return [];
  const from = tabs.findIndex((tab) => tab.current);
  const to =
    title === ''
      ? tabs.length - 1
      : tabs.findIndex((tab) => tab.title === title || (tab.title.endsWith('…') && title.startsWith(tab.title.slice(0, -1))));
  if (from < 0 || to < 0) return [giveUp('the page could not be found')];
  return from === to ? [] : [{ do: 'keys', keys: Array.from({ length: Math.abs(to - from) }, () => (to > from ? 'right' : 'left')) }];
}

function pageSteps(live: ParsedQuestion | null, answer: { labels: string[]; text?: string | undefined }, last: boolean): Step[] {
  if (live === null) return [giveUp('the question is gone')];
  const picks = answer.labels.map((label) => live.options.findIndex((option) => option.label === label));
  if (picks.some((index) => index < 0)) return [giveUp('an option of the form is not on the screen')];
  const field = live.options.findIndex((option) => option.freeText === true);
  if (live.kind === 'multiselect') return uncommit(multiSteps(live, new Set(picks), answer.text));
  const [index] = picks;
  const steps =
    answer.text !== undefined && answer.text !== ''
      ? optionSteps(live, field, answer.text)
      : index === undefined
        ? [giveUp('a page has no answer')]
        : chooseLive(live.options[index]!, index);
  return last ? steps : uncommit(steps);
}

/** Every write only while the page that it is meant for is on the screen. */
function onPage(steps: readonly Step[], text: string): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.do === 'then') return [{ do: 'then', plan: (now, screen) => onPage(step.plan(now, screen), text) }];
    if (step.do !== 'keys' && step.do !== 'text') return [step];
    return [{ do: 'expect', what: 'the form is on another page', holds: (now) => questionOf(now)?.text === text }, step];
  });
}
