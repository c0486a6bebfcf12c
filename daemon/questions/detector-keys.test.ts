/** The detector where somebody at the desk presses keys that answer nothing, or changes the size of the window. */
import { describe, expect, it } from 'vitest';
import type { ParsedQuestion } from '../../shared/question.ts';
import { ABOVE } from '../agents/agent.ts';
import { TIMING } from './detector.ts';
import { ask, q, run, working } from './test-detector.ts';

const { resizedMs } = TIMING;

describe('arrow keys', () => {
  const line = ask('Go on?', {
    kind: 'confirm',
    options: [
      { label: 'Yes', keys: ['y', 'enter'], default: true },
      { label: 'No', keys: ['n', 'enter'] },
    ],
  });
  const words = (lines: readonly string[]): string[] => lines.map((each) => each.replace(/ @.*/, ''));
  const another = ['new q1.1', 'superseded q1', 'new q2.1'];

  it.each([
    ['a repaint that looks like work', [[510, working]], q(ask('Proceed?'), '10')],
    ['another place', [], q(ask('Proceed?'), '4')],
    ['a long blink', [[510, null]], q(ask('Proceed?'), '10')],
  ] as const)('answer no list: it is the same through %s', (_name, between, after) => {
    const pressed = (key: 'arrow' | 'input') => words(run([[0, q(ask('Proceed?'), '10')], [500, key], ...between, [540, after]], 2000));
    expect(pressed('arrow')).toEqual(['new q1.1']);
    // One blink is a repaint, whoever typed.
    expect(pressed('input')).toEqual(between[0]?.[1] === null ? ['new q1.1'] : another);
  });

  it('are keys like any other to a line prompt', () => {
    expect(
      words(
        run(
          [
            [0, q(line, '10')],
            [500, 'arrow'],
            [510, q(line, '11')],
          ],
          2000,
        ),
      ),
    ).toEqual(another);
  });

  it('hide no answer that came before or behind them', () => {
    for (const keys of [
      ['input', 'arrow'],
      ['arrow', 'input'],
    ] as const)
      expect(
        words(
          run([[0, q(ask('Proceed?'))], ...keys.map((key, i) => [500 + i, key] as const), [510, working], [540, q(ask('Proceed?'))]], 2000),
        ),
      ).toEqual(another);
  });
});

describe('an equal question in another place', () => {
  const moved = (...keys: (readonly [number, 'input' | 'resized'])[]) =>
    run(
      [[0, q(ask('Proceed?'), '10')], ...keys, [600, q(ask('Proceed?'), '10')], [600 + resizedMs + 100, q(ask('Proceed?'), '4')]],
      3000,
    ).at(1);

  it('may be the same one where the window changed its size after the last key', () => {
    expect(moved([400, 'input'], [500, 'resized'])).toMatch(/^superseded\? q1/);
    expect(moved([400, 'resized'], [500, 'input'])).toMatch(/^superseded q1/);
    expect(moved([400, 'input'])).toMatch(/^superseded q1/);
  });
});

describe('a window made lower', () => {
  it.each([
    ['its heading and a part of it', { title: '', detail: `${ABOVE}touch a.txt` }],
    ['a part of the sentence that asks', { title: '', detail: '', text: `${ABOVE.trim()} step?` }],
    ['all but its list', { title: '', detail: '', text: ABOVE.trim() }],
  ])('is the same question in a window too low for %s', (_name, seen) => {
    const whole = ask('Take the next step?', { detail: 'cd b\ntouch a.txt' });
    const low = { ...whole, ...seen };
    const typed = (sized: boolean, ...both: readonly ParsedQuestion[]) =>
      run([[0, q(both[0]!)], [400, 'input'], ...(sized ? [[500, 'resized'] as const] : []), [510, q(both[1]!)]], 2000).map((line) =>
        line.replace(/ @.*/, ''),
      );
    expect(typed(true, whole, low)).toEqual(['new q1.1', 'rev q1.2']);
    expect(typed(true, low, whole)).toEqual(['new q1.1', 'rev q1.2']);
    expect(typed(false, whole, low)).toEqual(['new q1.1', 'superseded q1', 'new q2.1']);
    expect(typed(true, whole, { ...low, options: [{ label: 'Go on', keys: ['enter'] }] })).toEqual([
      'new q1.1',
      'superseded q1',
      'new q2.1',
    ]);
  });
});
