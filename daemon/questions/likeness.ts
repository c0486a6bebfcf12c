/** How alike two readings of a question are, and what kind of prompt it is. Pure; what follows from it, and when, is the detector's. */
import type { ParsedQuestion } from '../../shared/question.ts';
import { ABOVE } from '../agents/agent.ts';

/** A text field keeps the label it appeared with; what is being typed there is neither the question nor anybody else's business. */
export function pinFields(shown: ParsedQuestion, seen: ParsedQuestion): ParsedQuestion {
  if (shown.text !== seen.text || shown.options.length !== seen.options.length) return seen;
  const options = seen.options.map((option, i) =>
    option.freeText === true && shown.options[i]!.freeText === true ? { ...option, label: shown.options[i]!.label } : option,
  );
  return { ...seen, options };
}

/** A list with a highlight, which arrow keys move; a line prompt may take an arrow for a key like any other. */
export function isWalked({ options }: ParsedQuestion): boolean {
  const typed = options.some(({ keys }) => keys.length > 1 && keys.at(-1) === 'enter' && [...keys[0]!].length === 1);
  return options.length > 1 && options.some((option) => option.default === true) && !typed;
}

const bare = (text: string): string => text.replace(/[\s…]+/g, '');

/** The same kind, title and sentence; a hook that speaks late knows the title that the screen does not show, and the sentence unwrapped. */
export function asksTheSame(one: ParsedQuestion, other: ParsedQuestion): boolean {
  if (one.kind !== other.kind) return false;
  return one.source === other.source ? one.title === other.title && one.text === other.text : bare(one.text) === bare(other.text);
}

/** A window of another height has more or less in view of what stands above a prompt, or of a box taller than the screen. */
export function moreOrLess(one: ParsedQuestion, other: ParsedQuestion): boolean {
  const ends = (a: string, b: string): boolean => inView(a).endsWith(inView(b)) || inView(b).endsWith(inView(a));
  const cut = [one, other].some(({ text, detail }) => text.startsWith(ABOVE.trim()) || detail.startsWith(ABOVE.trim()));
  return (asksTheSame(one, other) || (cut && one.kind === other.kind && ends(one.text, other.text))) && ends(one.detail, other.detail);
}

const inView = (text: string): string => text.replace(ABOVE.trim(), '').trim();

/** What the hook of the same question says where the screen shows the beginning, or the end. */
export function wholeOf(question: ParsedQuestion, old: ParsedQuestion): boolean {
  if (question.source === 'hook' && old.source === 'screen' && old.detail.startsWith(ABOVE))
    return bare(question.detail).endsWith(bare(inView(old.detail)));
  const shown = bare(old.detail.replace(/\n?\[… ?\d+ .*$/s, ''));
  return question.source === 'hook' && old.source === 'screen' && shown !== '' && bare(question.detail).startsWith(shown);
}

export function labels(question: ParsedQuestion): string {
  return question.options.length === 0 ? `none:${question.text}` : question.options.map((option) => option.label).join('\n');
}
