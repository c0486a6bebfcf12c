/** A card as somebody sees and taps it: its words, whether it is the one of a question, the choice that is wanted of it. */
import type { Question } from '../../../shared/protocol.ts';
import type { Choice } from '../../../shared/question.ts';
import type { LiveAgent } from '../live-agent.ts';
import type { Ask } from './asks.ts';

export const wordsOf = ({ question }: Question): string => [question.title, question.text, question.detail].join(' ');

export const nonceOf = (card: Question, ask: Ask): boolean => wordsOf(card).includes(ask.nonce);

/** As somebody taps it on the card; null while the card does not show that yet. */
export function choiceOf(card: Question, ask: Ask, agent: LiveAgent): Choice | null {
  const { question, labelDigests } = card;
  const { wanted } = ask;
  const at = (fits: (label: string) => boolean): number => question.options.findIndex((option) => fits(option.label));
  const pick = (index: number) => ({ index, labelDigest: labelDigests[index]! });
  if (wanted.kind === 'allow' || wanted.kind === 'refuse') {
    const index = at((label) => agent.buttons[wanted.kind].test(label));
    return index < 0 || question.kind !== 'permission' ? null : { type: 'option', ...pick(index) };
  }
  if (wanted.kind === 'choose') {
    const index = at((label) => label === wanted.label);
    return index < 0 ? null : { type: 'option', ...pick(index) };
  }
  if (wanted.kind === 'words') {
    const own = agent.buttons.ownWords;
    const index = own === null ? -1 : at((label) => own.test(label));
    if (index >= 0) return { type: 'option', ...pick(index), text: wanted.text };
    return question.freeText === undefined ? null : { type: 'text', text: wanted.text };
  }
  if (question.form !== undefined) return { type: 'form', pages: [{ labels: wanted.labels }] };
  if (question.kind === 'confirm') {
    const shown = ask.labels.filter((label) => wordsOf(card).includes(label));
    return shown.sort().join() === [...wanted.labels].sort().join() ? { type: 'option', ...pick(at(() => true)) } : null;
  }
  if (question.kind !== 'multiselect') return null;
  const picks = wanted.labels.map((label) => at((each) => each === label));
  return picks.some((index) => index < 0) ? null : { type: 'options', picks: picks.sort((a, b) => a - b).map(pick) };
}
