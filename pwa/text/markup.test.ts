import { describe, expect, it } from 'vitest';
import { blocksOf, diffLines } from './markup.ts';

describe('plans', () => {
  it('are headings, text, lists and code', () => {
    expect(blocksOf('# Plan\nDo **it** with `x`.\n1. one\n2. two\n- dot\n```\na < b\n```').map((b) => b.kind)).toEqual([
      'heading',
      'text',
      'list',
      'list',
      'code',
    ]);
  });
  it('keep HTML as text', () => {
    expect(blocksOf('<img src=x onerror=alert(1)>')).toEqual([
      { kind: 'text', inline: [{ kind: 'text', text: '<img src=x onerror=alert(1)>' }] },
    ]);
  });
  it('survive a fence that is never closed', () => {
    expect(blocksOf('```\nx')).toEqual([{ kind: 'code', text: 'x' }]);
  });
});

describe('diffs', () => {
  it.each([
    ['@@ -1,2 +1,3 @@', 'hunk'],
    ['+++ b/x', 'hunk'],
    ['--- a/x', 'hunk'],
    ['+added', 'add'],
    ['-gone', 'del'],
    [' 14 +   total_cents', 'add'],
    [' 14 -   total', 'del'],
    ['  7     same', 'same'],
    ['plain - text', 'same'],
  ])('%s is %s', (line, kind) => {
    expect(diffLines(line)[0]?.kind).toBe(kind);
  });
});
