/**
 * From a choice to verified steps in opencode's panels. Buttons are walked to and looked at before Enter; digits answer (or toggle) in lists.
 * Text is only typed into a field that is seen to be open and empty.
 */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { Reading, ScreenView, Step } from '../agent.ts';
import { keysIn } from '../lib/dialect.ts';
import {
  chooseLive,
  dismissSteps,
  giveUp,
  HORIZONTAL,
  moveAndEnter,
  moveTo,
  optionAt,
  press,
  questionOf,
  refuse,
  safeText,
  tickExactly,
  typeText,
  uncommit,
} from '../lib/plan.ts';
import { typedText } from './dialog.ts';
import { promptBox } from './frame.ts';

export const keys = keysIn({
  text: textSteps,
  option: optionSteps,
  options: multiSteps,
  form: formSteps,
  dismiss: (question) => [...dismissSteps(question), ...closeField(question)],
});

function optionSteps(question: ParsedQuestion, index: number, text: string | undefined): Step[] {
  const option = optionAt(question, index);
  if (text !== undefined && text !== '')
    return option.freeText === true ? textSteps(question, safeText(text)) : refuse('This option takes no text.');
  if (option.freeText === true) return refuse('This option needs a text.');
  if (question.kind === 'multiselect') return multiSteps(question, new Set([index]), undefined);
  if (question.kind === 'confirm' && option.submit === true) return [stillThere(question), press(['enter'])];
  if (question.kind !== 'permission' && question.kind !== 'confirm') return chooseLive(option, index);
  return [...moveAndEnter(option, index, HORIZONTAL), ...follow(question, option.dangerous === true)];
}

/** "Allow always" asks once more and is only then an answer; a rejection may open a field for a reason, which stays empty. */
function follow(question: ParsedQuestion, widens: boolean): Step[] {
  if (question.kind !== 'permission') return [];
  const confirming = (now: Reading) => questionOf(now)?.kind === 'confirm' && questionOf(now)?.tabs === undefined;
  if (!widens) return closeField(question);
  return [
    { do: 'expect', what: 'opencode did not ask to confirm it', holds: confirming },
    { do: 'then', plan: (now) => moveAndEnter(questionOf(now)!.options[0]!, 0, HORIZONTAL) },
  ];
}

function closeField(question: ParsedQuestion): Step[] {
  if (question.kind !== 'permission') return [];
  const open = (now: Reading) => questionOf(now)?.kind === 'text';
  const changed = (now: Reading) => questionOf(now)?.kind !== 'permission';
  return [
    { do: 'settle', holds: changed },
    { do: 'then', plan: (now, screen) => (open(now) && typedText(screen) === '' ? [press(['enter'])] : []) },
  ];
}

const stillThere = (question: ParsedQuestion): Step => ({
  do: 'expect',
  what: 'the page has changed',
  holds: (now) => questionOf(now)?.kind === 'confirm' && questionOf(now)?.detail === question.detail,
});

function textSteps(question: ParsedQuestion, text: string): Step[] {
  if (question.kind === 'idle') return promptSteps(text);
  if (question.kind === 'text') return [...fill(text), press(['enter'])];
  return [...openField(question), ...fill(text), press(['enter'])];
}

function openField(question: ParsedQuestion): Step[] {
  const field = question.freeText?.option;
  if (field === undefined || field === null) return refuse('This question takes no text.');
  const option = optionAt(question, field);
  return [
    {
      do: 'then',
      plan: (_now, screen) => (typedText(screen) !== null ? [] : [...moveTo(option, field), { do: 'keys', keys: ['enter'] }]),
    },
    { do: 'expect', what: 'the field for the text did not open', holds: (_now, screen) => typedText(screen) !== null },
  ];
}

/** A prompt goes into the empty box; what is being typed at the desk is not overwritten. */
function promptSteps(text: string): Step[] {
  const bare = (value: string): string => value.replace(/\s+/g, '');
  const unsent = (screen: ScreenView): boolean => bare(promptBox(screen)?.draft ?? '') === bare(text);
  return [
    {
      do: 'expect',
      what: 'something is being typed at the desk',
      holds: (_now, screen) => {
        const box = promptBox(screen);
        return box?.focused === true && box.draft === '';
      },
    },
    ...typeText(text),
    press(['enter']),
    // A screen without the prompt's box says nothing yet.
    { do: 'settle', patient: true, holds: (now, screen) => now?.type === 'question' || (promptBox(screen) !== null && !unsent(screen)) },
    { do: 'then', plan: (_now, screen) => (unsent(screen) && promptBox(screen)?.focused === true ? [press(['enter'])] : []) },
  ];
}

