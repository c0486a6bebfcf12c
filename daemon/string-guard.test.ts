import { describe, expect, it } from 'vitest';
import { Screen } from './screen.ts';
import { STRING_LIMIT_BYTES, StringGuard } from './string-guard.ts';

const passed = (pieces: readonly Uint8Array[]): Buffer => {
  const guard = new StringGuard();
  return Buffer.concat(pieces.flatMap((piece) => guard.pass(piece)));
};
const long = 'x'.repeat(STRING_LIMIT_BYTES + 10);

describe('the guard of control strings', () => {
  it.each([
    ['plain text', 'hello\r\nworld'],
    ['a title', '\x1b]0;title\x07text'],
    ['a link', '\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\'],
    ['a long text without a string', long],
    ['a long string that ends in time', `\x1b]52;c;${'x'.repeat(STRING_LIMIT_BYTES - 10)}\x07text`],
    ['a string that another sequence ends', '\x1bPabc\x1b[31mred'],
    ['ESC twice', '\x1b\x1b]0;t\x07x'],
    ['numbers of ordinary sequences', '\x1b[38;2;255;128;0m\x1b[?2026h\x1b[12;100H123456789 \u00e0\u00db'],
  ])('lets %s through as it is, wherever it is cut', (_name, text) => {
    const bytes = Buffer.from(text);
    expect(passed([bytes]).equals(bytes)).toBe(true);
    const step = Math.max(1, Math.floor(bytes.length / 50));
    for (let at = 0; at < bytes.length; at += step) expect(passed([bytes.subarray(0, at), bytes.subarray(at)]).equals(bytes)).toBe(true);
  });

  it.each([
    ['a number', '\x1b[999999999S', '\x1b[9999S'],
    ['each of several', '\x1b[1;999999;1234567H12345', '\x1b[1;9999;1234H12345'],
    ['leading zeros', '\x1b[00000000012A', '\x1b[0000A'],
    ['one that begins with a C1 character', '\u009b123456b', '\u009b1234b'],
    ['none behind a sequence that was called off', '\x1b[1\x18123456', '\x1b[1\x18123456'],
  ])('BAD-95: cuts %s of a control sequence to four digits, wherever it is cut', (_name, text, expected) => {
    const bytes = Buffer.from(text);
    for (let at = 0; at <= bytes.length; at++) expect(passed([bytes.subarray(0, at), bytes.subarray(at)]).toString()).toBe(expected);
  });

  it.each([
    ['OSC', '\x1b]0;'],
    ['DCS', '\x1bPq'],
    ['DCS with a BEL in it, which does not end one', '\x1bPq\x07'],
    ['APC', '\x1b_'],
    ['PM', '\x1b^'],
    ['SOS', '\x1bX'],
    ['OSC as one character', '\u009d0;'],
    ['DCS as one character', '\u0090q'],
  ])('BAD-92: ends %s after 64 KiB, and the text behind it is seen', async (_name, opener) => {
    const screen = new Screen({ cols: 40, rows: 4 });
    for (const piece of [`before ${opener}`, long, 'y'.repeat(1_000_000), '\x1b[2J\x1b[H\x1b]0;t\x07after'])
      await screen.feed(Buffer.from(piece));
    expect(screen.view().lines()[0]).toBe('after');
    screen.dispose();
  });
});
