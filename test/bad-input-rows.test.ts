/**
 * Every row of the contract on bad input (BAD-01 to BAD-102) has a test with its number in its name. The numbers are listed here, not read from the contract, so that
 * the list holds wherever these sources lie; a row that loses its test, or a number that is no row, fails.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');
const SECTIONS: Record<string, [from: number, to: number]> = {
  HTTP: [1, 29],
  WebSocket: [30, 49],
  'messages inside the seal': [50, 65],
  'command line and files': [66, 79],
  'push subscriptions': [80, 89],
  'terminal output': [90, 102],
};

/** Numbers that stand inside of a string of a test file: names of tests and of table rows, never a comment. `BAD-53, 56: …` names two. */
function numbersIn(source: string): number[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(/['"`](?:[^'"`\n]*[ (])?BAD-(\d+(?:, \d+)*)/g)].flatMap((match) => match[1]!.split(', ').map(Number));
}

function testFiles(): string[] {
  return ['shared', 'relay', 'daemon', 'pwa', 'test'].flatMap((room) =>
    fs
      .readdirSync(path.join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.test\.tsx?$/.test(name))
      .map((name) => path.join(ROOT, room, name)),
  );
}

describe('bad input', () => {
  const tested = new Set(testFiles().flatMap((file) => numbersIn(fs.readFileSync(file, 'utf8'))));

  it.each(Object.entries(SECTIONS))('%s: every row has a test with its number', (_section, [from, to]) => {
    const rows = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    expect(rows.filter((row) => !tested.has(row)).map((row) => `BAD-${String(row).padStart(2, '0')}`)).toEqual([]);
  });

  it('has no number that is no row', () => {
    expect([...tested].filter((row) => row < 1 || row > 102)).toEqual([]);
  });

  it('is not proven by a comment', () => {
    expect(numbersIn(`/** BAD-01 */\n// BAD-02\nit('BAD-03, 4: x', f); it("y (BAD-05)", f); const a = 'x BAD-06';`)).toEqual([3, 4, 5, 6]);
  });
});
