import { describe, expect, it } from 'vitest';
import { Screen } from './screen.ts';

const screen = (more: { onReply?: (bytes: string) => void } = {}) => new Screen({ cols: 20, rows: 5, scrollback: 10, ...more });

describe('the screen', () => {
  it('shows what was fed once feed has resolved', async () => {
    const s = screen();
    await s.feed('one\r\n  two  \r\n');
    expect(s.view().lines()).toEqual(['one', '  two', '', '', '']);
    expect(s.view().cursor).toEqual({ row: 2, col: 0, visible: true });
  });

  it('joins a character that was cut between two feeds', async () => {
    const s = screen();
    const bytes = new TextEncoder().encode('❯ ja');
    await s.feed(bytes.slice(0, 2));
    await s.feed(bytes.slice(2));
    expect(s.view().line(0)).toBe('❯ ja');
  });

  it('knows colours, faintness and reverse video of a cell', async () => {
    const s = screen();
    await s.feed('\x1b[38;5;153;1mA\x1b[0;2;7mB\x1b[0mC\x1b[38;2;1;2;3mD');
    const cells = [0, 1, 2, 3].map((col) => s.view().cell(0, col)!);
    expect(cells[0]).toMatchObject({ chars: 'A', fg: 153, fgRgb: false, bold: true });
    expect(cells[1]).toMatchObject({ chars: 'B', dim: true, inverse: true });
    expect(cells[2]).toMatchObject({ chars: 'C', fg: -1, bg: -1, dim: false });
    expect(cells[3]).toMatchObject({ fg: 0x010203, fgRgb: true });
  });

  it('survives a window that is made lower, then higher over an alternate screen that scrolls', async () => {
    const s = screen();
    s.resize(20, 9);
    s.resize(20, 5);
    await s.feed(`\x1b[?1049h${'x\r\n'.repeat(30)}`);
    await s.feed('\x1b[2;1H');
    for (const rows of [6, 12, 4, 20]) {
      s.resize(20, rows);
      await s.feed('x\r\n'.repeat(30));
      await s.feed(`\x1b[${rows};1Hlast`);
      expect(s.view().line(rows - 1)).toBe('last');
    }
  });

  it('tells a soft wrap from a new line', async () => {
    const s = screen();
    await s.feed(`${'x'.repeat(25)}\r\nshort`);
    expect([0, 1, 2].map((row) => s.view().wrapped(row))).toEqual([false, true, false]);
  });

  it('keeps the title, the hidden cursor and the modes that the program set', async () => {
    const s = screen();
    await s.feed('\x1b]0;✳ Claude Code\x07\x1b[?25l\x1b[?2004h\x1b[?1h\x1b[?1049h');
    expect(s.view()).toMatchObject({ title: '✳ Claude Code', alternate: true, bracketedPaste: true, applicationCursor: true });
    expect(s.view().cursor.visible).toBe(false);
    await s.feed('\x1bc');
    expect(s.view().cursor.visible).toBe(true);
  });

  it('counts the lines that scrolled off, also beyond its scrollback', async () => {
    const s = screen();
    await s.feed('x\r\n'.repeat(40));
    expect(s.view().scrolled).toBe(36);
  });

  it('paints itself anew from its serialized form', async () => {
    const s = screen();
    await s.feed('\x1b[31mred\x1b[0m\r\nplain');
    const copy = screen();
    await copy.feed(s.serialize());
    expect(copy.view().lines()).toEqual(s.view().lines());
    expect(copy.view().cell(0, 0)?.fg).toBe(1);
  });
});

describe('replies to terminal queries', () => {
  it('are given for what a program cannot put words into', async () => {
    const replies: string[] = [];
    await screen({ onReply: (bytes) => replies.push(bytes) }).feed('ab\x1b[c\x1b[6n\x1b[5n');
    expect(replies).toEqual(['\x1b[?1;2c', '\x1b[1;3R', '\x1b[0n']);
  });

  it('are withheld where output could type into the agent, and where nobody asked for them', async () => {
    const replies: string[] = [];
    await screen({ onReply: (bytes) => replies.push(bytes) }).feed('\x1b]0;rm -rf ~\x07\x1b[21t\x1bP$qm\x1b\\\x1b]10;?\x07');
    expect(replies).toEqual([]);
    await expect(screen().feed('\x1b[c')).resolves.toBeUndefined();
  });
});
