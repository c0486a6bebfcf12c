// @vitest-environment happy-dom
/** Every button and link of a card waits out the first moment, whatever it is for. */
import { render } from 'preact';
import { LocationProvider, Route, Router } from 'preact-iso';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Question } from '../../shared/protocol.ts';
import type { Choice, ParsedQuestion } from '../../shared/question.ts';
import { use } from '../client.ts';
import { Inbox } from '../screens/inbox.tsx';
import { app, apply } from '../state.ts';
import type { OutboxItem } from '../store/database.ts';
import { OptionList } from './option-list.tsx';
import { QuestionCard } from './question-card.tsx';
import { SameAnswer } from './same-answer.tsx';
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
const takenBack: string[] = [];

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

function show(question: ParsedQuestion, rev = 1, answer: OutboxItem | null = null): void {
  const asked = { machine: app.value.machines.get('m')!, question: questionOf(question, rev), answer };
  render(<QuestionCard asked={asked} above="" />, root);
}

/** An answer of this phone that still waits for its machine. */
const waiting = (choice: Choice): OutboxItem => ({
  answerId: 'a',
  machine: 'm',
  answer: { answerId: 'a', run: 'r', qid: 'q', rev: 1, digest: 'd1', choice, ttlS: 1 },
  what: 'Yes',
  createdAtMs: 1,
  sentAtMs: null,
  verdict: null,
});

type Acting = HTMLButtonElement | HTMLAnchorElement;
const buttons = (): Acting[] => [...root.querySelectorAll<Acting>('button, a')];
const named = (name: string): Acting => buttons().find((b) => b.textContent?.trim().startsWith(name))!;
const open = (): string[] => buttons().flatMap((b) => (b.getAttribute('aria-disabled') === 'true' ? [] : [b.textContent ?? '']));
const wait = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('the first moment of a card', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'requestAnimationFrame', 'cancelAnimationFrame'] });
    root = document.createElement('div');
    document.body.append(root);
    posted.length = 0;
    takenBack.length = 0;
    apply({ type: 'signed_in', account: { account: 'a', ask: 'k', email: 'e', deviceName: 'd' }, deviceId: 'p' });
    apply({ type: 'machines', ids: ['m'] });
    use({
      ask: () => Promise.reject(new Error('nobody')),
      outbox: { post: async (item) => void posted.push(item.what), takeBack: async (id) => takenBack.push(id) > 0 },
      nudge: () => undefined,
      stop: () => undefined,
    });
  });
  afterEach(() => {
    render(null, root);
    root.remove();
    vi.useRealTimers();
  });

  it.each(Object.entries(CARDS))('closes every button and link of %s, and opens it after', async (_name, question) => {
    show(question);
    expect(buttons().length).toBeGreaterThan(0);
    expect(open()).toEqual([]);
    await wait(GUARD_MS + 20);
    expect(open().length).toBe(buttons().length);
    // Repainted: closed again.
    show(question, 2);
    expect(open()).toEqual([]);
  });

  it.each(['View run', 'Make a rule'])('leads nowhere by “%s” in that moment, and then does', async (name) => {
    const followed: string[] = [];
    // As the router does: at the window, without a look at whether the browser was told to stay.
    const router = (event: Event): void => {
      followed.push((event.target as Element).textContent ?? '');
      event.preventDefault();
    };
    addEventListener('click', router);
    show(BASE);
    const first = new MouseEvent('click', { bubbles: true, cancelable: true });
    named(name).dispatchEvent(first);
    expect(first.defaultPrevented).toBe(true);
    expect(followed).toEqual([]);
    await wait(GUARD_MS + 20);
    named(name).click();
    expect(followed).toEqual([name]);
    removeEventListener('click', router);
  });

  it('lets an answer be taken back at once after the tap that gave it, and not in the first moment of another card', async () => {
    show(BASE);
    await wait(GUARD_MS + 20);
    // One's own tap rewrites nothing that was asked.
    show(BASE, 1, waiting({ type: 'option', index: 0, labelDigest: 'l' }));
    named('Take back').click();
    expect(takenBack).toEqual(['a']);
    // The agent has asked again meanwhile.
    show(BASE, 2, waiting({ type: 'option', index: 0, labelDigest: 'l' }));
    named('Take back').click();
    expect(takenBack).toEqual(['a']);
    await wait(GUARD_MS + 20);
    named('Take back').click();
    expect(takenBack).toEqual(['a', 'a']);
  });

  it('dismisses nothing by a second tap where “Take back” stood', async () => {
    show(BASE, 1, waiting({ type: 'option', index: 0, labelDigest: 'l' }));
    await wait(GUARD_MS + 20);
    named('Take back').click();
    show(BASE);
    named('Dismiss').click();
    named('View run').click();
    await wait(20);
    expect(posted).toEqual([]);
    // What did not move is open.
    expect(open()).toEqual(expect.arrayContaining(['Yes', 'No']));
    await wait(GUARD_MS);
    named('Dismiss').click();
    await wait(1);
    expect(posted).toEqual(['Dismissed']);
  });

  it('neither gives nor declines the same answer before it can have been read', async () => {
    const asked = { machine: app.value.machines.get('m')!, question: questionOf(BASE), answer: null };
    let declined = 0;
    const offer = { same: [{ asked, index: 0 }], key: 'q/1', decline: () => void declined++ };
    render(<SameAnswer offer={offer} />, root);
    const tapBoth = async (): Promise<void> => {
      named('Same answer').click();
      named('One by one').click();
      await wait(1);
    };
    await tapBoth();
    expect([posted, declined]).toEqual([[], 0]);
    await wait(GUARD_MS + 20);
    await tapBoth();
    expect([posted, declined]).toEqual([['Yes'], 1]);
  });

  it('closes the cards of the inbox when what stands over them comes or goes', async () => {
    const about = { id: 'm', name: 'desk', platform: 'linux', version: '1', agents: [], roots: [] };
    const two = ['q', 'other'].map((qid) => ({ ...questionOf(BASE), qid, run: qid, openedAt: Date.now() }));
    const snapshot = { machine: about, jobs: [], runs: [], questions: two, seq: 1, nowMs: Date.now() };
    apply({ type: 'machine.event', machine: 'm', event: { event: 'snapshot', data: snapshot }, atMs: Date.now() });
    apply({ type: 'machine.status', machine: 'm', status: { state: 'connected' } });
    apply({ type: 'link', state: { state: 'online', connection: 1 } });
    const inbox = (
      <LocationProvider>
        <Router>
          <Route path="/" component={Inbox} />
          <Route default component={Inbox} />
        </Router>
      </LocationProvider>
    );
    render(inbox, root);
    const yes = (): (boolean | undefined)[] =>
      buttons().flatMap((b) => (b.textContent === 'Yes' ? [b.getAttribute('aria-disabled') !== 'true'] : []));
    await wait(GUARD_MS + 20);
    expect(yes()).toEqual([true, true]);
    // The banner.
    for (const link of [{ state: 'connecting' }, { state: 'online', connection: 2 }] as const) {
      apply({ type: 'link', state: link });
      await wait(20);
      expect(yes(), link.state).toEqual([false, false]);
      await wait(GUARD_MS);
      expect(yes(), link.state).toEqual([true, true]);
    }
    // The same answer is offered after one: the card under it has moved.
    apply({ type: 'answer', item: { ...waiting({ type: 'option', index: 0, labelDigest: 'l' }), createdAtMs: Date.now() } });
    await wait(20);
    expect(named('Same answer')).toBeDefined();
    expect(yes()).toEqual([false, false]);
    await wait(GUARD_MS);
    expect(yes()).toEqual([false, true]);
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
