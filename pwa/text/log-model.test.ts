import { describe, expect, it } from 'vitest';
import { LogModel } from './log-model.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function rig() {
  let consumed = 0;
  const model = new LogModel({
    onConsumed: (n) => {
      consumed += n;
    },
    later: (task) => task(),
  });
  return { model, consumed: () => consumed };
}

describe('the log in memory', () => {
  it('turns bytes into lines and tells how much it took', () => {
    const { model, consumed } = rig();
    model.data(bytes('one\ntwo\nthr'));
    expect(model.entries).toEqual(['one', 'two']);
    expect(model.current).toBe('thr');
    expect(consumed()).toBe(11);
    expect(model.text()).toBe('one\ntwo\nthr');
  });

  it('keeps a gap in its place', () => {
    const { model } = rig();
    model.data(bytes('a\n'));
    model.gap(2, 50, 'trimmed');
    model.data(bytes('b\n'));
    expect(model.entries).toEqual(['a', { gap: { from: 2, to: 50, why: 'trimmed' } }, 'b']);
    expect(model.text()).toContain('[48 bytes missing: trimmed]');
  });

  it('takes a flood in slices, giving the page its turn in between', () => {
    let clock = 0;
    const tasks: (() => void)[] = [];
    const model = new LogModel({
      onConsumed: () => undefined,
      later: (task) => tasks.push(task),
      // Each piece of 8 KiB seems to take 5 ms.
      nowMs: () => (clock += 5),
    });
    model.data(bytes('x'.repeat(79).concat('\n').repeat(1000)));
    expect(model.entries.length).toBeLessThan(500);
    for (let task = tasks.shift(); task; task = tasks.shift()) task();
    expect(model.entries.length).toBe(1000);
  });

  it('finds text whatever the case', async () => {
    const { model } = rig();
    model.data(bytes('Error: no\nfine\n\x1b[31merror\x1b[0m again\n'));
    expect(await model.find('ERROR')).toEqual([0, 2]);
    expect(await model.find('')).toEqual([]);
  });

  it('knows how wide a line is', () => {
    const { model } = rig();
    model.data(bytes('abc\n世界\n👍!\n'));
    expect(model.widths).toEqual([3, 4, 3]);
  });
});
