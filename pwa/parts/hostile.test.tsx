// @vitest-environment happy-dom
/** Everything an agent or a machine may say, in every field that is shown: it stays text. */
import { render } from 'preact';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ClawError } from '../../shared/errors.ts';
import type { Question, Run } from '../../shared/protocol.ts';
import type { ParsedQuestion } from '../../shared/question.ts';
import { app, apply, type MachineState } from '../state.ts';
import type { OutboxItem } from '../store/database.ts';
import { AnsiLines } from '../text/ansi.ts';
import { visibleText } from '../text/visible.ts';
import { ConnectionBanner } from './connection.tsx';
import { Plan } from './detail.tsx';
import { Notices } from './notices.tsx';
import { QuestionCard } from './question-card.tsx';
import { RunRow } from './run-row.tsx';
import { StyledLine } from './styled-line.tsx';
import { PAYLOADS } from './test-hostile.ts';

/** The only elements that the page itself makes for these. */
const ALLOWED = new Set(
  'A ARTICLE BDI BR BUTTON CODE DIV DL DT DD FIELDSET H2 H3 INPUT LABEL LI OL P PATH PRE SECTION SPAN STRONG SVG TEXTAREA TIME UL'.split(
    ' ',
  ),
);

function machine(): MachineState {
  return app.value.machines.get('m')!;
}

function questionOf(text: string, kind: ParsedQuestion['kind'], detailKind: NonNullable<ParsedQuestion['detailKind']>): Question {
  return {
    qid: 'q',
    run: 'r',
    rev: 1,
    digest: 'd',
    labelDigests: ['l', 'l', 'l'],
    question: {
      kind,
      title: text,
      text,
      detail: text,
      detailKind,
      note: text,
      ...(kind === 'permission' ? { freeText: { option: 0 } } : {}),
      options: [
        { label: text, description: text, keys: ['1'] },
        { label: `${text} `, keys: ['2'], freeText: true },
        { label: `${text}  `, keys: ['3'], submit: kind === 'multiselect' },
      ],
      tabs: [{ title: text, answered: true, current: true }],
      ...(kind === 'choice' ? { form: [{ title: text, text, multi: true, options: [{ label: text, description: text }] }] } : {}),
      dismiss: { keys: ['esc'], effect: text },
      source: 'screen',
    },
    agent: text,
    agentTitle: text,
    runName: text,
    cwd: text,
    openedAt: 1,
    state: { state: 'open' },
  };
}

const runOf = (text: string): Run => ({
  run: 'r',
  name: text,
  agent: text,
  agentTitle: text,
  argv: [text],
  cwd: text,
  status: { state: 'working' },
  startedAt: 1,
  lastActivityAt: 1,
  startedBy: text,
  cols: 80,
  rows: 24,
  atDesk: false,
  output: { epoch: 'e', start: 0, end: 0 },
});

/** This phone's answer, refused with the machine's reason. */
const answered = (text: string): OutboxItem => ({
  answerId: 'a',
  machine: 'm',
  answer: { answerId: 'a', run: 'r', qid: 'q', rev: 1, digest: 'd', choice: { type: 'text', text }, ttlS: 1 },
  what: text,
  createdAtMs: 1,
  sentAtMs: 1,
  verdict: { answerId: 'a', run: 'r', qid: 'q', verdict: 'not_typed', message: text },
});

function check(root: HTMLElement): void {
  for (const element of root.querySelectorAll('*')) {
    expect(ALLOWED.has(element.tagName.toUpperCase()), `<${element.tagName}>`).toBe(true);
    for (const { name, value } of element.attributes) {
      expect(name.startsWith('on'), name).toBe(false);
      if (name === 'href') expect(value).toMatch(/^(?:\/[a-z]|https?:\/\/)/i);
      expect(name === 'src' || name === 'srcdoc' || name === 'style', `${name}=${value}`).toBe(false);
    }
  }
}

describe('hostile strings', { timeout: 120_000 }, () => {
  let root: HTMLElement;
  beforeAll(() => {
    apply({ type: 'signed_in', account: { account: 'a', ask: 'k', email: 'e', deviceName: 'd' }, deviceId: 'p' });
    apply({ type: 'machines', ids: ['m'] });
  });
  afterEach(() => {
    render(null, root);
    root.remove();
    expect((globalThis as { pwned?: number }).pwned).toBeUndefined();
  });
  const show = (node: preact.VNode): HTMLElement => {
    root = document.createElement('div');
    document.body.append(root);
    render(node, root);
    return root;
  };

  it('are three hundred', () => {
    show(<p />);
    expect(PAYLOADS).toHaveLength(300);
  });

  it.each([
    ['permission', 'command'],
    ['permission', 'diff'],
    ['plan', 'plan'],
    ['multiselect', 'text'],
    ['choice', 'text'],
    ['text', 'text'],
  ] as const)('stay text in every field of a %s card with a %s', (kind, detailKind) => {
    for (const payload of PAYLOADS) {
      const about = { id: 'm', name: payload, platform: payload, version: payload, agents: [], roots: [payload] };
      const snapshot = { machine: about, jobs: [], runs: [], questions: [], seq: 1, nowMs: Date.now() };
      apply({ type: 'machine.event', machine: 'm', event: { event: 'snapshot', data: snapshot }, atMs: Date.now() });
      const asked = { machine: machine(), question: questionOf(payload, kind, detailKind), answer: answered(payload) };
      const element = show(<QuestionCard asked={asked} above="" />);
      check(element);
      render(null, element);
      element.remove();
    }
  });

  it('stay text in notices and in the banner of a machine that refuses', () => {
    apply({ type: 'link', state: { state: 'online', connection: 1 } });
    for (const payload of PAYLOADS) {
      const about = { id: 'm', name: payload, platform: 'linux', version: '1', agents: [], roots: [] };
      const snapshot = { machine: about, jobs: [], runs: [], questions: [], seq: 1, nowMs: Date.now() };
      apply({ type: 'machine.event', machine: 'm', event: { event: 'snapshot', data: snapshot }, atMs: Date.now() });
      apply({ type: 'machine.status', machine: 'm', status: { state: 'refused', error: new ClawError('e2e_refused', payload) } });
      apply({ type: 'notice', level: 'error', text: payload, hint: payload });
      const element = show(
        <div>
          <Notices />
          <ConnectionBanner />
        </div>,
      );
      check(element);
      expect(element.querySelectorAll('.notice, .banner').length).toBeGreaterThan(1);
      for (const { id } of app.value.notices) apply({ type: 'notice.dismissed', id });
      render(null, element);
      element.remove();
    }
  });

  it('stay text in rows, plans and terminal lines, and can still be read', () => {
    for (const payload of PAYLOADS) {
      const lines: string[] = [];
      const ansi = new AnsiLines({ line: (line) => lines.push(line) });
      ansi.text(`${payload}\n`);
      const element = show(
        <div>
          <RunRow machine={machine()} run={runOf(payload)} />
          <div class="plan-under-test">
            <Plan text={payload} />
          </div>
          <div class="line-under-test">
            {lines.map((line) => (
              <StyledLine key={line} line={line} />
            ))}
          </div>
        </div>,
      );
      check(element);
      if (!/[\n\u001b]/.test(payload) && !payload.includes('://'))
        expect(element.querySelector('.line-under-test')?.textContent).toBe(visibleText(payload));
      render(null, element);
      element.remove();
    }
  });
});
