import { describe, expect, it } from 'vitest';
import type { ParsedQuestion } from '../../shared/question.ts';
import { ABOVE } from '../agents/agent.ts';
import { Detector, TIMING } from './detector.ts';
import { ask, q, ready, run, working } from './test-detector.ts';

const { settleMs, goneMs, goneUntouchedMs, replacedMs, idleSettleMs } = TIMING;

describe('a question appears', () => {
  it('once it has read the same for the settling time', () => {
    expect(run([[0, q(ask('Proceed?'))]], 1000)).toEqual([`new q1.1 @${settleMs}`]);
  });

  it('as one card when it is painted in two chunks', () => {
    const half = ask('Proceed?', { options: [{ label: 'Yes', keys: ['1'] }] });
    expect(
      run(
        [
          [0, q(half)],
          [10, q(ask('Proceed?'))],
        ],
        1000,
      ),
    ).toEqual([`new q1.1 @${10 + settleMs}`]);
  });

  it('as a new revision when the rest comes after the card', () => {
    const half = ask('Proceed?', { options: [{ label: 'Yes', keys: ['1'] }] });
    expect(
      run(
        [
          [0, q(half)],
          [100, q(ask('Proceed?'))],
        ],
        1000,
      ),
    ).toEqual([`new q1.1 @${settleMs}`, `rev q1.2 @${100 + settleMs}`]);
  });

  it('as a new revision when what comes late makes another kind of it; not after somebody has typed, elsewhere, or later', () => {
    const bare = ask('Proceed?', { kind: 'choice', detail: '' });
    const late = (anchor: string, atMs: number, ...typed: (readonly [number, 'input'])[]) =>
      run([[0, q(bare, '3')], ...typed, [atMs, q(ask('Proceed?'), anchor)]], 1000).map((line) => line.replace(/ @.*/, ''));
    expect(late('3', 350)).toEqual(['new q1.1', 'rev q1.2']);
    const another = ['new q1.1', 'superseded q1', 'new q2.1'];
    expect(late('3', 350, [340, 'input'])).toEqual(another);
    expect(late('4', 350)).toEqual(another);
    expect(late('3', 600)).toEqual(another);
  });

  it('not at all when it is gone before it has settled', () => {
    expect(
      run(
        [
          [0, q(ask('Proceed?'))],
          [10, working],
        ],
        1000,
      ),
    ).toEqual([]);
  });
});

