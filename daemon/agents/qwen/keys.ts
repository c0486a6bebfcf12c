/**
 * From a choice to verified steps in Qwen's dialogs. Digits answer where they do; in a list with boxes they only move, so rows are walked to
 * and toggled with Space, and Enter on any row sends what is ticked. Text is only typed into a field that is seen to be open and empty.
 */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { Reading, ScreenView, Step } from '../agent.ts';
import { keysIn } from '../lib/dialect.ts';
import { chooseLive, giveUp, moveTo, optionAt, press, questionOf, refuse, safeText, tickExactly, typeText, uncommit } from '../lib/plan.ts';
import { typedText } from './dialog.ts';
import { promptBox } from './frame.ts';

export const keys = keysIn({ text: textSteps, option: optionSteps, options: multiSteps, form: formSteps });

function optionSteps(question: ParsedQuestion, index: number, text: string | undefined): Step[] {
  const option = optionAt(question, index);
  if (text !== undefined && text !== '')
    return option.freeText === true ? textSteps(question, safeText(text)) : refuse('This option takes no text.');
  if (option.freeText === true) return refuse('This option needs a text.');
  return question.kind === 'multiselect' ? multiSteps(question, new Set([index]), undefined) : chooseLive(option, index);
}

function textSteps(question: ParsedQuestion, text: string): Step[] {
  if (question.kind === 'idle') return promptSteps(text);
  const field = question.freeText?.option;
  if (field === undefined || field === null) return refuse('This question takes no text.');
  return [...moveTo(optionAt(question, field), field), ...fill(text), press(['enter'])];
}

/** A prompt goes into the empty box; what is being typed at the desk is not overwritten. */
function promptSteps(text: string): Step[] {
  const unsent = (screen: ScreenView): boolean => {
    const box = promptBox(screen);
    return box !== null && box.draft.replace(/\s+/g, '') === text.replace(/\s+/g, '');
  };
  return [
    { do: 'expect', what: 'something is being typed at the desk', holds: (_now, screen) => promptBox(screen)?.draft === '' },
    ...typeText(text),
    press(['enter']),
    // A screen without the prompt's box says nothing yet.
    { do: 'settle', patient: true, holds: (now, screen) => now?.type === 'question' || (promptBox(screen) !== null && !unsent(screen)) },
    { do: 'then', plan: (_now, screen) => (unsent(screen) ? [press(['enter'])] : []) },
  ];
}

/** Types into the open field, emptied first if somebody has begun there, and sees exactly this text in it. */
function fill(text: string): Step[] {
  const bare = (value: string): string => value.replace(/\s+/g, '');
  const same = (screen: ScreenView): boolean => {
    const now = bare(typedText(screen) ?? '');
    // The field is one row wide: of a long text its end can be seen.
    return now !== '' && (now === bare(text) || (now.length >= 40 && bare(text).endsWith(now.slice(-40))));
  };
  return [
    { do: 'expect', what: 'the field for the text did not open', holds: (_now, screen) => typedText(screen) !== null },
    { do: 'then', plan: (_now, screen) => (typedText(screen) === '' ? [] : [{ do: 'keys', keys: ['ctrl-u'] }]) },
    { do: 'expect', what: 'the field for the text is not empty', holds: (_now, screen) => typedText(screen) === '' },
    { do: 'text', text, paste: text.includes('\n') },
    { do: 'expect', what: 'the text did not appear in the field', holds: (_now, screen) => same(screen) },
  ];
}

function multiSteps(question: ParsedQuestion, picks: ReadonlySet<number>, text: string | undefined): Step[] {
  if (question.kind !== 'multiselect') return refuse('This question takes one option.');
  for (const index of picks) {
    const option = optionAt(question, index);
    if (option.checked === undefined || option.freeText === true) return refuse(`Option ${index + 1} cannot be ticked.`);
  }
  const steps = tickExactly(question, picks, () => ['space'], true);
  if (text !== undefined && text !== '') return [...steps, ...textSteps(question, safeText(text))];
  if (picks.size === 0) return refuse('Choose at least one option.');
  // Enter on a row with a box sends all that is ticked, on the row that takes text only what is typed there.
  return [...steps, ...moveTo(optionAt(question, 0), 0), press(['enter'])];
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
  const onLast = (now: Reading) => questionOf(now)?.kind === 'confirm' && questionOf(now)?.tabs?.at(-1)?.current === true;
  return [
    ...steps,
    ...toPage(form.length),
    { do: 'expect', what: 'the page with all answers did not come', holds: onLast },
    { do: 'then', plan: (now) => chooseLive(questionOf(now)!.options[0]!, 0) },
  ];
}

/** Page by page to `to`, looking each time; an answer moves on by itself. Arrows switch pages only outside the text field. */
function toPage(to: number): Step[] {
  const at = (now: Reading): number => questionOf(now)?.tabs?.findIndex((tab) => tab.current) ?? -1;
  const step = (left: number): Step => ({
    do: 'then',
    plan: (now) => {
      const from = at(now);
      if (from === to) return [];
      const live = questionOf(now);
      if (live === null || from < 0 || left === 0) return [giveUp(`page ${to + 1} could not be reached`)];
      const inField = live.options.some((option) => option.freeText === true && option.default === true);
      return [
        ...(inField ? moveTo(live.options[0]!, 0) : []),
        { do: 'keys', keys: [to > from ? 'right' : 'left'] },
        { do: 'expect', what: `page ${to + 1} could not be reached`, holds: (later) => at(later) >= 0 && at(later) !== from },
        step(left - 1),
      ];
    },
  });
  return [{ do: 'settle', holds: (now) => at(now) === to }, step(12)];
}

function pageSteps(live: ParsedQuestion | null, answer: { labels: string[]; text?: string | undefined }): Step[] {
  if (live === null) return [giveUp('the question is gone')];
  const picks = answer.labels.map((label) => live.options.findIndex((option) => option.label === label));
  if (picks.some((index) => index < 0)) return [giveUp('an option of the form is not on the screen')];
  const [index] = picks;
  if (live.kind === 'multiselect') return uncommit(multiSteps(live, new Set(picks), answer.text));
  if (answer.text !== undefined && answer.text !== '') return uncommit(textSteps(live, safeText(answer.text)));
  return index === undefined ? [giveUp('a page has no answer')] : uncommit(chooseLive(live.options[index]!, index));
}