/** Types into the open field, emptied first if something stands there, and sees exactly this text in it. */
function fill(text: string): Step[] {
  const bare = (value: string | null): string => (value ?? '').replace(/\s+/g, '');
  const same = (screen: ScreenView): boolean => {
    const now = bare(typedText(screen));
    // A long text scrolls in its rows: then its end is what can be seen. Several pasted lines may be folded into a note.
    return (
      now !== '' && (now === bare(text) || (now.length >= 40 && bare(text).endsWith(now)) || (text.includes('\n') && /\[Pasted/i.test(now)))
    );
  };
  return [
    { do: 'then', plan: (_now, screen) => (typedText(screen) === '' ? [] : [{ do: 'keys', keys: ['ctrl-c'] }]) },
    { do: 'expect', what: 'the field for the text is not empty', holds: (_now, screen) => typedText(screen) === '' },
    { do: 'text', text, paste: text.includes('\n') },
    { do: 'expect', what: 'the text did not appear in the field', holds: (_now, screen) => same(screen) },
  ];
}

function multiSteps(question: ParsedQuestion, picks: ReadonlySet<number>, text: string | undefined): Step[] {
  const steps = tickSteps(question, picks, text);
  const onSend = (now: Reading) => questionOf(now)?.kind === 'confirm' && questionOf(now)?.tabs?.at(-1)?.current === true;
  const count = question.tabs?.length ?? 0;
  // With more pages than this one, what is ticked here stands; the next page asks for itself.
  if (count > 2) return [...steps, press(['tab'])];
  return [
    ...steps,
    ...toPage(count - 1),
    { do: 'expect', what: 'the page that sends the answers did not come', holds: onSend },
    press(['enter']),
  ];
}

function tickSteps(question: ParsedQuestion, picks: ReadonlySet<number>, text: string | undefined): Step[] {
  if (question.kind !== 'multiselect') return refuse('This question takes one option.');
  for (const index of picks) {
    const option = optionAt(question, index);
    if (option.checked === undefined || option.freeText === true) return refuse(`Option ${index + 1} cannot be ticked.`);
  }
  const typed = text !== undefined && text !== '';
  if (picks.size === 0 && !typed) return refuse('Choose at least one option.');
  const steps = tickExactly(question, picks, (option) => option.keys, false);
  if (!typed) return steps;
  const closed = (_now: Reading, screen: ScreenView) => typedText(screen) === null;
  return [
    ...steps,
    ...openField(question),
    ...fill(safeText(text)),
    { do: 'keys', keys: ['enter'] },
    { do: 'expect', what: 'the field for the text did not close', holds: closed },
  ];
}

/** All pages of a form in order, then the page that sends them; each page is recognised by its question before anything is pressed. */
function formSteps(question: ParsedQuestion, pages: readonly { labels: string[]; text?: string | undefined }[]): Step[] {
  const form = question.form ?? refuse('This question has no form.');
  if (pages.length !== form.length) return refuse(`The form has ${form.length} pages.`);
  const steps: Step[] = [];
  form.forEach((page, n) => {
    const answer = pages[n]!;
    const shown = (now: Reading) => questionOf(now)?.text === page.text && questionOf(now)?.tabs?.[n]?.current === true;
    steps.push(
      ...toPage(n),
      { do: 'expect', what: `page ${n + 1} is not on the screen`, holds: shown },
      { do: 'then', plan: (now) => pageSteps(questionOf(now), answer) },
    );
  });
  const onSend = (now: Reading) => questionOf(now)?.kind === 'confirm' && questionOf(now)?.tabs?.at(-1)?.current === true;
  return [
    ...steps,
    ...toPage(form.length),
    { do: 'expect', what: 'the page that sends the answers did not come', holds: onSend },
    press(['enter']),
  ];
}

const currentTab = (question: ParsedQuestion | null): number => question?.tabs?.findIndex((tab) => tab.current) ?? -1;

/** Page by page to `to`, looking each time; a single choice moves on by itself. */
function toPage(to: number): Step[] {
  const at = (now: Reading): number => currentTab(questionOf(now));
  const step = (left: number): Step => ({
    do: 'then',
    plan: (now) => {
      const from = at(now);
      if (from === to) return [];
      if (from < 0 || left === 0) return [giveUp(`page ${to + 1} could not be reached`)];
      return [
        { do: 'keys', keys: [to > from ? 'tab' : 'shift-tab'] },
        { do: 'expect', what: `page ${to + 1} could not be reached`, holds: (later) => at(later) >= 0 && at(later) !== from },
        step(left - 1),
      ];
    },
  });
  return [step(12)];
}

function pageSteps(live: ParsedQuestion | null, answer: { labels: string[]; text?: string | undefined }): Step[] {
  if (live === null) return [giveUp('the question is gone')];
  const picks = answer.labels.map((label) => live.options.findIndex((option) => option.label === label));
  if (picks.some((index) => index < 0)) return [giveUp('an option of the form is not on the screen')];
  const [index] = picks;
  if (live.kind === 'multiselect') return tickSteps(live, new Set(picks), answer.text);
  const from = currentTab(live);
  const moved: Step = { do: 'settle', holds: (now) => currentTab(questionOf(now)) >= 0 && currentTab(questionOf(now)) !== from };
  if (answer.text !== undefined && answer.text !== '') return [...uncommit(textSteps(live, safeText(answer.text))), moved];
  return index === undefined ? [giveUp('a page has no answer')] : [...uncommit(chooseLive(live.options[index]!, index)), moved];
}
