import { describe, expect, it } from 'vitest';
import { agent as generic } from '../agents/generic/index.ts';
import { VirtualClock } from '../replay.ts';
import type { DetectorEvent } from './detector.ts';
import { ARMED_MS, Watcher } from './watcher.ts';

function watch(): { clock: VirtualClock; watcher: Watcher; events: DetectorEvent[] } {
  const clock = new VirtualClock();
  const events: DetectorEvent[] = [];
  return {
    clock,
    events,
    watcher: new Watcher({ agent: generic, argv: [], cols: 60, rows: 10, clock, onEvent: (event) => events.push(event) }),
  };
}
const questions = (events: readonly DetectorEvent[]) =>
  events.flatMap((event) => (event.event === 'question' ? [event.standing.question.text] : []));

describe('the watcher', () => {
  it('shows a prompt within 50 ms of its last byte', async () => {
    const { clock, watcher, events } = watch();
    await watcher.feed('Continue? [y/N] ');
    clock.advance(50);
    expect(questions(events)).toEqual(['Continue? [y/N]']);
  });

  it('finds a prompt although something else never stops painting', async () => {
    const { clock, watcher, events } = watch();
    const menu = '\x1b[3;1H\x1b[36m?\x1b[39m Which?\r\n\x1b[36m❯ A\x1b[39m\r\n  B\x1b[?25l';
    for (let frame = 0; frame < 40; frame++) {
      await watcher.feed(`${frame === 5 ? menu : ''}\x1b[1;1H${'⠋⠙⠹⠸'[frame % 4]}\x1b[6;1H`);
      clock.advance(clock.nowMs() + 3);
    }
    expect(questions(events)).toEqual(['Which?']);
  });

  it('does not read the half of a synchronized update', async () => {
    const { clock, watcher, events } = watch();
    await watcher.feed('\x1b[?2026hContinue? [y/N] ');
    clock.advance(100);
    expect(events).toEqual([]);
    await watcher.feed('\x1b[?2026l');
    clock.advance(200);
    expect(questions(events)).toEqual(['Continue? [y/N]']);
  });

  it('calls no picture whole while a synchronized update is open, for 200 ms at most', async () => {
    const { clock, watcher } = watch();
    await watcher.feed('Continue? [y/N] ');
    expect([watcher.whole, watcher.read() !== null]).toEqual([true, true]);
    await watcher.feed('\x1b[?2026h\x1b[2J');
    expect([watcher.whole, watcher.read()]).toEqual([false, null]);
    const ready = watcher.ready();
    clock.advance(199);
    expect(watcher.whole).toBe(false);
    clock.advance(210);
    expect(watcher.whole).toBe(true);
    await expect(ready).resolves.toBeUndefined();
  });

  it('is ready for an answer when the question has stood for a moment: agents listen later than they paint', async () => {
    const { clock, watcher } = watch();
    let ready = false;
    await watcher.feed('Continue? [y/N] ');
    clock.advance(50);
    const { openedAtMs } = watcher.detector.standing!;
    const waiting = watcher.ready().then(() => {
      ready = true;
    });
    clock.advance(openedAtMs + ARMED_MS - 1);
    await Promise.resolve();
    expect(ready).toBe(false);
    clock.advance(openedAtMs + ARMED_MS);
    await waiting;
    expect(ready).toBe(true);
  });

  it('reads again what stands when pages are uncovered', async () => {
    const { clock, watcher, events } = watch();
    await watcher.feed('Continue? [y/N] ');
    clock.advance(100);
    watcher.cover('all');
    watcher.input();
    await watcher.feed('\x1b[H\x1b[2JReally? [y/N] ');
    clock.advance(1000);
    expect(questions(events)).toEqual(['Continue? [y/N]']);
    watcher.cover(null);
    clock.advance(2000);
    expect(questions(events)).toEqual(['Continue? [y/N]', 'Really? [y/N]']);
  });

  it('says nothing for certain until a resize has been drawn', async () => {
    const { clock, watcher, events } = watch();
    await watcher.feed('Continue? [y/N] ');
    clock.advance(100);
    watcher.resize(30, 10);
    expect(watcher.read()).toBeNull();
    clock.advance(2000);
    expect(watcher.read()).not.toBeNull();
    expect(questions(events)).toEqual(['Continue? [y/N]']);
  });

  it('takes a title and modes that follow a resize for no drawing', async () => {
    const { clock, watcher } = watch();
    await watcher.feed('Continue? [y/N] ');
    clock.advance(100);
    watcher.resize(30, 10);
    await watcher.feed('\x1b[?1000h\x1b[?1006h\x1b]0;◑ busy\x07');
    clock.advance(500);
    expect(watcher.read()).toBeNull();
    await watcher.feed('\x1b[H\x1b[JContinue? [y/N] ');
    clock.advance(660);
    expect(watcher.read()).not.toBeNull();
  });

  it('keeps a prompt open while somebody types behind it, and closes it with the line', async () => {
    const { clock, watcher, events } = watch();
    await watcher.feed('What is the bucket name? ');
    clock.advance(500);
    watcher.input();
    await watcher.feed('my-bu');
    clock.advance(2000);
    expect(events.map((event) => event.event)).toEqual(['question']);
    await watcher.feed('cket\r\ndone\r\n');
    clock.advance(3000);
    expect(events.map((event) => event.event)).toEqual(['question', 'closed']);
  });

  it('wakes whoever waits for the next change', async () => {
    const { watcher } = watch();
    const changed = watcher.changed();
    await watcher.feed('x');
    await expect(changed).resolves.toBeUndefined();
  });
});