describe('the standing question', () => {
  it('stays one while everything else on the screen blinks', () => {
    const script = Array.from({ length: 20 }, (_, i) => [i * 600, q(ask('Proceed?'))] as const);
    expect(run(script, 13_000)).toEqual([`new q1.1 @${settleMs}`]);
  });

  it('survives one repaint without it', () => {
    expect(
      run(
        [
          [0, q(ask('Proceed?'))],
          [500, null],
          [560, q(ask('Proceed?'))],
        ],
        2000,
      ),
    ).toEqual([`new q1.1 @${settleMs}`]);
  });

  it('is refreshed, not revised, when the highlight moves', () => {
    const moved = ask('Proceed?', {
      options: [
        { label: 'Yes', keys: ['1'] },
        { label: 'No', keys: ['2'], default: true },
      ],
    });
    expect(
      run(
        [
          [0, q(ask('Proceed?'))],
          [500, 'input'],
          [510, q(moved)],
        ],
        2000,
      ),
    ).toEqual([`new q1.1 @${settleMs}`, 'refresh q1.1 @510']);
  });

  it('keeps the label of a text field while somebody types there', () => {
    const field = (label: string) =>
      ask('Which?', {
        kind: 'choice',
        options: [
          { label: 'A', keys: ['1'] },
          { label, keys: ['2'], freeText: true },
        ],
      });
    const detector = new Detector();
    detector.read(q(field('Type something.')), 0);
    detector.tick(settleMs);
    detector.read(q(field('my secret plan')), 500);
    expect(detector.tick(600)).toEqual([]);
    expect(detector.standing?.question.options[1]?.label).toBe('Type something.');
  });

  it('is the same card when its hook speaks after somebody has typed', () => {
    const typedThen = (next: Partial<ParsedQuestion>, first: Partial<ParsedQuestion> = { title: '' }) =>
      run(
        [
          [0, q(ask('Which of\nthem?', first))],
          [500, 'input'],
          [510, q(ask('Which of them?', next))],
        ],
        2000,
      ).map((line) => line.replace(/ @.*/, ''));
    expect(typedThen({ title: 'Database', source: 'hook' })).toEqual(['new q1.1', 'rev q1.2']);
    expect(typedThen({ source: 'hook', detail: 'touch a.txt b.txt' })).toEqual(['new q1.1', 'rev q1.2']);
    expect(typedThen({ source: 'hook', detail: 'cd b; touch a.txt' }, { detail: `${ABOVE}touch a.txt` })).toEqual(['new q1.1', 'rev q1.2']);
    const another = ['new q1.1', 'superseded q1', 'new q2.1'];
    expect(typedThen({ title: 'Database' })).toEqual(another);
    expect(typedThen({ source: 'hook', detail: 'rm c.txt' })).toEqual(another);
  });

  it('is closed when it has been off the screen for good', () => {
    expect(
      run(
        [
          [0, q(ask('Proceed?'))],
          [400, 'input'],
          [500, null],
        ],
        2000,
      ),
    ).toEqual([`new q1.1 @${settleMs}`, `gone q1 @${500 + goneMs}`]);
  });

  it('is closed later where nobody pressed a key that may have answered it: its agent may be held up halfway through a repaint', () => {
    const off = (...keys: (readonly [number, 'arrow'])[]) => run([[0, q(ask('Proceed?'))], ...keys, [500, null]], 3000);
    expect(off()).toEqual([`new q1.1 @${settleMs}`, `gone q1 @${500 + goneUntouchedMs}`]);
    expect(off([400, 'arrow'])).toEqual(off());
  });

  it('is closed sooner when the agent visibly goes on', () => {
    expect(
      run(
        [
          [0, q(ask('Proceed?'))],
          [500, working],
        ],
        2000,
      ),
    ).toEqual([`new q1.1 @${settleMs}`, `gone q1 @${500 + replacedMs}`]);
  });

  it('is superseded by another one, and never are two open', () => {
    expect(
      run(
        [
          [0, q(ask('Proceed?'))],
          [500, 'input'],
          [520, q(ask('Proceed?', { detail: 'rm b.txt' }))],
        ],
        2000,
      ),
    ).toEqual([`new q1.1 @${settleMs}`, `superseded q1 @${520 + settleMs}`, `new q2.1 @${520 + settleMs}`]);
  });
});

