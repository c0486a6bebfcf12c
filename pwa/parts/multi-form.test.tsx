// @vitest-environment happy-dom
/** A list of ticks: what is sent is what was ticked, and a row without a box answers alone. */
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, expect, it } from 'vitest';
import type { Question } from '../../shared/protocol.ts';
import type { Choice, QuestionOption } from '../../shared/question.ts';
import { MultiSelect } from './multi-form.tsx';

const root = document.createElement('div');
document.body.append(root);
afterEach(() => render(null, root));

/** The choices made, newest last. */
async function show(options: QuestionOption[]): Promise<{ choice: Choice; what: string }[]> {
  const chosen: { choice: Choice; what: string }[] = [];
  const question = { qid: 'q', rev: 1, labelDigests: options.map((option) => `of ${option.label}`), question: { options } };
  await act(() =>
    render(
      <MultiSelect
        question={question as unknown as Question}
        closed={false}
        admits={() => true}
        chosen={null}
        draftKey="k"
        choose={(choice, what) => void chosen.push({ choice, what })}
      />,
      root,
    ),
  );
  return chosen;
}
const tap = (label: string): Promise<void> =>
  act(() => [...root.querySelectorAll('button')].find((button) => button.textContent?.trim() === label)!.click());
const boxes = (): string[] => [...root.querySelectorAll('[role=checkbox]')].map((box) => box.textContent?.trim() ?? '');

const CLAUDE: QuestionOption[] = [
  { label: 'Auth', keys: ['1'], checked: false },
  { label: 'Billing', keys: ['2'], checked: true },
  { label: 'Submit', keys: ['enter'], submit: true },
  { label: 'Chat about this', keys: ['3'] },
];

it('sends what is ticked', async () => {
  const chosen = await show(CLAUDE);
  expect(boxes()).toEqual(['Auth', 'Billing']);
  await tap('Auth');
  await tap('Submit');
  const picks = [
    { index: 0, labelDigest: 'of Auth' },
    { index: 1, labelDigest: 'of Billing' },
  ];
  expect(chosen).toEqual([{ choice: { type: 'options', picks }, what: 'Auth, Billing' }]);
});

it('gives a row without a box, beside those with one, as an answer of its own', async () => {
  const chosen = await show(CLAUDE);
  await tap('Chat about this');
  expect(chosen).toEqual([{ choice: { type: 'option', index: 3, labelDigest: 'of Chat about this' }, what: 'Chat about this' }]);
});

it('takes every row for a tick where the agent shows no boxes', async () => {
  await show([
    { label: 'Docs', keys: ['space'] },
    { label: 'Tests', keys: ['space'] },
  ]);
  expect(boxes()).toEqual(['Docs', 'Tests']);
});
