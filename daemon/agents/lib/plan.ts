/**
 * Building blocks for `keys()`: turn a choice into steps that verify themselves on the live screen. Pure. A plan never commits (Enter, an
 * answering digit) on a highlight or a text it has not just seen.
 */
import { ClawError } from '../../../shared/errors.ts';
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { Reading, ScreenView, Step } from '../agent.ts';

export function questionOf(reading: Reading): ParsedQuestion | null {
  return reading?.type === 'question' ? reading.question : null;
}

/** The option that `index` names; throws `bad_choice`. */
export function optionAt(question: ParsedQuestion, index: number): QuestionOption {
  const option = question.options[index];
  if (option === undefined) throw new ClawError('bad_choice', `The question has no option number ${index + 1}.`);
  return option;
}

export function refuse(message: string): never {
  throw new ClawError('bad_choice', message);
}

/** A step that never holds: ends the plan with `what` as the reason. */
export function giveUp(what: string): Step {
  return { do: 'stop', what };
}

/** The same steps where nothing is final yet: inside a form, before its last page. */
export function uncommit(steps: readonly Step[]): Step[] {
  return steps.map((step): Step => {
    if (step.do === 'then') return { do: 'then', plan: (now, screen) => uncommit(step.plan(now, screen)) };
    if (step.do === 'keys') return { do: 'keys', keys: step.keys };
    if (step.do === 'text') return { do: 'text', text: step.text, paste: step.paste };
    return step;
  });
}

/** Sends keys that answer at once. */
export function press(keys: readonly string[]): Step {
  return { do: 'keys', keys: [...keys], commit: true };
}

const highlightOf = (question: ParsedQuestion | null): number => question?.options.findIndex((option) => option.default === true) ?? -1;

export interface Axis {
  forward: string;
  back: string;
}
export const VERTICAL: Axis = { forward: 'down', back: 'up' };
export const HORIZONTAL: Axis = { forward: 'right', back: 'left' };

/** Where the displayed option is now: same label, preferably same place; a text field by being one (its label is what is typed). -1: gone. */
function indexNow(question: ParsedQuestion, option: QuestionOption, near: number): number {
  const same = (live: QuestionOption | undefined) =>
    live !== undefined && (option.freeText === true ? live.freeText === true : live.label === option.label);
  return same(question.options[near]) ? near : question.options.findIndex(same);
}

/** More rows than any list has; who goes on moving the highlight meanwhile is given up on. */
const MAX_MOVES = 60;

/** Does the highlight stand on the displayed option? */
export function highlighted(option: QuestionOption, index: number): (now: Reading) => boolean {
  return (now) => {
    const question = questionOf(now);
    return question !== null && highlightOf(question) >= 0 && highlightOf(question) === indexNow(question, option, index);
  };
}

/**
 * Moves the highlight onto the option and makes sure of it. One key at a time, the next when that one shows: keys that an agent is late to take would
 * carry the highlight on after it was looked at. Whoever else moves it meanwhile is outvoted, or makes it give up with nothing submitted.
 */
export function moveTo(option: QuestionOption, index: number, axis: Axis = VERTICAL): Step[] {
  const on = highlighted(option, index);
  const picture = (now: Reading): string | null => {
    const question = questionOf(now);
    return question === null ? null : JSON.stringify([highlightOf(question), question.options.map((each) => each.label)]);
  };
  const step = (left: number): Step => ({
    do: 'then',
    plan: (now) => {
      if (on(now)) return [];
      const question = questionOf(now);
      const from = highlightOf(question);
      const to = question === null ? -1 : indexNow(question, option, index);
      if (left === 0 || from < 0 || to < 0) return [giveUp(`the highlight could not be put on option ${index + 1}`)];
      const before = picture(now);
      return [
        { do: 'keys', keys: [to > from ? axis.forward : axis.back] },
        {
          do: 'expect',
          what: `the highlight could not be put on option ${index + 1}`,
          holds: (later) => picture(later) !== null && picture(later) !== before,
        },
        step(left - 1),
      ];
    },
  });
  return [step(MAX_MOVES), { do: 'expect', what: `the highlight is not on option ${index + 1}`, holds: on }];
}

/** Moves the highlight onto the option, then Enter. */
export function moveAndEnter(option: QuestionOption, index: number, axis: Axis = VERTICAL): Step[] {
  return [...moveTo(option, index, axis), press(['enter'])];
}

