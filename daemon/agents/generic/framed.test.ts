/** Boxes at many sizes of the terminal: whole, and taller than the screen, whose end is all there is to see. */
import { describe, expect, it } from 'vitest';
import { questionIn } from '../../questions/detector.ts';
import { Screen } from '../../screen.ts';
import { ABOVE } from '../agent.ts';
import { agent } from './index.ts';

const ROWS = ['Apply the changes', "Apply, and don't ask again", 'No, and say what to do differently'];
const BODY = Array.from({ length: 30 }, (_, i) => `step ${i + 1} of the plan`);

/** Words of `text` in rows of at most `width`. */
function wrap(text: string, width: number): string[] {
  const rows = [''];
  for (const word of text.split(' ')) {
    const last = rows.at(-1)!;
    if (last !== '' && last.length + 1 + word.length > width) rows.push(word);
    else rows[rows.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return rows;
}

/** A box as Ink draws it, as wide as the terminal. */
function box(cols: number, said: readonly string[], highlighted: number): string {
  const width = cols - 6;
  const list = ROWS.flatMap((row, i) =>
    wrap(row, width - 2).map((part, n) => {
      const text = `${n === 0 && i === highlighted ? '❯ ' : '  '}${part}`;
      return { text, shown: i === highlighted ? `\x1b[36m${text}\x1b[39m` : text };
    }),
  );
  const rows = [...said.flatMap((row) => wrap(row, width)).map((text) => ({ text, shown: text })), ...list];
  const inner = rows.map(({ text, shown }) => `│  ${shown}${' '.repeat(width - text.length)}  │`);
  return [`╭${'─'.repeat(cols - 2)}╮`, ...inner, `╰${'─'.repeat(cols - 2)}╯`].join('\r\n');
}

async function read(cols: number, rows: number, output: string) {
  const screen = new Screen({ cols, rows });
  try {
    await screen.feed(output);
    return questionIn(agent.read(screen.view(), { hooks: [], argv: [] }));
  } finally {
    screen.dispose();
  }
}

const QUESTION = 'Do you want to make these changes to the file?';
const SIZES = [
  [100, 30],
  [80, 24],
  [80, 12],
  [60, 18],
  [48, 30],
  [48, 12],
  [32, 14],
] as const;

describe.each(SIZES)('a box on %i columns and %i rows', (cols, rows) => {
  it.each([0, 1, 2])('that is taller than the screen is a card with what can be seen of it, highlight on row %i', async (highlighted) => {
    const output = box(cols, ['Plan', '', ...BODY, ...BODY, '', QUESTION, ''], highlighted);
    const question = await read(cols, rows, `\x1b[?25lsome work\r\n${output}`);
    expect(question).toMatchObject({ title: '', text: QUESTION });
    expect(question!.options.map(({ label }) => label)).toEqual(ROWS);
    expect(question!.options.findIndex((option) => option.default)).toBe(highlighted);
    expect(question!.detail.startsWith(ABOVE)).toBe(true);
    expect(question!.detail.endsWith('step 30 of the plan')).toBe(true);
  });

  it('that shows nothing of its question says so', async () => {
    const low = ROWS.flatMap((row) => wrap(row, cols - 8)).length;
    const bare = await read(cols, low + 1, `\x1b[?25l${box(cols, [...BODY, ...BODY, QUESTION], 0)}`);
    expect(bare).toMatchObject({ title: '', text: ABOVE.trim(), detail: '' });
    expect(bare!.options.map(({ label }) => label)).toEqual(ROWS);
    const tail = await read(cols, low + 2, `\x1b[?25l${box(cols, [...BODY, ...BODY, '', `${BODY.join(', ')}, all done at once?`], 0)}`);
    expect(tail!.text).toMatch(/^\[… the beginning is above the screen\] .*once\?$/);
  });

  it('that is whole has a title, and its question is a whole sentence', async () => {
    const question = await read(cols, 40, `\x1b[?25l${box(cols, ['Plan', '', 'step 1', '', QUESTION, '', 'It cannot be undone.', ''], 1)}`);
    expect(question).toMatchObject({ title: 'Plan', text: QUESTION, detail: 'step 1\n\nIt cannot be undone.' });
    expect(question!.options.map(({ label }) => label)).toEqual(ROWS);
  });

  it('is no card once the program is elsewhere', async () => {
    const output = box(cols, [...BODY, ...BODY, QUESTION, ''], 0);
    expect(await read(cols, rows, `${output}\r\n$ `)).toBeNull();
    expect(await read(cols, rows, `\x1b[?25l${output}\r\n╭${'─'.repeat(cols - 2)}╮\r\n│ > ${' '.repeat(cols - 5)}│`)).toBeNull();
  });
});
