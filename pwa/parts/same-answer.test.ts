// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import type { Question } from '../../shared/protocol.ts';
import type { QuestionOption } from '../../shared/question.ts';
import type { Asked, MachineState } from '../state.ts';
import { sameAnswers } from './same-answer.tsx';

const machine = { id: 'm', skewMs: 0 } as MachineState;
const YES: QuestionOption = { label: 'Yes', keys: ['1'] };
const NO: QuestionOption = { label: 'No', keys: ['2'] };

function asked(qid: string, more: Partial<Question['question']> = {}, given?: number): Asked {
  const question = {
    qid,
    run: qid,
    rev: 1,
    digest: 'd',
    labelDigests: ['y', 'n'],
    question: { kind: 'permission', title: 'Bash', text: '', detail: 'ls', options: [YES, NO], source: 'screen', ...more },
    state: { state: 'open' },
    openedAt: 1,
  } as unknown as Question;
  const choice = { type: 'option', index: given ?? 0, labelDigest: 'y' } as const;
  const answer = given === undefined ? null : { answer: { choice }, createdAtMs: 1, verdict: null };
  return { machine, question, answer } as unknown as Asked;
}
const ids = (list: { asked: Asked; index: number }[]): string[] => list.map((s) => `${s.asked.question.qid}:${s.index}`);

describe('the same answer to other cards', () => {
  it('goes by label, not by place', () => {
    expect(ids(sameAnswers(asked('a', {}, 0), [asked('b', { options: [NO, YES] })]))).toEqual(['b:1']);
  });
  it.each<[string, Partial<Question['question']>]>([
    ['another kind of question', { kind: 'choice' }],
    ['another title', { title: 'Edit' }],
    ['no such label', { options: [NO] }],
    ['an option that widens rights', { options: [{ ...YES, dangerous: true }, NO] }],
    ['a detail too long to be read here', { detail: 'x'.repeat(500) }],
  ])('is not offered for %s', (_why, more) => {
    expect(sameAnswers(asked('a', {}, 0), [asked('b', more)])).toEqual([]);
  });
  it('is not offered for a card that has an answer already', () => {
    expect(sameAnswers(asked('a', {}, 0), [asked('b', {}, 1)])).toEqual([]);
  });
});