describe('the same text again', () => {
  it('is a new question when the agent worked in between after somebody typed', () => {
    expect(
      run(
        [
          [0, q(ask('Proceed?'))],
          [500, 'input'],
          [510, working],
          [540, q(ask('Proceed?'))],
        ],
        2000,
      ),
    ).toEqual([`new q1.1 @${settleMs}`, `superseded q1 @${540 + settleMs}`, `new q2.1 @${540 + settleMs}`]);
  });

  it('is a new question on another line of the terminal', () => {
    expect(
      run(
        [
          [0, q(ask('Proceed?'), '10')],
          [500, 'input'],
          [510, q(ask('Proceed?'), '11')],
        ],
        2000,
      ),
    ).toEqual([`new q1.1 @${settleMs}`, `superseded q1 @${510 + settleMs}`, `new q2.1 @${510 + settleMs}`]);
  });

  it('is the same question on another line after a resize', () => {
    expect(
      run(
        [
          [0, q(ask('Proceed?'), '10')],
          [400, 'input'],
          [500, 'resized'],
          [510, q(ask('Proceed?'), '8')],
        ],
        2000,
      ),
    ).toEqual([`new q1.1 @${settleMs}`]);
  });

  it('is the same question when a new size cuts rows off it, unless somebody has typed', () => {
    const cut = ask('Proceed?', { kind: 'choice', detail: 'Reason: none\n$ touch a.txt', options: [{ label: 'Yes', keys: ['1'] }] });
    const cutAt = (...typed: (readonly [number, 'input'])[]) =>
      run([[0, q(ask('Proceed?'))], ...typed, [900, 'resized'], [1000, q(cut)]], 2000).map((line) => line.replace(/ @.*/, ''));
    expect(cutAt()).toEqual(['new q1.1', 'rev q1.2']);
    expect(cutAt([800, 'input'])).toEqual(['new q1.1', 'superseded q1', 'new q2.1']);
  });

  it('is not gone while a resize hides whether it stands', () => {
    expect(
      run(
        [
          [0, q(ask('Proceed?'), '10')],
          [500, null],
          [520, 'resized'],
          [500 + goneMs + 100, q(ask('Proceed?'), '10')],
        ],
        2000,
      ),
    ).toEqual([`new q1.1 @${settleMs}`]);
  });

  it('is the same question with less of what stands above it in view, after a resize; without one it is another', () => {
    const typedAt = (...resized: (readonly [number, 'resized'])[]) =>
      run(
        [
          [0, q(ask('Proceed?', { detail: 'step 1\nstep 2' }))],
          [400, 'input'],
          ...resized,
          [510, q(ask('Proceed?', { detail: 'step 2' }))],
        ],
        2000,
      );
    expect(typedAt([500, 'resized'])).toEqual([`new q1.1 @${settleMs}`, `rev q1.2 @${510 + settleMs}`]);
    expect(typedAt()).toEqual([`new q1.1 @${settleMs}`, `superseded q1 @${510 + settleMs}`, `new q2.1 @${510 + settleMs}`]);
  });

  it('is a new question after it was answered and went away, but not after one blink of a repaint', () => {
    const backAtMs = (ms: number) =>
      run(
        [
          [0, q(ask('Proceed?'))],
          [500, 'renew'],
          [510, null],
          [ms, q(ask('Proceed?'))],
        ],
        2000,
      );
    expect(backAtMs(580)).toEqual([`new q1.1 @${settleMs}`, `superseded q1 @${580 + settleMs}`, `new q2.1 @${580 + settleMs}`]);
    expect(backAtMs(520)).toEqual([`new q1.1 @${settleMs}`]);
  });
});

describe('a recording without keystrokes', () => {
  it('takes a changed command for a new question once the first has stood', () => {
    const script = [
      [0, q(ask('Proceed?'))],
      [900, q(ask('Proceed?', { detail: 'rm b.txt' }))],
    ] as const;
    expect(run(script, 2000, { inputKnown: false })).toEqual([
      `new q1.1 @${settleMs}`,
      `superseded q1 @${900 + settleMs}`,
      `new q2.1 @${900 + settleMs}`,
    ]);
  });
});

describe('an idle agent', () => {
  it('becomes a card only after a silence longer than any spinner', () => {
    expect(
      run(
        [
          [0, ready],
          [400, working],
          [600, ready],
        ],
        3000,
      ),
    ).toEqual([`new q1.1 @${600 + idleSettleMs}`]);
  });

  it('gives way to a question at once', () => {
    const events = run(
      [
        [0, ready],
        [2000, q(ask('Proceed?'))],
      ],
      3000,
    );
    expect(events).toEqual([`new q1.1 @${idleSettleMs}`, `superseded q1 @${2000 + settleMs}`, `new q2.1 @${2000 + settleMs}`]);
  });
});

it('gives every run its own ids', () => {
  expect(run([[0, q(ask('Proceed?'))]], 1000, { prefix: 'r7q' })).toEqual([`new r7q1.1 @${settleMs}`]);
});

it('closes what stands when the run ends', () => {
  const detector = new Detector();
  detector.read(q(ask('Proceed?')), 0);
  detector.tick(settleMs);
  expect(detector.ended(300)).toMatchObject([{ event: 'closed', qid: 'q1', reason: 'ended' }]);
  expect(detector.standing).toBeNull();
});
