/**
 * From a choice to verified steps in Gemini's dialogs. Digits where a digit answers; the row that takes text is walked to, because with it
 * in focus digits are text. Text is only typed into a field that is seen to be empty and focused.
 */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { Reading, ScreenView, Step } from '../agent.ts';
import { keysIn } from '../lib/dialect.ts';
import { chooseLive, giveUp, moveTo, optionAt, press, questionOf, refuse, safeText, tickExactly, typeText, uncommit } from '../lib/plan.ts';
import { readDialog, typedText } from './dialog.ts';
import { promptBox } from './frame.ts';

/** How often the highlight is moved in search of a row that is scrolled off. */
const MAX_MOVES = 60;

export const keys = keysIn({ text: textSteps, option: optionSteps, options: multiSteps, form: formSteps });

/** Only a digit that answers may be pressed; Enter on a highlight that stands is walked to and looked at again. */
function optionSteps(question: ParsedQuestion, index: number, text: string | undefined): Step[] {
  const option = optionAt(question, index);
  if (text !== undefined && text !== '')
    return option.freeText === true ? textSteps(question, safeText(text)) : refuse('This option takes no text.');
  if (option.freeText === true) return refuse('This option needs a text.');
  if (question.kind === 'multiselect') {
    if (option.submit === true) return chooseLive(option, index);
    return multiSteps(question, new Set([index]), undefined);
  }
  return question.kind === 'confirm' && option.submit === true ? [stillThere(question), press(['enter'])] : chooseLive(option, index);
}

const stillThere = (question: ParsedQuestion): Step => ({
  do: 'expect',
  what: 'the page has changed',
  holds: (now) => questionOf(now)?.text === question.text,
});

function textSteps(question: ParsedQuestion, text: string): Step[] {
  if (question.kind === 'idle') return promptSteps(text);
  if (question.freeText === undefined) return refuse('This question takes no text.');
  return [...openField(question), ...fill(text), press(['enter'])];
}

/** A prompt goes into the empty box; what is being typed at the desk is not overwritten. */
function promptSteps(text: string): Step[] {
  return [
    { do: 'expect', what: 'something is being typed at the desk', holds: (_now, screen) => promptBox(screen)?.draft === '' },
    ...typeText(text),
    press(['enter']),
    // Enter that comes while the start-up still runs is lost at times; the text then stands where it was typed.
    ...again(text),
    ...again(text),
  ];
}

function again(text: string): Step[] {
  const draft = (screen: ScreenView): string | undefined => promptBox(screen)?.draft;
  return [
    {
      do: 'settle',
      patient: true,
      holds: (now, screen) => now?.type === 'question' || (draft(screen) !== undefined && draft(screen) !== text),
    },
    { do: 'then', plan: (_now, screen) => (draft(screen) === text ? [press(['enter'])] : []) },
  ];
}

/** Puts the highlight on the row that takes text, however far it is scrolled off. */
function openField(question: ParsedQuestion): Step[] {
  if (question.kind === 'text' || question.kind === 'password') return [];
  return search((option) => option.freeText === true, 'the row that takes text');
}

/** Moves the highlight one row at a time onto the row that `wanted` names, however far it is scrolled off; `allTheWay`: what must hold at each row. */
function search(wanted: (option: QuestionOption) => boolean, what: string, allTheWay?: Step): Step[] {
  const on = (now: Reading): boolean => questionOf(now)?.options.some((option) => wanted(option) && option.default === true) === true;
  const at = (now: Reading): string | null => {
    const live = questionOf(now);
    const highlighted = live?.options.find((option) => option.default === true);
    return live === null || highlighted === undefined ? null : `${live.text}\n${highlighted.label}\n${live.options.indexOf(highlighted)}`;
  };
  const looked = allTheWay === undefined ? [] : [allTheWay];
  const step = (left: number): Step => ({
    do: 'then',
    plan: (now) => {
      if (on(now)) return [];
      const before = at(now);
      if (before === null || left === 0) return [giveUp(`${what} could not be reached`)];
      const options = questionOf(now)!.options;
      const target = options.findIndex(wanted);
      const key = target >= 0 && target < options.findIndex((option) => option.default === true) ? 'up' : 'down';
      return [
        { do: 'keys', keys: [key] },
        // One key at a time: an agent that is late to take them would walk on after it was looked at.
        { do: 'expect', what: `${what} could not be reached`, holds: (later) => at(later) !== null && at(later) !== before },
        ...looked,
        step(left - 1),
      ];
    },
  });
  return [...looked, step(MAX_MOVES), { do: 'expect', what: `${what} has no focus`, holds: on }];
}

