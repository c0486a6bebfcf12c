/**
 * Does a choice fit the question as displayed? Every way in which it may not, with the code and sentence for it (security.md BAD-53, BAD-54).
 * Pure. How a fitting choice becomes keys is the agent's reader.
 */
import { ClawError } from '../../shared/errors.ts';
import type { Choice, ParsedQuestion } from '../../shared/question.ts';
import { labelDigest } from './digest.ts';

export const MAX_TEXT_BYTES = 16 * 1024;

const bad = (message: string): never => {
  throw new ClawError('bad_choice', `bad_choice: ${message}`);
};

/** Throws `bad_choice`, `text_not_allowed`, `too_long`, `control_chars_not_allowed`. */
export function checkChoice(question: ParsedQuestion, choice: Choice): void {
  switch (choice.type) {
    case 'option':
      return checkOption(question, choice);
    case 'options':
      return checkOptions(question, choice);
    case 'text':
      return checkFreeText(question, choice.text);
    case 'dismiss':
      if (question.dismiss === undefined) bad('this question cannot be dismissed.');
      return;
    case 'form':
      return checkForm(question, choice);
  }
}

function checkPick(question: ParsedQuestion, pick: { index: number; labelDigest: string }): void {
  const count = question.options.length;
  if (count === 0) bad('this question has no options.');
  const option = Number.isInteger(pick.index) ? question.options[pick.index] : undefined;
  if (pick.index < 0 || option === undefined) return bad(`the option must be a whole number (0..${count - 1}), not ${pick.index}.`);
  if (labelDigest(option.label) !== pick.labelDigest) bad(`option ${pick.index} has another label than the one that was displayed.`);
}

function checkOption(question: ParsedQuestion, choice: Extract<Choice, { type: 'option' }>): void {
  checkPick(question, choice);
  if (choice.text === undefined) return;
  const takesText = question.options[choice.index]?.freeText === true || question.freeText?.option === choice.index;
  if (!takesText) throw new ClawError('text_not_allowed', `Option ${choice.index} takes no text.`);
  checkText(choice.text, question.freeText?.multiline === true);
}

function checkOptions(question: ParsedQuestion, choice: Extract<Choice, { type: 'options' }>): void {
  if (question.kind !== 'multiselect') bad('only one option can be chosen here.');
  const seen = new Set<number>();
  for (const pick of choice.picks) {
    checkPick(question, pick);
    if (seen.has(pick.index)) bad(`option ${pick.index} is named twice.`);
    seen.add(pick.index);
  }
  if (choice.text !== undefined) checkFreeText(question, choice.text);
}

function checkForm(question: ParsedQuestion, choice: Extract<Choice, { type: 'form' }>): void {
  const pages = question.form;
  if (pages === undefined) return bad('this question is not a form.');
  if (pages.length !== choice.pages.length) bad(`the form has ${pages.length} pages, not ${choice.pages.length}.`);
  pages.forEach((page, i) => {
    const { labels, text } = choice.pages[i]!;
    for (const label of labels) if (!page.options.some((option) => option.label === label)) bad(`page ${i} has no such option.`);
    if (new Set(labels).size !== labels.length) bad(`page ${i} names an option twice.`);
    if (!page.multi && labels.length + (text === undefined ? 0 : 1) !== 1) bad(`page ${i} takes one option.`);
    if (text !== undefined) checkText(text, false);
  });
}

function checkFreeText(question: ParsedQuestion, text: string): void {
  if (question.freeText === undefined) throw new ClawError('text_not_allowed', 'This question takes one of its options, not text.');
  checkText(text, question.freeText.multiline === true);
}

/** Text that may be typed: not empty, at most 16 KiB, nothing that a terminal would obey. */
export function checkText(text: string, multiline: boolean): void {
  if (text.trim() === '') throw new ClawError('text_not_allowed', 'The text is empty.');
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_TEXT_BYTES) throw new ClawError('too_long', `The text has ${bytes} bytes; the limit is ${MAX_TEXT_BYTES}.`);
  // C0 but tab and newline, DEL, C1: also takes the escape that would end a bracketed paste.
  if (/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(text))
    throw new ClawError('control_chars_not_allowed', 'The text holds control characters, which are never typed.', {
      hint: 'Remove them; keys like Esc or Ctrl-C can be sent from the run itself.',
    });
  if (!multiline && text.includes('\n'))
    throw new ClawError('control_chars_not_allowed', 'The text holds a line break, and this prompt takes one line.');
}

/** For "answered by … with …": labels, or the start of a text; never a password. */
export function describeChoice(question: ParsedQuestion, choice: Choice): string {
  const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);
  if (question.kind === 'password') return choice.type === 'dismiss' ? 'dismissed' : '••••';
  switch (choice.type) {
    case 'option':
      return short([question.options[choice.index]?.label ?? '', ...(choice.text === undefined ? [] : [choice.text])].join(': '));
    case 'options':
      return short(
        [...choice.picks.map((pick) => question.options[pick.index]?.label ?? ''), ...(choice.text ? [choice.text] : [])].join(', '),
      );
    case 'text':
      return short(choice.text);
    case 'dismiss':
      return 'dismissed';
    case 'form':
      return short(choice.pages.map((page) => [...page.labels, ...(page.text ? [page.text] : [])].join(', ')).join(' · '));
  }
}
