import { describe, expect, it } from 'vitest';
import { AnsiLines, MAX_LINE } from './ansi.ts';
import { type Line, lineText, spansOf } from './line.ts';
import { styleOf } from './style.ts';

function lines(...pieces: (string | Uint8Array)[]): { lines: Line[]; ansi: AnsiLines } {
  const out: Line[] = [];
  const ansi = new AnsiLines({ line: (line) => out.push(line) });
  for (const piece of pieces) ansi.feed(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
  return { lines: [...out, ansi.current], ansi };
}
const text = (...pieces: (string | Uint8Array)[]): string =>
  lines(...pieces)
    .lines.map(lineText)
    .join('\n');

/** Sequences of every family, with the text that may remain. Each is also fed split at every byte. */
const CORPUS: [string, string, string][] = [
  ['plain lines', 'a\r\nb\n', 'a\nb\n'],
  ['progress by carriage return', '10%\r20%\r100%', '100%'],
  ['carriage return leaves the longer tail', 'abcdef\rXY', 'XYcdef'],
  ['carriage return with erase', 'abcdef\r\x1b[KXY', 'XY'],
  ['carriage return, then erase below', 'Esc to cancel\x1b[4A\r\x1b[Jchose yes', 'chose yes'],
  ['backspace spinner', '|\b/\b-\bdone', 'done'],
  ['tab stops', 'a\tb', 'a       b'],
  ['clear screen', 'a\x1b[2J\x1b[Hb', 'ab'],
  ['cursor moves', 'a\x1b[10Ab\x1b[5;7Hc', 'abc'],
  ['window title', '\x1b]0;evil title\x07text', 'text'],
  ['title with string terminator', '\x1b]2;evil\x1b\\text', 'text'],
  ['clipboard write (OSC 52)', '\x1b]52;c;ZXZpbA==\x07text', 'text'],
  ['hyperlink (OSC 8)', '\x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\ me', 'click me'],
  ['hyperlink never closed', '\x1b]8;;http://x\x07one\ntwo', 'one\ntwo'],
  ['device control string', '\x1bPq#0;2;0\x1b\\text', 'text'],
  ['application command', '\x1b_Gpayload\x1b\\text', 'text'],
  ['privacy message', '\x1b^secret\x1b\\text', 'text'],
  ['start of string', '\x1bXsecret\x1b\\text', 'text'],
  ['8-bit CSI', 'a\u009b31mb', 'ab'],
  ['8-bit OSC', '\u009d0;evil\u009ctext', 'text'],
  ['8-bit DCS', '\u0090evil\u009ctext', 'text'],
  ['string aborted by CAN', '\x1b]0;evil\x18text', 'text'],
  ['string aborted by a new sequence', '\x1b]0;evil\x1b[31mtext', 'text'],
  ['queries', '\x1b[c\x1b[>c\x1b[6n\x1b[?6n\x1b[5n\x1bP$qm\x1b\\\x1b]10;?\x07\x05text', 'text'],
  ['charset and keypad', '\x1b(0\x1b)B\x1b=\x1b>text', 'text'],
  ['intermediate bytes', '\x1b[1 qtext\x1b#8', 'text'],
  ['alternate screen', '\x1b[?1049hin\x1b[?1049lout', 'inout'],
  ['bracketed paste mode', '\x1b[?2004htext', 'text'],
  ['repeat bomb', 'a\x1b[1000000000bb', 'ab'],
  ['million parameters', `\x1b[${'1;'.repeat(5000)}mtext`, 'text'],
  ['newline inside a sequence', 'a\x1b[3\n1mb', 'a\nb'],
  ['NUL, bell, DEL', 'a\0b\x07c\x7fd', 'abcd'],
  ['escape at the end', 'text\x1b', 'text'],
  ['two escapes', '\x1b\x1b[31mtext', 'text'],
  ['erase the whole line, then write on', 'abc\x1b[2Kd', '   d'],
  ['erase to the start', 'abcd\b\b\x1b[1Kx', '  xd'],
  ['lone emoji', 'ok 👍 done', 'ok 👍 done'],
  ['emoji overwritten', '👍👍\rx', 'x👍'],
];

describe('terminal text by allow-list', () => {
  it.each(CORPUS)('%s', (_name, input, shown) => {
    expect(text(input)).toBe(shown);
  });

  it.each(CORPUS)('%s, split at every byte', (_name, input, shown) => {
    const bytes = new TextEncoder().encode(input);
    if (bytes.length > 2000) return expect(text(bytes.subarray(0, 777), bytes.subarray(777))).toBe(shown);
    for (let i = 0; i <= bytes.length; i++) expect(text(bytes.subarray(0, i), bytes.subarray(i))).toBe(shown);
    expect(text(...Array.from(bytes, (b) => Uint8Array.of(b)))).toBe(shown);
  });

  it('drops an unterminated string for 64 KiB, then shows text again', () => {
    const shown = text(`before \x1b]0;${'x'.repeat(100_000)}after`);
    expect(shown.startsWith('before ')).toBe(true);
    expect(shown.endsWith('xafter')).toBe(true);
    expect(shown.length).toBeLessThan(40_000);
  });

  it('cuts a line that does not end, and says so', () => {
    const shown = text('y'.repeat(300_000), '\nnext');
    expect(shown).toBe(`${'y'.repeat(MAX_LINE)} ⟦line cut at 64 KiB⟧\nnext`);
  });

  it('bounds what a program can make a long line cost', () => {
    const shown = text('z'.repeat(60_000), `\r${'q\b'.repeat(10_000)}`, '\nnext');
    expect(shown).toBe(`${'z'.repeat(60_000)}\nq\nnext`);
  });

  it('shows broken UTF-8 as a replacement and loses nothing else', () => {
    expect(text(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\ufffdb');
  });

  it('keeps colours as spans', () => {
    const [line] = lines('plain \x1b[1;31mred\x1b[0m \x1b[38;5;208morange\x1b[38:2::1:2:3mrgb\x1b[m').lines;
    const spans = spansOf(line!);
    expect(spans.map((s) => s.text)).toEqual(['plain ', 'red', ' ', 'orange', 'rgb']);
    expect(styleOf(spans[1]!.style)).toMatchObject({ fg: 1, bold: true });
    expect(styleOf(spans[3]!.style)).toMatchObject({ fg: 208, bold: false });
    expect(styleOf(spans[4]!.style)).toMatchObject({ fg: '#010203' });
  });

  it('carries a colour over to the next line, as a terminal does', () => {
    const out = lines('\x1b[32ma\nb').lines;
    expect(styleOf(spansOf(out[1]!)[0]!.style).fg).toBe(2);
  });

  it('knows a screen program from a log', () => {
    expect(lines('\x1b[?1049h').ansi.altScreen).toBe(true);
    expect(lines('\x1b[?1049h\x1b[?1049l').ansi.altScreen).toBe(false);
    expect(lines('\x1b[2A\x1b[2A').ansi.addressing).toBe(2);
    expect(lines('colour \x1b[31mlog\x1b[0m\n').ansi.addressing).toBe(0);
  });
});
