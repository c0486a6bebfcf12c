/** The labels of a menu's rows: what is faint behind or below them describes them. Pure. */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { deframe, squeeze } from '../lib/lines.ts';
import { fillsScreen, isFaint } from './text.ts';

export interface Labelled {
  row: number;
  text: string;
  labelAt: number;
  /** Rows that go on with the label. */
  more: readonly number[];
  /** Rows below the label that describe it. */
  about: readonly number[];
}

/** Where descriptions begin that stand beside the labels: two blanks or more before the same column in several rows, and nowhere else; else -1. */
export function columnIn(rows: readonly Labelled[]): number {
  const columns = rows.flatMap(({ text, labelAt }) => {
    const gap = /\S\s{2,}(?=\S)/.exec(text.slice(labelAt));
    return gap === null ? [] : [labelAt + gap.index + gap[0].length];
  });
  return columns.length >= 2 && new Set(columns).size === 1 ? columns[0]! : -1;
}

/** The label, with wrapped rows, and what stands faintly behind or below it, or from `column` on. */
export function labelOf(screen: ScreenView, row: Labelled, column = -1): { label: string; description: string } {
  const cut = (of: number, text: string, from: number): number => {
    const beside = column > from && /^\s{2}$/.test(text.slice(column - 2, column)) ? column : text.length;
    for (let at = Math.max(0, from); at < beside; at++) if (text[at] !== ' ' && isFaint(screen, of, at)) return at;
    return beside;
  };
  const faint = isFaint(screen, row.row, row.labelAt);
  const end = faint ? row.text.length : cut(row.row, row.text, row.labelAt);
  let label = row.text.slice(row.labelAt, end);
  let behind = row.text.slice(end);
  for (const next of row.more) {
    const text = deframe(screen.line(next));
    const stop = faint ? text.length : cut(next, text, text.search(/\S/));
    label += joined(screen, next, text.slice(0, stop));
    behind += text.slice(stop);
  }
  const about = row.about.map((next) => joined(screen, next, deframe(screen.line(next)))).join('');
  const description = behind.replace(/^(?:\((.*)\)|[-–—]\s+(.*))$/, '$1$2') + about;
  return { label: squeeze(label), description: squeeze(description) };
}

/** A row behind one that is full to the screen's edge goes on in the middle of a word. */
function joined(screen: ScreenView, row: number, text: string): string {
  const cutWord = fillsScreen(screen, row - 1);
  return (cutWord ? '' : ' ') + text.replace(/^\s+/, (blanks) => (cutWord && blanks.length > 1 ? ' ' : blanks));
}

/** A hint behind a label is faint only while its row is not: the label that was read then stays. */
export function keepLabels(question: ParsedQuestion, standing: ParsedQuestion | undefined): ParsedQuestion {
  if (standing === undefined || standing.text !== question.text || standing.options.length !== question.options.length) return question;
  const options = question.options.map((option, i) => {
    const known = standing.options[i]!;
    return option.label.startsWith(`${known.label} (`)
      ? { ...option, label: known.label, ...(known.description === undefined ? {} : { description: known.description }) }
      : option;
  });
  return { ...question, options };
}