/** Types into the focused field, emptied first if somebody has begun there, and sees exactly this text in it. */
function fill(text: string): Step[] {
  const shown = (screen: ScreenView): string | null => typedText(screen);
  const same = (screen: ScreenView): boolean => {
    const now = shown(screen)?.replace(/\s+/g, '') ?? '';
    const wanted = text.replace(/\s+/g, '');
    // A long text scrolls in its three rows: then its end is what can be seen. Several pasted lines may be folded into a note.
    return (
      now === wanted || (now.length > 60 && wanted.endsWith(now)) || ((text.includes('\n') || text.length > 400) && /\[Pasted/.test(now))
    );
  };
  return [
    { do: 'then', plan: (_now, screen) => (shown(screen) === '' || shown(screen) === null ? [] : [{ do: 'keys', keys: ['ctrl-c'] }]) },
    { do: 'expect', what: 'the field for the text is not empty', holds: (_now, screen) => shown(screen) === '' },
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
  // "All of the above" is a shortcut for the others: it is ticked when they all are, never by itself.
  const rows = tickable(question);
  const all = question.options.findIndex(
    (option, index) => option.checked !== undefined && !rows.includes(index) && option.freeText !== true,
  );
  const wanted = all >= 0 && picks.has(all) ? new Set([...rows]) : new Set([...picks]);
  const some: ParsedQuestion = {
    ...question,
    options: question.options.map((option, index) => (rows.includes(index) ? option : { ...option, freeText: true })),
  };
  const steps: Step[] = [...leaveField(question), ...tickExactly(some, wanted, flip, true)];
  const typed = text !== undefined && text !== '';
  if (typed) {
    // The row that takes text ticks itself a moment after the text is in it; Enter that comes before that takes the text out again.
    const ticked = (now: Reading) =>
      questionOf(now)?.options.some((option) => option.freeText === true && option.checked === true) === true;
    steps.push(...openField(question), ...fill(safeText(text)), { do: 'expect', what: 'the text did not get its tick', holds: ticked });
  } else if (wanted.size === 0) return refuse('Choose at least one option.');
  const kept = ticksKept(
    question.options.filter((_, index) => rows.includes(index)),
    new Set([...wanted].map((index) => question.options[index]!.label)),
  );
  return [...steps, ...search((option) => option.submit === true, 'the row that sends the answers', kept), press(['enter'])];
}

/** No row in view has another tick than it was given: looked at all the way down, since the last row shows the end of the list only. */
function ticksKept(rows: readonly QuestionOption[], wanted: ReadonlySet<string>): Step {
  const known = new Set(rows.map(({ label }) => label));
  return {
    do: 'expect',
    what: 'a row has lost the tick it was given, or got another',
    holds: (_now, screen) =>
      readDialog(screen)?.question.options.every(({ label, checked }) => !known.has(label) || checked === wanted.has(label)) === true,
  };
}

/** A digit flips its row; from ten on the row has the highlight, and Enter does. */
const flip = (option: QuestionOption): readonly string[] => (option.keys.length === 1 ? option.keys : ['enter']);

/** The rows that stand for options of their own: all with a box but "All of the above" and the one that takes text, which stand last. */
function tickable(question: ParsedQuestion): number[] {
  const boxes = question.options.flatMap((option, index) => (option.checked === undefined ? [] : [index]));
  const field = question.options.findIndex((option) => option.freeText === true);
  const before = boxes.filter((index) => index !== field);
  // A question with a single option has no row for all of them.
  if (field >= 0) return before.length > 1 ? before.slice(0, -1) : before;
  // The row that takes text is scrolled off: the one for all may be in view.
  const last = question.options[before.at(-1) ?? -1];
  return last?.label === 'All of the above' && last.description === 'Select all options' ? before.slice(0, -1) : before;
}

/** Digits toggle only while the row that takes text has no focus. */
function leaveField(question: ParsedQuestion): Step[] {
  const onField = (now: Reading): boolean =>
    questionOf(now)?.options.some((option) => option.freeText === true && option.default === true) === true;
  return [{ do: 'then', plan: (now) => (onField(now) ? moveTo(question.options[0]!, 0) : []) }];
}

/** All pages of a form in order, then the page that reviews them; each page is recognised by its question before anything is pressed. */
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
  const onReview = (now: Reading) => questionOf(now)?.tabs?.at(-1)?.current === true;
  return [
    ...steps,
    ...toPage(form.length),
    { do: 'expect', what: 'the page with all answers did not come', holds: onReview },
    press(['enter']),
  ];
}

/** Tab by tab to page `to`, looking each time; an answer moves on by itself. */
function toPage(to: number): Step[] {
  const at = (now: Reading): number => questionOf(now)?.tabs?.findIndex((tab) => tab.current) ?? -1;
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
