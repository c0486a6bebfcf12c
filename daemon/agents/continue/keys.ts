/**
 * From a choice to verified steps in Continue. Its lists take no digits: they are walked and looked at before Enter. Any letter opens the field
 * for one's own words, and so does the arrow down behind the last row, which types nothing.
 */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { ScreenView, Step } from '../agent.ts';
import { keysIn } from '../lib/dialect.ts';
import { times } from '../lib/keys.ts';
import { moveAndEnter, moveTo, optionAt, press, refuse, typeText } from '../lib/plan.ts';
import { typedText } from './dialog.ts';
import { bottomOf } from './frame.ts';

export const keys = keysIn({
  text: (question, text) => (question.kind === 'idle' ? promptSteps(text) : ownWords(question, text)),
  option: (question, index, text) =>
    text === undefined ? [...leaveField(), ...moveAndEnter(optionAt(question, index), index)] : refuse('This option takes no text.'),
});

/** What stands in the field for one's own words; null where the list stands. */
function field(screen: ScreenView): string | null {
  const bottom = bottomOf(screen);
  return bottom?.is === 'dialog' ? typedText(bottom.rows) : null;
}

/** Where somebody has begun to type, the list comes back with the arrow up once the field is empty. */
function leaveField(): Step[] {
  return [
    {
      do: 'then',
      plan: (_now, screen) => {
        const typed = field(screen);
        if (typed === null) return [];
        return [
          { do: 'keys', keys: times('backspace', typed.length) },
          { do: 'expect', what: 'the field could not be emptied', holds: (_now, later) => (field(later) ?? '') === '' },
          { do: 'keys', keys: ['up'] },
          { do: 'expect', what: 'the options did not come back', holds: (_now, later) => field(later) === null },
        ];
      },
    },
  ];
}

function ownWords(question: ParsedQuestion, text: string): Step[] {
  if (question.freeText === undefined) return refuse('This question takes no text.');
  if (text.includes('\n')) return refuse('This question takes a single line.');
  const last = question.options.length - 1;
  const bare = (value: string): string => value.replace(/\s+/g, '');
  const open: Step = {
    do: 'then',
    plan: (_now, screen) =>
      field(screen) !== null || last < 0 ? [] : [...moveTo(optionAt(question, last), last), { do: 'keys', keys: ['down'] }],
  };
  return [
    open,
    { do: 'expect', what: 'the field for the text is not open and empty', holds: (_now, screen) => field(screen) === '' },
    { do: 'text', text, paste: false },
    {
      do: 'expect',
      what: 'the text did not appear in the field',
      holds: (_now, screen) => bare(field(screen) ?? '') === bare(text),
    },
    press(['enter']),
  ];
}

/** A prompt goes into the empty box; what is being typed at the desk is not overwritten. */
function promptSteps(text: string): Step[] {
  const draft = (screen: ScreenView): string | null => {
    const bottom = bottomOf(screen);
    return bottom?.is === 'prompt' ? bottom.draft : null;
  };
  return [
    { do: 'expect', what: 'something is being typed at the desk', holds: (_now, screen) => draft(screen) === '' },
    ...typeText(text),
    press(['enter']),
    { do: 'settle', holds: (_now, screen) => draft(screen) === '' },
    // A list of files or commands that opened under the prompt takes the first Enter.
    { do: 'then', plan: (_now, screen) => ((draft(screen) ?? '') === '' ? [] : [press(['enter'])]) },
  ];
}
