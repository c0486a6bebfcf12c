import { describe, expect, it } from 'vitest';
import { lineText, pack, sliceLine, spansOf } from './line.ts';

const SPANS = [
  { text: 'plain ', style: 0 },
  { text: 'red', style: 1 },
  { text: ' many', style: 4095 },
  { text: ' plain', style: 0 },
];

describe('packed lines', () => {
  it('come back as they went', () => {
    expect(spansOf(pack(SPANS))).toEqual(SPANS);
    expect(spansOf(pack([]))).toEqual([]);
    expect(spansOf('just text')).toEqual([{ text: 'just text', style: 0 }]);
  });
  it('give their text without the marks', () => {
    expect(lineText(pack(SPANS))).toBe('plain red many plain');
  });
  it('are cut by their text', () => {
    expect(spansOf(sliceLine(pack(SPANS), 4, 11))).toEqual([
      { text: 'n ', style: 0 },
      { text: 'red', style: 1 },
      { text: ' m', style: 4095 },
    ]);
    expect(sliceLine('abcdef', 1, 3)).toBe('bc');
  });
  it('cost one string', () => {
    expect(typeof pack(SPANS)).toBe('string');
  });
});
