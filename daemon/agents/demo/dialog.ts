/** The demo's two dialogs: a permission between a rule and its hints, with the whole command, and a line of text. Digits choose at once. */
import type { Choice, ParsedQuestion } from '../../../shared/question.ts';
import type { Hints, Reading, ScreenView, Step } from '../agent.ts';
import { keys as genericKeys } from '../generic/keys.ts';
import { read as readGeneric } from '../generic/reader.ts';
import { isRule, joinWrapped } from '../lib/lines.ts';
import { optionAt, press, refuse } from '../lib/plan.ts';

export function read(screen: ScreenView, hints: Hints): Reading {
  const reading = readGeneric(screen, hints);
  if (reading?.type !== 'question' || reading.question.options.length === 0) return reading;
  const question = permission(screen, reading.question);
  return question === null ? reading : { ...reading, question };
}

function permission(screen: ScreenView, found: ParsedQuestion): ParsedQuestion | null {
  const lines = screen.lines();
  const rule = lines.findLastIndex((line) => isRule(line));
  const ask = lines.findIndex((line, row) => row > rule && line.trim() === found.text);
  if (rule < 0 || ask < 0) return null;
  const between = lines.slice(rule + 1, ask);
  const gap = between.findIndex((line, i) => i > 0 && line.trim() === '');
  const title = joinWrapped(between.slice(0, gap), screen.cols).trim();
  const [detail = '', ...about] = paragraphs(screen, rule + 1 + gap + 1, ask).split('\n');
  return {
    ...found,
    kind: 'permission',
    title,
    detail,
    detailKind: 'command',
    ...(about.length === 0 ? {} : { note: about.join(' ') }),
    options: found.options.map((option, i) => ({
      ...option,
      keys: [String(i + 1)],
      ...(/don't ask again/.test(option.label) ? { dangerous: true } : {}),
    })),
    dismiss: { keys: ['esc'], effect: 'cancels: the demo goes on without it' },
  };
}

/** Rows as they were printed: what the terminal wrapped is one line again. */
function paragraphs(screen: ScreenView, from: number, to: number): string {
  const out: string[] = [];
  for (let row = from; row < to; row++) {
    const text = screen.line(row);
    if (screen.wrapped(row) && out.length > 0) out[out.length - 1] += text;
    else out.push(text.replace(/^ {3}/, ''));
  }
  return out.join('\n').trim();
}

export function keys(question: ParsedQuestion, choice: Choice): Step[] {
  if (question.kind !== 'permission') return genericKeys(question, choice);
  if (choice.type === 'dismiss') return [press(['esc'])];
  if (choice.type !== 'option') return refuse('Choose one option.');
  return [press(optionAt(question, choice.index).keys)];
}
