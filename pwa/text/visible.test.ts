import { describe, expect, it } from 'vitest';
import { mixedScriptWords, oneLine, splitVisible, visibleText } from './visible.ts';

describe('BAD-98: visible text', () => {
  it.each([
    ['right-to-left override', 'cat \u202etxt.exe', 'cat ⟦U+202E⟧txt.exe'],
    ['isolate and its end', 'a\u2066b\u2069', 'a⟦U+2066⟧b⟦U+2069⟧'],
    ['zero width space', 'rm\u200b -rf', 'rm⟦U+200B⟧ -rf'],
    ['no-break space', 'rm\u00a0-rf', 'rm⟦U+00A0⟧-rf'],
    ['tag characters', 'ls\u{e0041}', 'ls⟦U+E0041⟧'],
    ['escape and bell', 'a\u001b[2Jb\u0007', 'a⟦^[⟧[2Jb⟦^G⟧'],
    ['8-bit control', 'a\u009b2J', 'a⟦U+009B⟧2J'],
    ['line separator', 'a\u2028b', 'a⟦U+2028⟧b'],
    ['byte order mark', '\ufeffx', '⟦U+FEFF⟧x'],
    ['plain text', 'echo "héllo → 世界"', 'echo "héllo → 世界"'],
    ['newline and tab', 'a\n\tb', 'a\n\tb'],
    ['emoji with a joiner', '👩‍💻 done ✔️', '👩‍💻 done ✔️'],
    ['a joiner between letters', 'a\u200db', 'a⟦U+200D⟧b'],
  ])('shows %s', (_name, input, shown) => {
    expect(visibleText(input)).toBe(shown);
  });

  it('loses no character', () => {
    const text = 'x\u202ey\u200bz';
    expect(splitVisible(text)).toEqual([
      { text: 'x' },
      { token: 'U+202E', name: 'right-to-left override' },
      { text: 'y' },
      { token: 'U+200B', name: 'zero width space' },
      { text: 'z' },
    ]);
  });

  it('names words that mix alphabets', () => {
    expect(mixedScriptWords('curl https://gіthub.com/x')).toEqual(['gіthub']);
    expect(mixedScriptWords('привет world Ελλάδα')).toEqual([]);
  });

  it('cuts a title to one line', () => {
    expect(oneLine('a\n b   c')).toBe('a b c');
    expect(oneLine('x'.repeat(500))).toHaveLength(200);
    // Space without width, and breaks that are no newline: they are there to be seen, not to be blanks.
    expect(visibleText(oneLine(' rm\ufeff a\u2028\n'))).toBe('rm⟦U+FEFF⟧ a⟦U+2028⟧');
  });
});
