/** A detector led through readings at given times, for tests. Not part of the product. */
import type { ParsedQuestion } from '../../shared/question.ts';
import type { Reading } from '../agents/agent.ts';
import { Detector, type DetectorEvent } from './detector.ts';

export const ask = (text: string, more: Partial<ParsedQuestion> = {}): ParsedQuestion => ({
  kind: 'permission',
  title: 'Bash command',
  text,
  detail: 'touch a.txt',
  options: [
    { label: 'Yes', keys: ['1'], default: true },
    { label: 'No', keys: ['2'] },
  ],
  source: 'screen',
  ...more,
});
export const q = (question: ParsedQuestion, anchor?: string): Reading => ({
  type: 'question',
  question,
  ...(anchor === undefined ? {} : { anchor }),
});
export const working: Reading = { type: 'state', state: { state: 'working' } };
export const ready: Reading = { type: 'state', state: { state: 'ready', lastText: 'Done.' } };

/** Feeds readings at their times, ticks whenever something is due, and tells the events as short words. */
export function run(
  script: readonly (readonly [atMs: number, what: Reading | 'input' | 'arrow' | 'resized' | 'renew'])[],
  untilMs: number,
  options: ConstructorParameters<typeof Detector>[0] = {},
): string[] {
  const detector = new Detector(options);
  const out: string[] = [];
  const tell = (events: readonly DetectorEvent[]) => {
    for (const event of events) {
      if (event.event === 'question') out.push(`${event.change} ${event.standing.qid}.${event.standing.rev} @${event.atMs}`);
      if (event.event === 'closed') out.push(`${event.reason}${event.unsure ? '?' : ''} ${event.qid} @${event.atMs}`);
    }
  };
  const tickTo = (atMs: number) => {
    for (let due = detector.dueAtMs; due !== null && due < atMs; due = detector.dueAtMs) tell(detector.tick(due));
  };
  for (const [atMs, what] of script) {
    tickTo(atMs);
    if (what === 'input') detector.input();
    else if (what === 'arrow') detector.input(true);
    else if (what === 'resized') detector.resized();
    else if (what === 'renew') detector.renew();
    else tell(detector.read(what, atMs));
  }
  tickTo(untilMs);
  return out;
}
