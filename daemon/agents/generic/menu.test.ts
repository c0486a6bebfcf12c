/** Lists as unknown programs draw them: numbers, descriptions below or beside the labels, a scroll bar; and what only looks like a question. */
import { describe, expect, it } from 'vitest';
import { questionIn } from '../../questions/detector.ts';
import { Screen } from '../../screen.ts';
import { agent } from './index.ts';

async function read(rows: readonly string[], cols = 60) {
  const screen = new Screen({ cols, rows: 24 });
  try {
    await screen.feed(`\x1b[?25l${rows.join('\r\n')}`);
    return questionIn(agent.read(screen.view(), { hooks: [], argv: [] }));
  } finally {
    screen.dispose();
  }
}

const blue = (text: string): string => `\x1b[36m${text}\x1b[39m`;
const grey = (text: string): string => `\x1b[38;5;246m${text}\x1b[39m`;

describe('a list', () => {
  it.each([
    [
      'with numbers, and a description in the label column below each',
      ['Which database?', '', blue('❯ 1. PostgreSQL'), grey('     Tables and joins'), '  2. SQLite', grey('     One file, no server')],
      ['PostgreSQL', 'SQLite'],
      ['Tables and joins', 'One file, no server'],
    ],
    [
      'without numbers, with descriptions set in under the labels',
      ['Which database?', blue('> PostgreSQL'), grey('    Tables and joins'), '  SQLite', grey('    One file'), '  None'],
      ['PostgreSQL', 'SQLite', 'None'],
      ['Tables and joins', 'One file', undefined],
    ],
    [
      'with descriptions in a column of their own',
      ['Which database?', '', blue('› 1. PostgreSQL   Tables and joins'), '  2. SQLite       One file', '  3. None of the above'],
      ['PostgreSQL', 'SQLite', 'None of the above'],
      ['Tables and joins', 'One file', undefined],
    ],
    [
      'whose pointer is a filled circle',
      ['Which database?', '', blue('● 1. PostgreSQL'), '  2. SQLite', '  3. DynamoDB'],
      ['PostgreSQL', 'SQLite', 'DynamoDB'],
      [],
    ],
    [
      'of ten and more, numbers to the left or to the right',
      ['Which one?', ...Array.from({ length: 11 }, (_, i) => (i === 10 ? blue(`❯ ${i + 1}. Row ${i + 1}`) : `  ${i + 1}. Row ${i + 1}`))],
      Array.from({ length: 11 }, (_, i) => `Row ${i + 1}`),
      [],
    ],
    [
      'of boxes, with descriptions below',
      ['? Which parts?', blue('❯ ◯ Docs'), grey('     the site'), '  ◉ Tests', grey('     all of them')].map((row, i) =>
        i === 0 ? `\x1b[32m?\x1b[39m${row.slice(1)}` : row,
      ),
      ['Docs', 'Tests'],
      ['the site', 'all of them'],
    ],
    [
      'whose label wraps before the edge, a part of it in another colour',
      [
        'Proceed?',
        blue('❯ 1. Yes'),
        `  2. Yes, and always allow access to \x1b[1mfiles in${' '.repeat(15)}\x1b[22m`,
        '     \x1b[1mthe/folder/of/the/project\x1b[22m from now on',
        '  3. No',
      ],
      ['Yes', 'Yes, and always allow access to files in the/folder/of/the/project from now on', 'No'],
      [],
    ],
    [
      'in a box, whose rows have lost a blank to a wrap, with a faint last one',
      [
        '╭─────────────────────────╮',
        '│ Proceed?                │',
        `│ ${blue('❯ 1. Yes')}                │`,
        '│  2. Yes, and always     │',
        '│   3. No                 │',
        '│   4. \x1b[2mType something...\x1b[22m  │',
        '╰─────────────────────────╯',
      ],
      ['Yes', 'Yes, and always', 'No', 'Type something...'],
      [],
    ],
    [
      'of boxes before the numbers',
      ['Which checks?', '', blue('❯ [ ] 1. Lint'), grey('         Use Lint'), '  [x] 2. Types', grey('         Use Types')],
      ['Lint', 'Types'],
      ['Use Lint', 'Use Types'],
    ],
    [
      'beside a scroll bar',
      ['Which one?', '', `${blue('❯ 1. Yes')}${' '.repeat(51)}█`, `  2. No${' '.repeat(52)}█`, `${' '.repeat(59)}█`],
      ['Yes', 'No'],
      [],
    ],
  ])('%s', async (_name, rows, labels, descriptions) => {
    const question = await read(rows);
    expect(question?.options.map(({ label }) => label)).toEqual(labels);
    if (descriptions.length > 0) expect(question!.options.map(({ description }) => description)).toEqual(descriptions);
  });

  it('ends where its numbers do not go on', async () => {
    expect(await read(['Which one?', blue('› 1. Yes'), '   2. No'])).toBeNull();
    const question = await read(['1. one', '2. two', 'Which one?', blue('❯ 1. Yes'), '  2. No', '  2. another list']);
    expect(question?.options.map(({ label }) => label)).toEqual(['Yes', 'No']);
  });
});

it('an agent that names a key asks nothing', async () => {
  expect(await read([`${' '.repeat(40)}${blue('?')} for shortcuts`, '─'.repeat(60), ' >   Type your message'])).toBeNull();
  expect(await read([`${blue('?')} for shortcuts`])).toBeNull();
});
