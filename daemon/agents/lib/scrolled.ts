/**
 * Rows of a scrolling list that are not on the screen now but were, while the same question stood: puts them back in their places. Pure: what
 * was seen comes in with the hints.
 */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';

/** `question` shows a window on its list; `keysFor` gives the keys for a row that many rows from the highlighted one. */
export function withScrolledRows(
  question: ParsedQuestion,
  standing: ParsedQuestion | undefined,
  keysFor: (index: number, highlighted: number, option: QuestionOption) => string[],
): ParsedQuestion {
  if (standing === undefined || standing.title !== question.title || standing.text !== question.text || standing.kind !== question.kind)
    return question;
  const known = standing.options;
  const shift = shiftOf(known, question.options);
  if (shift === null) return question;
  const before = known.slice(0, Math.max(0, shift));
  const after = known.slice(shift + question.options.length);
  if (before.length + after.length === 0) return question;
  const highlighted = before.length + question.options.findIndex((option) => option.default === true);
  const hidden = (option: QuestionOption, index: number): QuestionOption => {
    const { default: _was, ...rest } = option;
    return { ...rest, keys: keysFor(index, highlighted, option) };
  };
  const options = [
    ...before.map(hidden),
    ...question.options,
    ...after.map((option, n) => hidden(option, before.length + question.options.length + n)),
  ];
  const field = options.findIndex((option) => option.freeText === true);
  return {
    ...question,
    options,
    ...(question.freeText === undefined ? {} : { freeText: { ...question.freeText, option: field < 0 ? null : field } }),
  };
}

/** Index in `known` of the first row shown now, where every row that both have is the same; null where they do not overlap. */
function shiftOf(known: readonly QuestionOption[], shown: readonly QuestionOption[]): number | null {
  for (let shift = -shown.length + 1; shift < known.length; shift++) {
    const pairs = shown.flatMap((option, n) => (known[shift + n] === undefined ? [] : [[option, known[shift + n]!] as const]));
    if (pairs.length > 0 && pairs.every(([a, b]) => a.label === b.label || (a.freeText === true && b.freeText === true))) return shift;
  }
  return null;
}
