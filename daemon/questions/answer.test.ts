import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomId } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import type { Answer, Question, Verdict } from '../../shared/protocol.ts';
import type { Choice, ParsedQuestion } from '../../shared/question.ts';
import { Answers, type AnswerTarget } from './answer.ts';
import type { Performed } from './answering.ts';
import { QuestionBook } from './book.ts';
import type { StandingQuestion } from './detector.ts';
import { labelDigest, questionDigest } from './digest.ts';
import { AnswerJournal } from './journal.ts';

const asked = (change: Partial<ParsedQuestion> = {}): ParsedQuestion => ({
  kind: 'permission',
  title: 'Bash command',
  text: 'Do you want to proceed?',
  detail: 'touch a.txt',
  options: [
    { label: 'Yes', keys: ['1'], default: true },
    { label: 'No', keys: ['2'] },
  ],
  dismiss: { keys: ['esc'], effect: 'denies' },
  source: 'screen',
  ...change,
});

/** A run whose screen and keyboard are variables. */
class FakeRun implements AnswerTarget {
  ended = false;
  live: ParsedQuestion | null;
  typed: Choice[] = [];
  accepts = true;
  failure: unknown = null;
  unwritten: string | null = null;
  beforeTyping: () => void = () => undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(question: ParsedQuestion) {
    this.live = question;
  }
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task, task);
    this.#tail = result.catch(() => undefined);
    return result;
  }
  async catchUp(): Promise<void> {
    this.beforeTyping();
  }
  liveDigest(): string | null {
    return this.live && questionDigest(this.live);
  }
  async perform(_question: ParsedQuestion, choice: Choice): Promise<Performed> {
    if (this.failure) throw this.failure;
    if (this.unwritten !== null) return { typed: false, why: this.unwritten };
    this.typed.push(choice);
    return { typed: true };
  }
  async gone(): Promise<boolean> {
    return this.accepts;
  }
}

const facts = { run: 'run1', agent: 'claude', agentTitle: 'Claude Code', runName: 'claude', cwd: '/' };
const standing = (question: ParsedQuestion, id = 'd1'): StandingQuestion => ({
  qid: id,
  rev: 1,
  digest: questionDigest(question),
  question,
  openedAtMs: 0,
});

let dir: string;
let book: QuestionBook;
let journal: AnswerJournal;
let run: FakeRun;
let answers: Answers;
let question: Question;
let told: Verdict[];
let monotonic = 0;

function begin(parsed: ParsedQuestion = asked()): void {
  book = new QuestionBook({ directory: path.join(dir, 'open'), forget: false, onChange: () => undefined, note: () => undefined });
  journal = AnswerJournal.open(dir, () => undefined);
  run = new FakeRun(parsed);
  told = [];
  monotonic = 0;
  answers = new Answers({
    book,
    journal,
    target: (id) => (id === 'run1' ? run : undefined),
    onVerdict: (verdict) => told.push(verdict),
    onTrouble: () => undefined,
    monotonicMs: () => monotonic,
  });
  question = book.appeared(facts, standing(parsed), 0);
}

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-answer-'));
  fs.chmodSync(dir, 0o700);
  begin();
});
afterEach(() => {
  journal.close();
  fs.rmSync(dir, { recursive: true, force: true });
});

const option = (index: number, label: string, more: { text?: string } = {}): Choice => ({
  type: 'option',
  index,
  labelDigest: labelDigest(label),
  ...more,
});
const answerWith = (choice: Choice, change: Partial<Answer> = {}): Answer => ({
  answerId: randomId(),
  run: 'run1',
  qid: question.qid,
  rev: question.rev,
  digest: question.digest,
  choice,
  ttlS: 60,
  ...change,
});
const yes = (change: Partial<Answer> = {}): Answer => answerWith(option(0, 'Yes'), change);

