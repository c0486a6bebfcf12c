/**
 * From a choice to verified steps in Codex. A digit answers at once wherever a list has numbers; notes and free answers open with Tab or by
 * moving onto the last row; text is pasted, because Codex takes an Enter that follows fast typing for a line break.
 */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { Reading, ScreenView, Step } from '../agent.ts';
import { keysIn } from '../lib/dialect.ts';
import {
  chooseLive,
  dismissSteps,
  giveUp,
  highlighted,
  moveTo,
  optionAt,
  press,
  questionOf,
  refuse,
  rowAndText,
  safeText,
  uncommit,
} from '../lib/plan.ts';
import { findPanel } from './panel.ts';
import { findComposer } from './state.ts';

export const keys = keysIn({
  text: textSteps,
  option: (question, index, text) => [...unfold(question), ...optionSteps(question, index, text)],
  form: formSteps,
  dismiss: (question) => (question.nonBlocking === true ? [...unfold(question), press(['ctrl-]'])] : dismissSteps(question)),
});

/** Asynchronous questions wait folded; shift+← opens the one that waits longest. */
function unfold(question: ParsedQuestion): Step[] {
  if (question.nonBlocking !== true) return [];
  const open = (now: Reading, screen: ScreenView) => findPanel(screen) !== null && questionOf(now)?.text === question.text;
  return [
    { do: 'then', plan: (now, screen) => (open(now, screen) ? [] : [{ do: 'keys', keys: ['shift-left'] }]) },
    { do: 'expect', what: 'the question did not open', holds: open },
  ];
}

function optionSteps(question: ParsedQuestion, index: number, text: string | undefined): Step[] {
  const option = optionAt(question, index);
  if (text === undefined || text === '') {
    if (option.freeText === true) return refuse('This option needs a text.');
    return [...unnoted(), ...chooseLive(option, index)];
  }
  const typed = safeText(text);
  if (option.freeText === true) return [...moveTo(option, index), focused(), ...fill(typed, highlighted(option, index)), press(['enter'])];
  if (question.freeText?.option !== index) return refuse('This option takes no text.');
  return [...noted(option, index, typed), press(['enter'])];
}

/** Nobody is writing a note: then digits would be written into it. A field that was left open and empty is closed. */
function unnoted(): Step[] {
  const open = (screen: ScreenView): boolean => findPanel(screen)?.notes?.focused === true;
  return [
    { do: 'then', plan: (_now, screen) => (open(screen) && findPanel(screen)?.notes?.text === '' ? [{ do: 'keys', keys: ['tab'] }] : []) },
    { do: 'expect', what: 'a note is being written at the desk', holds: (_now, screen) => !open(screen) },
  ];
}

/** The highlight on the option, its field for notes open, the text in it. */
function noted(option: QuestionOption, index: number, text: string): Step[] {
  return [...unnoted(), ...moveTo(option, index), { do: 'keys', keys: ['tab'] }, focused(), ...fill(text, highlighted(option, index))];
}

const focused = (): Step => ({
  do: 'expect',
  what: 'the text field did not open',
  holds: (_now, screen) => screen.cursor.visible && findPanel(screen) !== null,
});

const bare = (text: string): string => text.replace(/\s+/g, '');

/**
 * Pastes the text and sees its end in the field that has the cursor; Codex folds a long paste into a note of its length. `row`: and the highlight
 * on the row that it belongs to.
 */
function fill(text: string, row?: (now: Reading) => boolean): Step[] {
  const end = bare(text).slice(-30);
  const shown = (screen: ScreenView): boolean => {
    const field = bare(fieldText(screen));
    return field.endsWith(end) || /\[Pasted[^\]]*\]$/.test(field);
  };
  return [
    { do: 'text', text, paste: true },
    { do: 'expect', what: 'the text did not appear in the field', holds: (_now, screen) => shown(screen) },
    ...(row === undefined ? [] : [rowAndText(row, shown)]),
  ];
}

/** The text of the field around the cursor: up to the prompt glyph that opens it, down to the cursor. */
function fieldText(screen: ScreenView): string {
  const rows: string[] = [];
  for (let row = screen.cursor.row; row >= 0; row--) {
    const line = screen.line(row);
    rows.unshift(line);
    if (/^\s*[›!]/.test(line)) break;
  }
  return rows.join('\n');
}

function textSteps(question: ParsedQuestion, text: string): Step[] {
  if (question.kind === 'idle') return promptSteps(text);
  const field = question.freeText?.option;
  if (field === undefined) return refuse('This question takes no text.');
  if (field === null) return [...unfold(question), focused(), ...fill(text), press(['enter'])];
  return [...unfold(question), ...optionSteps(question, field, text)];
}

/** A prompt goes into the composer. What the desk has typed there is not overwritten; a list that opened over it takes the first Enter. */
function promptSteps(text: string): Step[] {
  const left = (_now: Reading, screen: ScreenView) => findComposer(screen)?.draft === '';
  return [
    { do: 'expect', what: 'something is being typed at the desk', holds: left },
    ...fill(text),
    press(['enter']),
    { do: 'settle', patient: true, holds: (now, screen) => now?.type === 'question' || left(now, screen) },
    { do: 'then', plan: (now, screen) => (findComposer(screen) === null || left(now, screen) ? [] : [press(['enter'])]) },
  ];
}

/** All questions of a set in order; each is recognised by its text before anything is pressed. The last answer sends them all. */
function formSteps(question: ParsedQuestion, pages: readonly { labels: string[]; text?: string | undefined }[]): Step[] {
  const form = question.form ?? refuse('This question has no form.');
  if (pages.length !== form.length) return refuse(`The form has ${form.length} pages.`);
  return form.flatMap((page, n): Step[] => {
    const shown = (now: Reading) => questionOf(now)?.text === page.text;
    return [
      { do: 'then', plan: (now) => (shown(now) ? [] : toPage(questionOf(now), n)) },
      { do: 'expect', what: `question ${n + 1} is not on the screen`, holds: shown },
      { do: 'then', plan: (now) => pageSteps(questionOf(now), pages[n]!, n === form.length - 1) },
    ];
  });
}

function toPage(live: ParsedQuestion | null, page: number): Step[] {
  const from = live?.tabs?.findIndex((tab) => tab.current) ?? -1;
  if (from < 0) return [giveUp('the questions could not be found')];
  return [{ do: 'keys', keys: Array.from({ length: Math.abs(page - from) }, () => (page > from ? 'right' : 'left')) }];
}

function pageSteps(live: ParsedQuestion | null, answer: { labels: string[]; text?: string | undefined }, last: boolean): Step[] {
  if (live === null) return [giveUp('the question is gone')];
  const text = answer.text ?? '';
  const label = answer.labels[0];
  const index = label === undefined ? live.options.length - 1 : live.options.findIndex((option) => option.label === label);
  const option = live.options[index];
  if (option === undefined || (label === undefined && text === '')) return [giveUp('an option of the form is not on the screen')];
  const steps = text === '' ? [...unnoted(), ...chooseLive(option, index)] : [...noted(option, index, safeText(text)), press(['enter'])];
  return last ? steps : uncommit(steps);
}
