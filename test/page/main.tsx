/** The page with made-up state instead of a relay: `?scene=` chooses what is shown. For looking, not for testing behaviour. */
import '../../pwa/style/tokens.css';
import '../../pwa/style/base.css';
import '../../pwa/style/parts.css';
import '../../pwa/style/screens.css';
import { render } from 'preact';
import { offered } from '../../pwa/account/offer.ts';
import { App } from '../../pwa/app.tsx';
import { use } from '../../pwa/client.ts';
import { deliver } from '../../pwa/machine/follow.ts';
import { apply } from '../../pwa/state.ts';
import { makeEnrolmentOffer } from '../../shared/enrolment.ts';
import { createSigningKey } from '../../shared/keys.ts';
import type { ArgsOf, CommandName, ResultOf } from '../../shared/protocol.ts';
import { AUDIT, JOBS_A, MACHINES, MORE, OUTPUT, POLICIES, QUESTIONS_A, RUNS_A, RUNS_B, SCREEN, snapshotOf } from './fixtures.ts';

const scene = new URLSearchParams(location.search).get('scene') ?? 'full';

async function fake<C extends CommandName>(machine: string, cmd: C, args: ArgsOf<C>): Promise<ResultOf<C>> {
  const replies: Partial<Record<CommandName, unknown>> = {
    'runs.screen': { cols: 100, rows: 30, offset: OUTPUT.length, text: SCREEN, ansi: SCREEN.join('\r\n') },
    'runs.subscribe': { stream: 1, epoch: 'e', start: 0, end: OUTPUT.length, from: 0 },
    'devices.list': { devices: [], words: '' },
    'runs.history': { runs: [] },
    'push.devices': { devices: [] },
    'policies.list': { policies: POLICIES },
    'audit.list': { entries: AUDIT, intact: true },
  };
  if (cmd === 'runs.subscribe' && (args as ArgsOf<'runs.subscribe'>).from === undefined)
    setTimeout(() => {
      const bytes = new TextEncoder().encode(OUTPUT);
      deliver(machine, { stream: 1, offset: 0, bytes });
    }, 50);
  return (replies[cmd] ?? {}) as ResultOf<C>;
}

const session = {
  ask: fake,
  outbox: { post: async (item: never) => apply({ type: 'answer', item }), takeBack: async () => true },
  nudge: () => undefined,
  stop: () => undefined,
};

// For measuring from outside.
Object.assign(window, { deliver });

async function show(): Promise<void> {
  use(session as never);
  if (scene === 'welcome' || scene === 'offer') {
    if (scene === 'offer')
      offered.value = await makeEnrolmentOffer({ kind: 'daemon', pub: (await createSigningKey()).publicRaw, name: 'tatami' });
    apply({ type: 'signed_out' });
    return;
  }
  const account = { account: 'a', ask: 'BAAA', email: 'ada@example.com', deviceName: 'Ada’s phone' };
  apply({ type: 'signed_in', account, deviceId: 'phone-1' });
  apply({ type: 'link', state: { state: 'online', connection: 7 } });
  if (scene === 'none') {
    apply({ type: 'machines', ids: [] });
    return;
  }
  apply({ type: 'machines', ids: MACHINES.map((m) => m.id) });
  const [a, b] = MACHINES as [(typeof MACHINES)[0], (typeof MACHINES)[0]];
  const extra = MORE[scene];
  const questions = scene === 'empty' ? [] : extra ? [extra] : QUESTIONS_A;
  const runs = scene === 'empty' ? RUNS_A.filter((r) => r.status.state === 'ended') : RUNS_A;
  const atMs = Date.now();
  apply({ type: 'machine.event', machine: a.id, atMs, event: { event: 'snapshot', data: snapshotOf(a, runs, JOBS_A, questions) } });
  apply({
    type: 'machine.event',
    machine: b.id,
    atMs,
    event: { event: 'snapshot', data: snapshotOf(b, scene === 'empty' ? [] : RUNS_B, [], []) },
  });
  apply({ type: 'machine.status', machine: a.id, status: { state: 'connected' } });
  apply({ type: 'machine.status', machine: b.id, status: { state: scene === 'silent' ? 'silent' : 'connected' } });
}

void show().then(() => {
  const root = document.getElementById('app');
  if (root) render(<App />, root);
});
