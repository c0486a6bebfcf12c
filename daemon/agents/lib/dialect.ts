/** From the kinds of choice to an agent's own ways of giving them: one table an agent instead of a switch in each. */
import type { Choice, ParsedQuestion } from '../../../shared/question.ts';
import type { Step } from '../agent.ts';
import { dismissSteps, refuse, safeText } from './plan.ts';

type FormPages = Extract<Choice, { type: 'form' }>['pages'];

/**
 * How an agent's dialogs take an answer. Each may throw `bad_choice`; texts come free of what a terminal would obey, '' counts as none. What is left out is
 * refused in a sentence, `dismiss` is the keys that the question itself names.
 */
export interface Dialect {
  text(question: ParsedQuestion, text: string): Step[];
  option(question: ParsedQuestion, index: number, text: string | undefined): Step[];
  options?(question: ParsedQuestion, picks: ReadonlySet<number>, text: string | undefined): Step[];
  form?(question: ParsedQuestion, pages: FormPages): Step[];
  dismiss?(question: ParsedQuestion): Step[];
}

const words = (text: string | undefined): string | undefined => (text === undefined || text === '' ? undefined : safeText(text));

/** `Agent.keys` of a dialect. */
export function keysIn(dialect: Dialect): (question: ParsedQuestion, choice: Choice) => Step[] {
  return (question, choice) => {
    switch (choice.type) {
      case 'dismiss':
        return (dialect.dismiss ?? dismissSteps)(question);
      case 'text':
        return dialect.text(question, safeText(choice.text));
      case 'option':
        return dialect.option(question, choice.index, words(choice.text));
      case 'options': {
        if (dialect.options === undefined) return refuse('This question takes one option.');
        return dialect.options(question, new Set(choice.picks.map((pick) => pick.index)), words(choice.text));
      }
      case 'form':
        return dialect.form === undefined ? refuse('This question has no form.') : dialect.form(question, choice.pages);
    }
  };
}