describe('an answer', () => {
  it('is typed, told as typed, then as confirmed', async () => {
    const verdict = await answers.answer(yes(), 'Pixel');
    expect(verdict).toMatchObject({ verdict: 'confirmed', by: 'Pixel' });
    expect(run.typed).toHaveLength(1);
    expect(told.map((v) => v.verdict)).toEqual(['typed', 'confirmed']);
    expect(book.find('run1', question.qid)?.state).toMatchObject({ state: 'answered', by: 'Pixel', verdict: 'confirmed', what: 'Yes' });
  });

  it('is typed_unconfirmed where the prompt stays', async () => {
    run.accepts = false;
    expect(await answers.answer(yes(), 'Pixel')).toMatchObject({ verdict: 'typed_unconfirmed' });
  });

  it('is typed once however often it comes, at once or later, also after a restart', async () => {
    const answer = yes();
    const together = await Promise.all([answers.answer(answer, 'Pixel'), answers.answer(answer, 'Pixel')]);
    expect(together.map((v) => v.verdict)).toEqual(['confirmed', 'confirmed']);
    expect(await answers.answer(answer, 'Pixel')).toMatchObject({ verdict: 'confirmed' });
    journal.close();
    begin();
    expect(await answers.answer(answer, 'Pixel')).toMatchObject({ verdict: 'confirmed' });
    expect(run.typed).toHaveLength(0);
  });

  it('of two phones at once is typed from one, and the other is told by whom', async () => {
    const [a, b] = await Promise.all([answers.answer(yes(), 'Pixel'), answers.answer(answerWith(option(1, 'No')), 'iPad')]);
    expect(a.verdict).toBe('confirmed');
    expect(b).toMatchObject({ verdict: 'already_answered', by: 'Pixel' });
    expect(b.message).toContain('Yes');
    expect(run.typed).toHaveLength(1);
  });

  it('BAD-50: to a run that nobody knows, or that has ended, is session_gone', async () => {
    await expect(answers.answer(yes({ run: 'other' }), 'p')).rejects.toMatchObject({ code: 'session_gone' });
    run.ended = true;
    await expect(answers.answer(yes({ qid: 'q9-unknown' }), 'p')).rejects.toMatchObject({ code: 'session_gone' });
  });

  it('BAD-51: to a question of the future, the past or another run is question_gone', async () => {
    expect(await answers.answer(yes({ qid: 'q99-future' }), 'p')).toMatchObject({ verdict: 'question_gone' });
    const old = question;
    book.vanished('run1', 'd1', { type: 'closed', reason: 'superseded', atMs: 1 });
    question = book.appeared(facts, standing(asked(), 'd2'), 0);
    expect(question.qid).not.toBe(old.qid);
    expect(await answers.answer(yes({ qid: old.qid }), 'p')).toMatchObject({ verdict: 'question_gone', current: { qid: question.qid } });
    expect(run.typed).toHaveLength(0);
  });

  it('BAD-52: with another revision or digest is question_changed, with the card as it stands', async () => {
    expect(await answers.answer(yes({ rev: 2 }), 'p')).toMatchObject({
      verdict: 'question_changed',
      current: { qid: question.qid, rev: 1 },
    });
    expect(await answers.answer(yes({ digest: 'other' }), 'p')).toMatchObject({ verdict: 'question_changed' });
    const changed = asked({ detail: 'rm -rf ~' });
    book.revised('run1', standing(changed), true);
    expect(await answers.answer(yes(), 'p')).toMatchObject({ verdict: 'question_changed', current: { rev: 2 } });
    expect(run.typed).toHaveLength(0);
  });

  it('is refused where the screen shows another question than the card, even before the daemon has said so', async () => {
    run.live = asked({ detail: 'rm -rf ~' });
    expect(await answers.answer(yes(), 'p')).toMatchObject({ verdict: 'question_changed' });
    run.live = null;
    expect(await answers.answer(yes(), 'p')).toMatchObject({ verdict: 'question_changed' });
    run.live = asked();
    run.beforeTyping = () => {
      run.live = asked({ text: 'Overwrite?' });
    };
    expect(await answers.answer(yes(), 'p')).toMatchObject({ verdict: 'question_changed' });
    expect(run.typed).toHaveLength(0);
  });

  it('to a question that was answered at the desk says so', async () => {
    book.vanished('run1', 'd1', { type: 'closed', reason: 'answered_at_desk', atMs: 9, by: 'desk' });
    expect(await answers.answer(yes(), 'p')).toMatchObject({ verdict: 'already_answered', by: 'desk', at: 9 });
  });

  const INDEXES: [string, number][] = [
    ['-1', -1],
    ['99', 99],
    ['1.5', 1.5],
    ['NaN', Number.NaN],
  ];
  for (const [name, index] of INDEXES)
    it(`BAD-53: with option ${name} is bad_choice with the range`, async () => {
      const verdict = await answers.answer(answerWith(option(index, 'Yes')), 'p');
      expect(verdict.verdict).toBe('bad_choice');
      expect(verdict.message).toContain('(0..1)');
      expect(run.typed).toHaveLength(0);
    });

  it('BAD-53: with the label of another option is bad_choice', async () => {
    expect(await answers.answer(answerWith(option(0, 'No')), 'p')).toMatchObject({ verdict: 'bad_choice' });
    expect(run.typed).toHaveLength(0);
  });

  it('BAD-54: text is refused where only options are taken', async () => {
    await expect(answers.answer(answerWith({ type: 'text', text: 'hello' }), 'p')).rejects.toMatchObject({ code: 'text_not_allowed' });
    await expect(answers.answer(answerWith(option(0, 'Yes', { text: 'hello' })), 'p')).rejects.toMatchObject({ code: 'text_not_allowed' });
  });

  const TEXTS: [string, string, string][] = [
    ['empty', '', 'text_not_allowed'],
    ['blank', '   ', 'text_not_allowed'],
    ['100 KiB', 'x'.repeat(100 * 1024), 'too_long'],
    ['NUL', 'a\0b', 'control_chars_not_allowed'],
    ['ESC', 'a\x1b[A', 'control_chars_not_allowed'],
    ['Ctrl-C', '\x03', 'control_chars_not_allowed'],
    ['Ctrl-D', 'a\x04', 'control_chars_not_allowed'],
    ['Ctrl-Z', '\x1a', 'control_chars_not_allowed'],
    ['CR', 'a\rb', 'control_chars_not_allowed'],
    ['the end of a bracketed paste', 'a\x1b[201~b', 'control_chars_not_allowed'],
    ['the 8-bit escape', 'a\x9bA', 'control_chars_not_allowed'],
    ['a line break in a one-line prompt', 'a\nb', 'control_chars_not_allowed'],
  ];
  for (const [name, text, code] of TEXTS)
    it(`BAD-54: free text with ${name} is ${code}`, async () => {
      journal.close();
      begin(asked({ kind: 'text', options: [], freeText: { option: null } }));
      await expect(answers.answer(answerWith({ type: 'text', text }), 'p')).rejects.toMatchObject({ code });
      expect(run.typed).toHaveLength(0);
    });

  it('BAD-54: a line break is typed where the prompt takes several lines', async () => {
    journal.close();
    begin(asked({ kind: 'text', options: [], freeText: { option: null, multiline: true } }));
    expect(await answers.answer(answerWith({ type: 'text', text: 'a\nb' }), 'p')).toMatchObject({ verdict: 'confirmed' });
  });

  it('BAD-55: with an id that was used for another answer is answer_id_conflict, and nothing is typed', async () => {
    const first = yes();
    await answers.answer(first, 'p');
    await expect(answers.answer({ ...first, choice: option(1, 'No') }, 'p')).rejects.toMatchObject({ code: 'answer_id_conflict' });
    expect(run.typed).toHaveLength(1);
  });

  it('expires while it waits for its turn', async () => {
    run.beforeTyping = () => {
      monotonic = 61_000;
    };
    expect(await answers.answer(yes(), 'p')).toMatchObject({ verdict: 'expired' });
    expect(run.typed).toHaveLength(0);
  });

  it('is refused with journal_unavailable where the disk takes no intent', async () => {
    journal.close();
    const broken = AnswerJournal.open(path.join(dir, 'nowhere'), () => undefined);
    answers = new Answers({ book, journal: broken, target: () => run, onVerdict: () => undefined, onTrouble: () => undefined });
    expect(await answers.answer(yes(), 'p')).toMatchObject({ verdict: 'journal_unavailable' });
    expect(run.typed).toHaveLength(0);
    expect(book.openOf('run1')?.qid).toBe(question.qid);
  });

  it('that could not be carried out says why, and the question stays open', async () => {
    run.unwritten = 'the highlight is not on option 2';
    const verdict = await answers.answer(answerWith(option(1, 'No')), 'p');
    expect(verdict).toMatchObject({ verdict: 'not_typed' });
    expect(verdict.message).toContain('the highlight');
    expect(book.openOf('run1')?.qid).toBe(question.qid);
  });

  it('tells that the agent does not read', async () => {
    run.failure = new ClawError('agent_not_reading', 'The agent does not read its input.');
    expect(await answers.answer(yes(), 'p')).toMatchObject({ verdict: 'agent_not_reading' });
  });

  it('whose typing failed half-way is unknown, and is never typed again', async () => {
    run.failure = new TypeError('boom');
    const answer = yes();
    expect(await answers.answer(answer, 'p')).toMatchObject({ verdict: 'unknown' });
    run.failure = null;
    expect(await answers.answer(answer, 'p')).toMatchObject({ verdict: 'unknown' });
    expect(await answers.answer(yes(), 'p')).toMatchObject({ verdict: 'already_answered' });
    expect(run.typed).toHaveLength(0);
  });

  it('dismisses what can be dismissed', async () => {
    expect(await answers.answer(answerWith({ type: 'dismiss' }), 'p')).toMatchObject({ verdict: 'confirmed' });
    journal.close();
    const { dismiss: _no, ...fixed } = asked();
    begin(fixed);
    expect(await answers.answer(answerWith({ type: 'dismiss' }), 'p')).toMatchObject({ verdict: 'bad_choice' });
  });
});

