/** The structural pieces that all readers share, each on the smallest screen that shows it. */
import { describe, expect, it } from 'vitest';
import { Screen } from '../../screen.ts';
import { startsProgram } from './argv.ts';
import { keyBytes, moveKeys } from './keys.ts';
import { deframe, isRule, joinWrapped, linesOf } from './lines.ts';
import { numberedList, pointerList } from './list.ts';
import { safeText } from './plan.ts';

async function show(cols: number, ...rows: string[]) {
  const screen = new Screen({ cols, rows: Math.max(rows.length, 3), scrollback: 0 });
  await screen.feed(rows.join('\r\n'));
  const view = screen.view();
  return { view, lines: linesOf(view) };
}

describe('numberedList', () => {
  it('joins a wrapped label and keeps a description apart', async () => {
    const { view, lines } = await show(
      40,
      ' ❯ 1. Yes',
      '   2. Yes, and always allow access to',
      '      /home/dev/webapp',
      '   3. No',
      '      Tell it why',
    );
    expect(numberedList(view, lines)?.items.map(({ label, description }) => [label, description])).toEqual([
      ['Yes', ''],
      ['Yes, and always allow access to /home/dev/webapp', ''],
      ['No', 'Tell it why'],
    ]);
  });

  it('prefers the list with the highlight over one in the text above', async () => {
    const { view, lines } = await show(40, '1. first step', '2. second step', '', '❯ 1. Yes', '  2. No');
    const list = numberedList(view, lines);
    expect(list?.items.map((item) => item.label)).toEqual(['Yes', 'No']);
    expect(list?.highlighted).toBe(0);
  });

  it('counts past nine', async () => {
    const rows = Array.from({ length: 11 }, (_, i) => `${i === 0 ? '❯' : ' '} ${String(i + 1).padStart(2)}. Option ${i + 1}`);
    const { view, lines } = await show(40, ...rows);
    expect(numberedList(view, lines)?.items).toHaveLength(11);
  });

  it('reads a number whose blank was lost to a wrap', async () => {
    const { view, lines } = await show(40, ' ❯ 1. Yes', '   2.Yes, and always allow access to ws/', '     from this project', '   3. No');
    expect(numberedList(view, lines)?.items[1]?.label).toBe('Yes, and always allow access to ws/ from this project');
  });

  it('does not see a list in a single numbered line', async () => {
    const { view, lines } = await show(40, '1. only');
    expect(numberedList(view, lines)).toBeNull();
  });
});

it('pointerList takes the rows of the label column around the highlight', async () => {
  const { view, lines } = await show(40, 'Trust it?', '', ' ❯ No, exit', '   Yes, I trust it', '', ' Enter to confirm');
  expect(pointerList(view, lines)?.items.map((item) => item.label)).toEqual(['No, exit', 'Yes, I trust it']);
});

describe('lines', () => {
  it.each([
    ['────────', true],
    ['  ╌╌╌╌╌╌╌╌  ', true],
    ['╭──────────╮', true],
    ['---- 2 ----', false],
    ['text ─────', false],
  ])('isRule(%j) is %s', (text, is) => {
    expect(isRule(text)).toBe(is);
  });

  it('takes frames off without moving a column', () => {
    expect(deframe('│ │ text   │ │')).toBe('    text');
    expect(deframe('a | b')).toBe('a | b');
  });

  it('un-wraps prose by geometry, not by its words', () => {
    expect(joinWrapped(['A line that was wrapped at', 'twenty-eight columns.', 'Short.', 'Next.'], 28)).toBe(
      'A line that was wrapped at twenty-eight columns.\nShort.\nNext.',
    );
    expect(joinWrapped(['/a/very/long/path/that/does/no', 't/fit'], 30)).toBe('/a/very/long/path/that/does/not/fit');
  });
});

describe('keys', () => {
  it.each([
    ['enter', '\r'],
    ['esc', '\x1b'],
    ['down', '\x1b[B'],
    ['ctrl-c', '\x03'],
    ['y', 'y'],
  ])('%s is %j', (name, bytes) => {
    expect(keyBytes(name)).toBe(bytes);
  });

  it('follow the application cursor mode and refuse what they do not know', () => {
    expect(keyBytes('up', true)).toBe('\x1bOA');
    expect(() => keyBytes('hyper')).toThrow(expect.objectContaining({ code: 'bad_choice' }));
    expect(moveKeys(3, 1)).toEqual(['up', 'up', 'enter']);
  });

  it('never come out of a text', () => {
    expect(() => safeText('a\x1b[A')).toThrow(expect.objectContaining({ code: 'control_chars_not_allowed' }));
    expect(() => safeText('a\rb')).toThrow(expect.objectContaining({ code: 'control_chars_not_allowed' }));
    expect(safeText('a\r\nb')).toBe('a\nb');
  });
});

it.each([
  [['claude'], true],
  [['/usr/local/bin/claude', '-p'], true],
  [['npx', '-y', '@anthropic-ai/claude-code@latest'], true],
  [['env', 'A=b', 'claude'], true],
  [['node', '/x/node_modules/@anthropic-ai/claude-code/cli.js'], true],
  [['vim', 'claude'], false],
  [['echo', 'claude'], false],
  [[], false],
])('startsProgram(%j) is %s', (argv, is) => {
  expect(startsProgram(argv, ['claude'], ['@anthropic-ai/claude-code'])).toBe(is);
});
