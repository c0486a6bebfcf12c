/** Which bytes a choice becomes, on screens as recorded; the live matrix proves what they do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Choice, ParsedQuestion } from '../../../shared/question.ts';
import { performChoice } from '../../questions/answering.ts';
import { questionIn } from '../../questions/detector.ts';
import { labelDigest } from '../../questions/digest.ts';
import { Watcher } from '../../questions/watcher.ts';
import { parseCast, VirtualClock } from '../../replay.ts';
import { agent } from './index.ts';

/** The screen of a recording at `atS`; it does not react to what is typed. */
async function still(name: string, atS: number): Promise<{ clock: VirtualClock; watcher: Watcher; question: ParsedQuestion }> {
  const cast = parseCast(readFileSync(join(import.meta.dirname, 'recordings', name, 'session.cast'), 'utf8'), name);
  const clock = new VirtualClock();
  const watcher = new Watcher({ agent, argv: [], cols: cast.cols, rows: cast.rows, clock, onEvent: () => undefined });
  for (const event of cast.events) if (event.type === 'o' && event.atMs <= atS * 1000) await watcher.feed(event.data);
  return { clock, watcher, question: questionIn(watcher.read())! };
}

async function typed(
  name: string,
  atS: number,
  choose: (question: ParsedQuestion) => Choice,
): Promise<{ bytes: string[]; typed: boolean; why?: string }> {
  const { clock, watcher, question } = await still(name, atS);
  const bytes: string[] = [];
  let done = false;
  const result = performChoice({
    agent,
    watcher,
    question,
    choice: choose(question),
    clock,
    catchUp: async () => undefined,
    write: async (each) => bytes.push(each),
  }).finally(() => {
    done = true;
  });
  result.catch(() => undefined);
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(clock.nowMs() + 100);
  }
  return { bytes, ...(await result) };
}

const option =
  (index: number, text?: string) =>
  (question: ParsedQuestion): Choice => ({
    type: 'option',
    index,
    labelDigest: labelDigest(question.options[index]?.label ?? ''),
    ...(text === undefined ? {} : { text }),
  });

describe('a choice', () => {
  it.each([
    ['bash--yes@48x40', 4.7, 0, ['1']],
    ['bash--yes@48x40', 4.7, 3, ['4']],
    ['heredoc--own@100x30', 9, 2, ['3']],
    ['trust--yes@48x40', 1.5, 0, ['\r']],
  ])('in %s at %s s, option %i, is %j', async (name, atS, index, bytes) => {
    expect(await typed(name, atS, option(index))).toEqual({ bytes, typed: true });
  });

  it('is walked to from the row that is deaf to digits', async () => {
    // On “Chat about this”; the recording shows that 2 does nothing there.
    const result = await typed('choice--deaf@100x30', 6.6, option(1));
    expect(result.bytes).toEqual(['\x1b[A']);
    expect(result.typed).toBe(false);
  });

  it('whose highlight does not follow is not submitted', async () => {
    const result = await typed('trust--yes@48x40', 1.5, option(1));
    expect(result).toMatchObject({ typed: false, why: 'the highlight could not be put on option 2' });
    expect(result.bytes).not.toContain('\r');
  });

  it('with a text is not submitted before the text is seen', async () => {
    const result = await typed('single--1@80x24', 5.5, option(3, 'MariaDB'));
    expect(result.typed).toBe(false);
    expect(result.bytes).not.toContain('\r');
  });

  it('dismisses with the key that this dialog takes', async () => {
    expect(await typed('bash--yes@48x40', 4.7, () => ({ type: 'dismiss' }))).toEqual({ bytes: ['\x1b'], typed: true });
  });

  it.each([
    ['a text for an option that takes none', 'trust--yes@48x40', 1.5, option(0, 'x')],
    ['no text for the row that needs one', 'single--1@80x24', 5.5, option(3)],
    ['an option that is not there', 'bash--yes@48x40', 4.7, option(9)],
  ] as const)('is refused before anything is typed: %s', async (_, name, atS, choose) => {
    await expect(typed(name, atS, choose)).rejects.toMatchObject({ code: 'bad_choice' });
  });
});