/**
 * Makes the ticks of a check-box list equal to `wanted` (indexes), looking at the screen between toggles. `toggle` gives the keys that flip one row, as
 * it is then; with `walk` the highlight is moved there first: a list that scrolls shows for certain only the row that it is on.
 */
export function tickExactly(
  question: ParsedQuestion,
  wanted: ReadonlySet<number>,
  toggle: (option: QuestionOption, index: number) => readonly string[],
  walk: boolean,
): Step[] {
  const steps: Step[] = [];
  question.options.forEach((option, index) => {
    if (option.checked === undefined || option.freeText === true) return;
    const want = wanted.has(index);
    const on = walk ? highlighted(option, index) : () => true;
    const right = (now: Reading): boolean => {
      const live = questionOf(now);
      return live !== null && on(now) && live.options[indexNow(live, option, index)]?.checked === want;
    };
    steps.push(
      ...(walk ? moveTo(option, index) : []),
      {
        do: 'then',
        plan: (now) => {
          if (right(now)) return [];
          // The keys of this moment: those of the card count from where the highlight was then.
          const live = questionOf(now);
          const here = live?.options[indexNow(live, option, index)];
          return here === undefined
            ? [giveUp(`option ${index + 1} is not on the screen`)]
            : [{ do: 'keys', keys: [...toggle(here, index)] }];
        },
      },
      { do: 'expect', what: `option ${index + 1} did not ${want ? 'get' : 'lose'} its tick`, holds: right },
    );
  });
  return steps;
}

const bare = (text: string): string => text.replace(/[\s│┃║▌▎▏▐▕|❯›>█\u2060]/g, '');

/** Does the screen show the end of `text`, however it is wrapped? Agents fold a long paste into a note ("[Pasted text #1 +9 lines]"). */
export function showsText(screen: ScreenView, text: string): boolean {
  const shown = bare(screen.lines().join('\n'));
  const wanted = bare(text);
  return shown.includes(wanted.slice(-40)) || (text.includes('\n') || text.length > 400 ? /\[Pasted/.test(shown) : false);
}

/** Types `text` into a field that has the focus and sees it there; several lines are pasted. */
export function typeText(text: string): Step[] {
  return [
    { do: 'text', text, paste: text.includes('\n') },
    { do: 'expect', what: 'the text did not appear in the field', holds: (_now, screen) => showsText(screen, text) },
  ];
}

/** Types `text`, then Enter in a write of its own; `row`: only while the highlight is on the row that takes the text. */
export function typeAndEnter(text: string, row?: (now: Reading) => boolean): Step[] {
  const still: Step[] = row === undefined ? [] : [rowAndText(row, (screen) => showsText(screen, text))];
  return [...typeText(text), ...still, press(['enter'])];
}

/** The last look before Enter: the text in its field, and the highlight on that field's row. */
export function rowAndText(row: (now: Reading) => boolean, shown: (screen: ScreenView) => boolean): Step {
  return { do: 'expect', what: 'the highlight left the row of the text', holds: (now, screen) => row(now) && shown(screen) };
}

/**
 * Chooses an option by the keys it has at the moment of pressing: a single key that answers is pressed, anything that walks the list is
 * walked and verified first.
 */
export function chooseLive(option: QuestionOption, index: number, axis: Axis = VERTICAL): Step[] {
  return [
    {
      do: 'then',
      plan: (now) => {
        const live = questionOf(now);
        const at = live === null ? -1 : indexNow(live, option, index);
        if (live === null || at < 0) return [giveUp(`option ${index + 1} is not on the screen`)];
        const [only, ...more] = live.options[at]!.keys;
        return only !== undefined && more.length === 0 && only !== 'enter' ? [press([only])] : moveAndEnter(option, at, axis);
      },
    },
  ];
}

/** What Esc (or whatever dismisses) does; throws where the dialog has none. */
export function dismissSteps(question: ParsedQuestion): Step[] {
  if (question.dismiss === undefined) return refuse('This question cannot be dismissed.');
  return [press(question.dismiss.keys)];
}

/** Text with what a terminal would obey taken out; newlines stay (they are pasted). Throws `control_chars_not_allowed`. */
export function safeText(text: string): string {
  if (/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(text.replace(/\r\n/g, '\n'))) {
    throw new ClawError('control_chars_not_allowed', 'The text holds control characters.');
  }
  return text.replace(/\r\n/g, '\n').replace(/\t/g, '    ');
}

/** The index of a single choice, or throws: for readers whose dialogs take one option. */
