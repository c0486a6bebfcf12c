/** The closing table of the long sessions: what a ledger holds is in its row and its gates, and an agent without figures is seen. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { type Ledger, newLedger, sumLine } from './many/ledger.ts';

const SUMS = resolve(import.meta.dirname, '../../scripts/lib/sums.mjs');

/** The table of what these agents printed. */
function table(outputs: readonly { name: string; output: string }[]): string[] {
  const script = `
    const { sumIn, table } = await import(${JSON.stringify(SUMS)});
    const rows = ${JSON.stringify(outputs)}.map(({ name, output }) => ({ name, sum: sumIn(output) }));
    console.log(table(rows).join('\\n'));`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).trimEnd().split('\n');
}

const ledger = (over: Partial<Ledger>): Ledger => ({ ...newLedger(), ...over });
const printed = (name: string, of: Ledger) => ({ name, output: `other words\n${sumLine(`${name} 1.0`, of)}\n7 passed, 0 failed\n` });
const words = (line: string | undefined): string[] => (line ?? '').trim().split(/\s+/);

it('adds agents up, and names what must be 0 of how many', () => {
  const bad = ledger({ asked: 30, answered: 28, refused: new Map([['a', 2]]) });
  bad.incidents.wrong.push('one', 'two');
  bad.incidents.strays.push('a card of its own');
  const lines = table([printed('good', ledger({ asked: 12, answered: 12, prompts: 1 })), printed('bad', bad)]);
  expect(words(lines[1])).toEqual('good 1.0 12 12 1 0 0 0 0 0 0 0 0 0 0'.split(' '));
  expect(words(lines[2])).toEqual('bad 1.0 30 28 0 2 0 0 0 0 0 2 0 0 0'.split(' '));
  expect(words(lines[3])).toEqual('together 42 40 1 2 0 0 0 0 0 2 0 0 0'.split(' '));
  expect(lines.slice(5)).toEqual([
    'FAILED wrong option typed: 2 of 42  (goal: 0)',
    '  ok   confirmed without effect: 0 of 42  (goal: 0)',
    '  ok   said to be not typed, and it was: 0 of 42  (goal: 0)',
    '  ok   doubled cards: 0 of 42  (goal: 0)',
    '  ok   questions without a card: 0 of 42  (goal: 0)',
    '  ok   stalled sessions: 0 of 42  (goal: 0)',
  ]);
});

it('shows an agent that printed no figures', () => {
  const lines = table([{ name: 'gone', output: 'Error: no such agent' }, printed('good', ledger({ asked: 5, answered: 5 }))]);
  expect(words(lines[1])).toEqual(['gone', 'no', 'figures']);
  expect(words(lines[3]).slice(0, 3)).toEqual(['together', '5', '5']);
});