describe('the question book', () => {
  const again = (options: { forget?: boolean; doubted?: Set<string> } = {}): QuestionBook =>
    new QuestionBook({ directory: path.join(dir, 'open'), forget: false, onChange: () => undefined, note: () => undefined, ...options });

  it('gives the question that stands the same id after a restart', () => {
    expect(again().appeared(facts, standing(asked(), 'x1'), 0)).toMatchObject({ qid: question.qid, rev: 1, openedAt: question.openedAt });
  });

  it('gives a fresh id where somebody typed at the desk while no daemon looked', () => {
    expect(again().appeared(facts, standing(asked(), 'x1'), 1).qid).not.toBe(question.qid);
  });

  it('gives a fresh id to another text, to a second appearance, after an answer, after a damaged journal, in doubt', async () => {
    expect(again().appeared(facts, standing(asked({ detail: 'other' }), 'x1'), 0).qid).not.toBe(question.qid);
    const restarted = again();
    restarted.appeared(facts, standing(asked(), 'x1'), 0);
    restarted.vanished('run1', 'x1', { type: 'closed', reason: 'superseded', atMs: 1 });
    expect(restarted.appeared(facts, standing(asked(), 'x2'), 0).qid).not.toBe(question.qid);
    begin();
    expect(again({ forget: true }).appeared(facts, standing(asked(), 'x1'), 0).qid).not.toBe(question.qid);
    begin();
    expect(again({ doubted: new Set([question.qid]) }).appeared(facts, standing(asked(), 'x1'), 0).qid).not.toBe(question.qid);
    begin();
    await answers.answer(yes(), 'p');
    expect(again().appeared(facts, standing(asked(), 'x1'), 0).qid).not.toBe(question.qid);
  });

  it('remembers the next question also when the verdict on the last one comes after it', () => {
    book.apply('run1', question.qid, { type: 'typed', by: 'p', atMs: 1 });
    book.vanished('run1', 'd1', { type: 'closed', reason: 'superseded', atMs: 2 });
    const second = book.appeared(facts, standing(asked({ text: 'And now?' }), 'd2'), 0);
    book.apply('run1', question.qid, { type: 'verdict', verdict: 'confirmed' });
    expect(again().appeared(facts, standing(asked({ text: 'And now?' }), 'x1'), 0).qid).toBe(second.qid);
  });

  it('never has two open questions in one run', () => {
    book.vanished('run1', 'd1', { type: 'closed', reason: 'superseded', atMs: 1 });
    book.appeared(facts, standing(asked(), 'd2'), 0);
    expect(book.all().filter((q) => q.state.state === 'open')).toHaveLength(1);
  });

  it('starts with a remembered question that is not readable, and says so', () => {
    fs.writeFileSync(path.join(dir, 'open', 'run1.json'), '{"v":1,', { mode: 0o600 });
    const notes: string[] = [];
    const fresh = new QuestionBook({
      directory: path.join(dir, 'open'),
      forget: false,
      onChange: () => undefined,
      note: (text) => notes.push(text),
    });
    expect(fresh.appeared(facts, standing(asked(), 'x1'), 0).qid).not.toBe(question.qid);
    expect(notes).toHaveLength(1);
  });
});
