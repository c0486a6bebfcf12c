import { describe, expect, it } from 'vitest';
import { TerminalModes } from './terminal-modes.ts';

const restoreAfter = (...chunks: string[]): string => {
  const modes = new TerminalModes();
  for (const chunk of chunks) modes.feed(Buffer.from(chunk, 'latin1'));
  return modes.restore();
};

describe('the terminal behind an agent', () => {
  it.each([
    ['plain text', ['hello\r\n\x1b[1;31mred\x1b[0m'], ''],
    ['the cursor hidden', ['\x1b[?25l'], '\x1b[0m\x1b[?25h'],
    ['the cursor hidden and shown', ['\x1b[?25l', 'x', '\x1b[?25h'], ''],
    ['paste and focus', ['\x1b[?2004h\x1b[?1004h'], '\x1b[0m\x1b[?2004l\x1b[?1004l'],
    ['several modes at once, some taken back', ['\x1b[?1000;1002;1006h\x1b[?1002;1006l'], '\x1b[0m\x1b[?1000l'],
    ['the alternate screen, left last', ['\x1b[?1049h\x1b[?1006h'], '\x1b[0m\x1b[?1006l\x1b[?1049l'],
    ['the alternate screen left by itself', ['\x1b[?1049h', '\x1b[?1049l'], ''],
    ['kitty keys pushed twice, popped once', ['\x1b[>1u\x1b[>3u\x1b[<u'], '\x1b[0m\x1b[<1u'],
    ['modifyOtherKeys and the keypad', ['\x1b[>4;2m\x1b='], '\x1b[0m\x1b[>4;0m\x1b>'],
    ['a scroll region', ['\x1b[2;20r'], '\x1b[0m\x1b7\x1b[r\x1b8'],
    ['a scroll region given back', ['\x1b[2;20r', '\x1b[r'], ''],
    ['line wrap off and a cursor of its own', ['\x1b[?7l\x1b[5 q'], '\x1b[0m\x1b[?7h\x1b[0 q'],
    ['a sequence cut in two', ['\x1b[?20', '04h'], '\x1b[0m\x1b[?2004l'],
    ['a sequence cut behind its escape', ['\x1b', '[?25l'], '\x1b[0m\x1b[?25h'],
    ['a full reset', ['\x1b[?2004h\x1b[?25l\x1bc'], ''],
  ])('%s', (_name, chunks, expected) => {
    expect(restoreAfter(...chunks)).toBe(expected);
  });

  it('is restored the same wherever the output is cut', () => {
    const text = '\x1b[?1049h\x1b[?25l\x1b[>1u\x1b[?1000;1006h\x1b[5 qtext\x1b[?2004h';
    const whole = restoreAfter(text);
    for (let at = 0; at <= text.length; at++) expect(restoreAfter(text.slice(0, at), text.slice(at))).toBe(whole);
  });
});
