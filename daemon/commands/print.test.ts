/** What the command line makes of text that an agent chose. */
import { describe, expect, it } from 'vitest';
import { shellLine, tableLines, visible } from './print.ts';

describe('BAD-98: text of an agent on the terminal', () => {
  it.each([
    ['an override of direction', 'rm \u202etxt.exe', 'rm �txt.exe'],
    ['isolates and marks', '\u2066a\u2069\u200f', '�a��'],
    ['a zero-width space and joiner', 'r\u200bm\u200d -rf', 'r�m� -rf'],
    ['a byte order mark inside', 'a\ufeffb', 'a�b'],
    ['tag characters', `ok${String.fromCodePoint(0xe0041, 0xe007f)}`, 'ok��'],
    ['a soft hyphen', 'no\u00adpe', 'no�pe'],
    ['line and paragraph separators', 'a\u2028b\u2029c', 'a�b�c'],
    ['escapes of the terminal', '\x1b]52;c;aaaa\x07\x1b[2J\x9b31m', '�]52;c;aaaa��[2J�31m'],
    ['line breaks and returns', 'yes\nno\rmaybe', 'yes no�maybe'],
  ])('shows %s as what it is', (_name, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('leaves letters of every script and joined emoji alone', () => {
    for (const text of ['Grüße', 'привет', 'שלום', '日本語', '👩\u200d💻', 'e\u0301']) expect(visible(text)).toBe(text);
  });
});

describe('a command as one would type it', () => {
  it('quotes what a shell would read', () => {
    expect(shellLine(['git', 'commit', '-m', "it's $HOME", ''])).toBe(`git commit -m 'it'\\''s $HOME' ''`);
  });
});

describe('a table', () => {
  const head = ['RUN', 'NAME', 'STARTED', 'END'];
  const rows = [
    ['m1', '日本語', '2026-11-28 18:27', 'exit 0'],
    ['m2', 'x👩\u200d💻', '2026-11-28 18:27', '✗ exit 3, stopped by timeout'],
  ];

  it('stands in line also where a character is two columns wide', () => {
    const [, one, two] = tableLines(rows, head, 200);
    expect(one).toBe('m1   日本語  2026-11-28 18:27  exit 0');
    expect(two).toBe('m2   x👩\u200d💻     2026-11-28 18:27  ✗ exit 3, stopped by timeout');
  });

  it('cuts the last column to the terminal, and leaves out spare ones before nothing of it is left', () => {
    expect(tableLines(rows, head, 44)[2]).toBe('m2   x👩\u200d💻     2026-11-28 18:27  ✗ exit 3, st…');
    expect(tableLines(rows, head, 30, ['STARTED', 'NAME'])).toEqual([
      'RUN  NAME    END',
      'm1   日本語  exit 0',
      'm2   x👩\u200d💻     ✗ exit 3, stoppe…',
    ]);
    expect(tableLines(rows, head, 14, ['STARTED', 'NAME'])[2]).toBe('m2   ✗ exit 3…');
  });
});
