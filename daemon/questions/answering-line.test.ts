/** The executor at a line prompt (a letter, then Enter), on a real screen with a clock that moves only when told. */
import { expect, it } from 'vitest';
import { agent as generic } from '../agents/generic/index.ts';
import { VirtualClock } from '../replay.ts';
import { type Performed, performChoice } from './answering.ts';
import { labelDigest } from './digest.ts';
import { Watcher } from './watcher.ts';

const PROMPT = '? Run step 7? [y/N] ';
const TURN_MS = 10;

const EVERY_MS = 100;

/** Answers "yes" while the desk drags its window about, from `fromMs` after the letter on, for `dragMs`. */
async function yesWhileDragged(fromMs: number, dragMs: number): Promise<{ performed: Performed; written: string[] }> {
  const clock = new VirtualClock();
  const watcher = new Watcher({ agent: generic, argv: [], cols: 60, rows: 20, clock, onEvent: () => undefined });
  const written: string[] = [];
  let letterMs = Number.POSITIVE_INFINITY;
  let painting = watcher.feed(`working\r\n${PROMPT}`);
  await painting;
  const reading = watcher.read();
  if (reading?.type !== 'question') throw new Error('the prompt is not read');
  let done = false;
  const result = performChoice({
    agent: generic,
    watcher,
    question: reading.question,
    choice: { type: 'option', index: 0, labelDigest: labelDigest(reading.question.options[0]!.label) },
    clock,
    catchUp: () => new Promise((resolve) => clock.at(clock.nowMs() + EVERY_MS / 2, resolve)),
    write: async (bytes) => {
      written.push(bytes);
      if (bytes !== 'y') return;
      letterMs = clock.nowMs();
      painting = watcher.feed('y');
    },
  }).finally(() => {
    done = true;
  });
  for (let turn = 0; !done; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    await painting;
    const draggedMs = clock.nowMs() - letterMs - fromMs;
    if (draggedMs >= 0 && draggedMs < dragMs && draggedMs % EVERY_MS < TURN_MS) {
      watcher.resize(60 + (turn % 7), 20);
      painting = watcher.feed(`\r\x1b[K${PROMPT}y`);
    }
    clock.advance(clock.nowMs() + TURN_MS);
  }
  watcher.dispose();
  return { performed: await result, written };
}

// Wherever it begins: before the line is looked at, between that and Enter.
it.each([0, 300, 590, 600, 610, 620, 630, 650])(
  'presses Enter behind its letter though the window is dragged for a second from %i ms on',
  async (fromMs) => {
    expect(await yesWhileDragged(fromMs, 1000)).toEqual({ performed: { typed: true }, written: ['y', '\r'] });
  },
);

it('says so, and presses nothing, where the picture does not come to rest', async () => {
  const { performed, written } = await yesWhileDragged(0, 20_000);
  expect(performed.typed).toBe(true);
  expect(performed.why).toBeDefined();
  expect(written).toEqual(['y']);
});
