import { describe, expect, it } from 'vitest';
import { lineText, spansOf } from './line.ts';
import { readingRows, screenLines } from './reading.ts';

const read = (lines: readonly string[]): string[] => readingRows(lines).map((row) => ('rule' in row ? '---' : lineText(row.line)));

describe('a screen as something to read', () => {
  it('turns frames into rules and takes their sides away', () => {
    expect(read(['╭──────────────╮', '│ Bash command │', '│              │', '│  rm -rf x    │', '╰──────────────╯', 'after'])).toEqual([
      '---',
      'Bash command',
      '',
      ' rm -rf x',
      '---',
      'after',
    ]);
  });

  it('keeps lines that only look like frames', () => {
    expect(read(['--- a/file', '+++ b/file', '| a | b |', '-f --verbose'])).toEqual([
      '--- a/file',
      '+++ b/file',
      '| a | b |',
      '-f --verbose',
    ]);
  });

  it('leaves one empty line of many, and none at the edges', () => {
    expect(read(['', '', 'a', '', '', '', 'b', '', ''])).toEqual(['a', '', 'b']);
  });

  it('keeps the menu marker and indentation', () => {
    expect(read([' ❯ 1. Yes', '   2. No'])).toEqual([' ❯ 1. Yes', '   2. No']);
  });

  it('takes colours from the serialised screen where it says the same', () => {
    const lines = screenLines('\x1b[31mred\x1b[0m\x1b[5Cfar\r\nplain', ['red     far', 'plain']);
    expect(lines.map(lineText)).toEqual(['red     far', 'plain']);
    expect(spansOf(lines[0]!)[0]).toMatchObject({ text: 'red' });
    expect(spansOf(lines[0]!)[0]?.style).not.toBe(0);
  });

  it('takes the plain rows where it does not', () => {
    expect(screenLines('something else', ['the', 'truth'])).toEqual(['the', 'truth']);
  });

  it('reads the alternate screen, not what lies under it', () => {
    const lines = screenLines('shell stuff\r\n$ \x1b[?1049h\x1b[Hmenu', ['menu']);
    expect(lines.map(lineText)).toEqual(['menu']);
  });
});
