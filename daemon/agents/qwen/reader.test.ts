/** Qwen's dialog while its picture is that of another width. */
import { expect, it } from 'vitest';
import { questionIn } from '../../questions/detector.ts';
import { Screen } from '../../screen.ts';
import { agent } from './index.ts';

const ROWS = [
  '  \x1b[33m?\x1b[39m \x1b[1mShell\x1b[22m touch a.txt (Make a file) ←',
  '',
  '     touch a.txt',
  '',
  "   Allow execution of: 'touch'?",
  '',
  '   \x1b[32m› 1. Yes, allow once\x1b[39m',
  "     2. Always allow run 'touch *' commands in this project",
  '     3. No, suggest changes (esc)',
  '',
  '',
  '  ⠏ Waiting for user confirmation...',
];
const SGR = /\x1b\[\d+m/g;

it.each([72, 124])('the scroll bar of a picture for 124 columns is no text on %i', async (cols) => {
  const screen = new Screen({ cols, rows: 31 });
  const wide = ROWS.map((row) => `${row}${' '.repeat(123 - row.replace(SGR, '').length)}█`);
  await screen.feed(`\x1b[?1049h${wide.join(cols === 124 ? '' : '\r\n')}`);
  expect(questionIn(agent.read(screen.view(), { hooks: [], argv: [] }))).toMatchObject({
    kind: 'permission',
    title: 'Shell',
    text: "Allow execution of: 'touch'?",
    detail: 'touch a.txt',
    options: [
      { label: 'Yes, allow once' },
      { label: "Always allow run 'touch *' commands in this project" },
      { label: 'No, suggest changes (esc)' },
    ],
  });
  screen.dispose();
});
