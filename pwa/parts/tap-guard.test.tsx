// @vitest-environment happy-dom
/** Every button of a card waits out the first moment, whatever it is for. */
import { render } from 'preact';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Question } from '../../shared/protocol.ts';
import type { ParsedQuestion } from '../../shared/question.ts';
import { use } from '../client.ts';
import { app, apply } from '../state.ts';
import { OptionList } from './option-list.tsx';
import { QuestionCard } from './question-card.tsx';
import { GUARD_MS } from './tap-guard.ts';

const BASE: ParsedQuestion = {
  kind: 'permission',
  title: 'Bash command',
  text: 'Do you want to proceed?',
  detail: 'ls',
  detailKind: 'command',
  options: [
    { label: 'Yes', keys: ['1'] },
    { label: 'Always', keys: ['2'], dangerous: true },
    { label: 'No', keys: ['3'] },
  ],
  freeText: { option: 2 },
  dismiss: { keys: ['esc'], effect: 'says no' },
  source: 'screen',
};
const page = { title: 'One', text: 'Which?', multi: false, options: [{ label: 'a' }] };
const CARDS: Record<string, ParsedQuestion> = {
  'a permission with words beside an option': BASE,
  ticks: {
    ...BASE,
    kind: 'multiselect',
    freeText: { option: null },
    options: [...BASE.options, { label: 'Send', keys: ['enter'], submit: true }],
  },
  'a form': { ...BASE, kind: 'choice', form: [page, { ...page, title: 'Two' }] },
  'a line of text': { ...BASE, kind: 'text', options: [], freeText: { option: null } },
  'a password': { ...BASE, kind: 'password', options: [], freeText: { option: null } },
};

let root: HTMLElement;
const posted: string[] = [];

const questionOf = (question: ParsedQuestion, rev = 1): Question => ({
  qid: 'q',
  run: 'r',
  rev,
  digest: `d${rev}`,
  labelDigests: question.options.map(() => 'l'),
  question,
  agent: 'demo',
  agentTitle: 'Demo',
  runName: 'a run',
  cwd: '/',
  openedAt: 1,
  state: { state: 'open' },
});

function show(question: ParsedQuestion, rev = 1): void {
  const asked = { machine: app.value.machines.get('m')!, question: questionOf(question, rev), answer: null };
  render(<QuestionCard asked={asked} above="" />, root);
}

const buttons = (): HTMLButtonElement[] => [...root.querySelectorAll('button')];
const named = (name: string): HTMLButtonElement => buttons().find((b) => b.textContent?.trim().startsWith(name))!;
const open = (): string[] => buttons().flatMap((b) => (b.getAttribute('aria-disabled') === 'true' ? [] : [b.textContent ?? '']));
const wait = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('the first moment of a card', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'requestAnimationFrame', 'cancelAnimationFrame'] });
    root = document.createElement('div');
    document.body.append(root);
    posted.length = 0;
    apply({ type: 'signed_in', account: { account: 'a', ask: 'k', email: 'e', deviceName: 'd' }, deviceId: 'p' });
    apply({ type: 'machines', ids: ['m'] });
    use({
      ask: () => Promise.reject(new Error('nobody')),
      outbox: { post: async (item) => void posted.push(item.what), takeBack: async () => false },
      nudge: () => undefined,
      stop: () => undefined,
    });
  });
  afterEach(() => {
    render(null, root);
    root.remove();
    vi.useRealTimers();
  });

  it.each(Object.entries(CARDS))('closes every button of %s, and opens it after', async (_name, question) => {
    show(question);
    expect(buttons().length).toBeGreaterThan(0);
    expect(open()).toEqual([]);
    await wait(GUARD_MS + 20);
    expect(open().length).toBe(buttons().length);
    // Repainted: closed again.
    show(question, 2);
    expect(open()).toEqual([]);
  });

  it('takes a bounce of the finger for no second tap on an option that widens rights', async () => {
    const chosen: string[] = [];
    render(
      <OptionList
        question={questionOf(BASE)}
        closed={false}
        admits={() => true}
        chosen={null}
        draftKey="k"
        choose={(_choice, what) => void chosen.push(what)}
      />,
      root,
    );
    await wait(1);
    for (const pauseMs of [50, 50, GUARD_MS]) {
      named('Always').click();
      await wait(pauseMs);
      expect(chosen).toEqual([]);
    }
    named('Always').click();
    expect(chosen).toEqual(['Always']);
  });

  it('lets nobody submit a form by tapping twice where “Review” stood', async () => {
    show({ ...BASE, kind: 'choice', form: [page] });
    await wait(GUARD_MS + 20);
    named('a').click();
    await wait(1);
    buttons()
      .findLast((b) => b.textContent === 'Review')!
      .click();
    await wait(20);
    named('Submit answers').click();
    await wait(20);
    expect(posted).toEqual([]);
    await wait(GUARD_MS);
    named('Submit answers').click();
    await wait(1);
    expect(posted).toEqual(['a']);
  });
});
