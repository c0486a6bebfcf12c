/** From a choice to verified steps in Copilot. Digits are ignored or only highlight, so lists are walked with arrows and looked at before Enter. */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { Reading, ScreenView, Step } from '../agent.ts';
import { keysIn } from '../lib/dialect.ts';
import { moveAndEnter, moveTo, optionAt, press, refuse, safeText, tickExactly } from '../lib/plan.ts';
import { bottomOf } from './frame.ts';

export const keys = keysIn({ text: textSteps, option: optionSteps, options: multiSteps });

function optionSteps(question: ParsedQuestion, index: number, text: string | undefined): Step[] {
  const option = optionAt(question, index);
  if (text !== undefined && text !== '') {
    if (question.freeText?.option !== index || question.kind === 'multiselect') return refuse('This option takes no text.');
    return [...moveTo(option, index), focused(), ...fill(safeText(text)), press(['enter'])];
  }
  if (question.kind === 'multiselect') return multiSteps(question, new Set([index]), undefined);
  // A refusal that is a field for words refuses without them only by Esc, as its label says.
  if (option.keys.length === 1 && option.keys[0] === 'esc') return [press(['esc'])];
  if (option.freeText === true) return refuse('This option needs a text.');
  return moveAndEnter(option, index);
}

function multiSteps(question: ParsedQuestion, picks: ReadonlySet<number>, text: string | undefined): Step[] {
  if (question.kind !== 'multiselect') return refuse('This question takes one option.');
  for (const index of picks) if (optionAt(question, index).checked === undefined) return refuse(`Option ${index + 1} cannot be ticked.`);
  const ticks = tickExactly(question, picks, () => ['space'], true);
  if (text === undefined || text === '') return [...ticks, press(['enter'])];
  // Enter in the field of the last row sends what is ticked as well.
  const field = question.freeText?.option ?? refuse('This question takes no text.');
  return [...ticks, ...moveTo(optionAt(question, field), field), focused(), ...fill(safeText(text)), press(['enter'])];
}

function textSteps(question: ParsedQuestion, text: string): Step[] {
  if (question.kind === 'idle') {
    const empty = (_now: Reading, screen: ScreenView) => draft(screen) === '';
    return [
      { do: 'expect', what: 'something is being typed at the desk', holds: empty },
      ...fill(text),
      press(['enter']),
      { do: 'settle', patient: true, holds: (now, screen) => now?.type === 'question' || empty(now, screen) },
      // A list of files or commands that opened over the composer takes the first Enter.
      { do: 'then', plan: (now, screen) => ((draft(screen) ?? '') === '' || empty(now, screen) ? [] : [press(['enter'])]) },
    ];
  }
  const field = question.freeText?.option;
  if (field === undefined) return refuse('This question takes no text.');
  if (field === null) return [...fill(text), press(['enter'])];
  return optionSteps(question, field, text);
}

function draft(screen: ScreenView): string | null {
  const bottom = bottomOf(screen);
  return bottom?.is === 'composer' ? bottom.draft : null;
}

const focused = (): Step => ({ do: 'expect', what: 'the text field did not open', holds: (_now, screen) => screen.cursor.visible });

const bare = (text: string): string => text.replace(/[\s│┃❯]+/g, '');

/** Pastes the text and sees its end before the cursor; Copilot folds a long paste into a note of its length. */
function fill(text: string): Step[] {
  const end = bare(text).slice(-30);
  // In a narrow box the field is a column beside its hint: then only its last word stands unbroken before the cursor.
  const word = /\S+\s*$/.exec(text)?.[0].trim().slice(-12) ?? end;
  return [
    { do: 'text', text, paste: true },
    {
      do: 'expect',
      what: 'the text did not appear in the field',
      holds: (_now, screen) => {
        const { row, col, visible } = screen.cursor;
        const note = /\[(?:Pasted|Paste)\b[^\]]*\]/i;
        // The page of a form that follows a free answer leaves the cursor hidden.
        if (!visible) {
          const near = bare(rowsOf(screen, screen.rows - 14, screen.rows));
          return near.includes(end) || note.test(near);
        }
        const shown = bare(rowsOf(screen, row - 8, row) + screen.line(row).slice(0, col));
        return shown.endsWith(end) || shown.endsWith(word) || new RegExp(`${note.source}$`, 'i').test(shown);
      },
    },
  ];
}

function rowsOf(screen: ScreenView, from: number, to: number): string {
  return screen.lines().slice(Math.max(0, from), to).join('\n');
}
