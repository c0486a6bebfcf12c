/**
 * What the screens may do: ask a machine, answer a card, come in and leave. They know nothing of links, channels or stores. The session itself is
 * live.ts's, which comes after the first picture: what is tapped before that waits for it.
 */
import { randomId } from '../shared/bytes.ts';
import { asClawError, ClawError } from '../shared/errors.ts';
import type { Answer, ArgsOf, CommandName, Question, ResultOf } from '../shared/protocol.ts';
import type { Choice } from '../shared/question.ts';
import { isRisky, widens } from './account/risk.ts';
import { hintedHere } from './here.ts';
import { app, apply, report } from './state.ts';
import { ANSWER_TTL_S } from './store/answer-terms.ts';
import { type OutboxItem, outboxStore, stored, vault } from './store/database.ts';

export interface PageSession {
  ask<C extends CommandName>(machine: string, cmd: C, args: ArgsOf<C>, deadlineMs?: number): Promise<ResultOf<C>>;
  outbox: { post(item: OutboxItem, volatile?: boolean): Promise<void>; takeBack(answerId: string): Promise<boolean> };
  nudge(): void;
  stop(): void;
}

let session: PageSession | null = null;
/** There will be no session on this page. */
let hopeless = false;
/** What was tapped before there was a session; null: there will be none. */
let heard: ((session: PageSession | null) => void)[] = [];

/** The session that the screens talk to from now on: live.ts's, or the fixture page's. */
export function use(other: PageSession | null): void {
  session = other;
  hopeless = false;
  const waiting = heard;
  heard = [];
  for (const tell of waiting) tell(other);
}

function giveUp(): void {
  use(null);
  hopeless = true;
}

/** Everything that a first picture does without. */
export const live = () => import('./live.ts');

/** Takes up the account that this device has, or shows the door. */
export async function boot(): Promise<void> {
  if (!hintedHere()) apply({ type: 'signed_out' });
  try {
    const from = await stored();
    if (!from) return apply({ type: 'signed_out' });
    // What was known last is shown before a single signature has been checked or a single byte has come.
    apply({ type: 'signed_in', account: from.account, deviceId: from.identity.id });
    apply({ type: 'machines', ids: from.machines.map((m) => m.id) });
    for (const { id, snapshot, savedAtMs } of from.machines) apply({ type: 'machine.restored', machine: id, snapshot, savedAtMs });
    const part: Awaited<ReturnType<typeof live>> | undefined = await live().catch((cause: unknown) => {
      throw new ClawError('page_incomplete', 'A part of this page could not be loaded: nothing can be sent.', {
        hint: 'Reload it once there is a network.',
        cause,
      });
    });
    // Undefined where the page reloads itself for it (main.tsx).
    await part?.begin(from);
  } catch (thrown) {
    const error = asClawError(thrown);
    // Still somebody's device: what was known stays in view.
    if (error.code === 'page_incomplete') giveUp();
    else apply({ type: 'signed_out' });
    report(error);
  }
}

export const signOut = async (): Promise<void> => (await live()).signOut();

export const nudge = (): void => session?.nudge();

/** A risky command waits for the device check, where there is one. Throws `check_*`, `peer_offline`, and what the machine says. */
export async function ask<C extends CommandName>(machine: string, cmd: C, args: ArgsOf<C>, deadlineMs?: number): Promise<ResultOf<C>> {
  if (isRisky(cmd, args)) await passCheck();
  if (!session) throw new ClawError('peer_offline', 'Not connected.');
  return session.ask(machine, cmd, args, deadlineMs);
}

/** `ask` for a button: failures are shown, and give undefined. */
export async function tryAsk<C extends CommandName>(machine: string, cmd: C, args: ArgsOf<C>): Promise<ResultOf<C> | undefined> {
  try {
    return await ask(machine, cmd, args);
  } catch (error) {
    report(asClawError(error));
    return undefined;
  }
}

/** Nothing on this page may answer but a person's tap (security.md T-22). */
const tapped = (): boolean => navigator.userActivation?.isActive ?? true;

/** Cards whose answer is being written down: a second tap in that moment is the same one. */
const busy = new Set<string>();

/** Sends the answer on its way; the card follows it through the state. `what` is shown to the person. */
export async function answer(machine: string, question: Question, choice: Choice, what: string): Promise<void> {
  const card = `${machine}/${question.qid}/${question.rev}`;
  if (!tapped() || busy.has(card)) return;
  busy.add(card);
  try {
    await answerOnce(machine, question, choice, what);
  } finally {
    busy.delete(card);
  }
}

async function answerOnce(machine: string, question: Question, choice: Choice, what: string): Promise<void> {
  if (widens(question.question, choice)) {
    try {
      await passCheck();
    } catch (error) {
      return report(asClawError(error));
    }
  }
  const message: Answer = {
    answerId: randomId(),
    run: question.run,
    qid: question.qid,
    rev: question.rev,
    digest: question.digest,
    choice,
    ttlS: ANSWER_TTL_S,
  };
  const item: OutboxItem = {
    answerId: message.answerId,
    machine,
    answer: message,
    what,
    createdAtMs: Date.now(),
    sentAtMs: null,
    verdict: null,
  };
  navigator.vibrate?.(10);
  const secret = question.question.kind === 'password';
  // Kept and said at once, also while the session is still being made, which takes it up.
  if (!session) {
    if (!secret) await outboxStore.put(item).catch(() => undefined);
    apply({ type: 'answer', item });
  }
  const to = session ?? (hopeless ? null : await new Promise<PageSession | null>((resolve) => heard.push(resolve)));
  if (!to) {
    const { answerId, run, qid } = message;
    await outboxStore.remove(answerId).catch(() => undefined);
    const verdict = { answerId, run, qid, verdict: 'not_typed', message: 'It did not leave this device.' } as const;
    if (app.value.phase === 'signed_in') apply({ type: 'answer', item: { ...item, verdict } });
    return;
  }
  // Who taps here wants this window, whichever has the line.
  if (app.value.link.state === 'replaced') to.nudge();
  await to.outbox.post(item, secret);
}

/** Where this device is set to ask who holds it: asks. Throws `check_*` where that was not its owner, or could not be asked. */
async function passCheck(): Promise<void> {
  const record = await vault.get('deviceCheck');
  if (!record) return;
  const { checkOwner } = await import('./account/device-check.ts');
  await checkOwner(record);
}

export const takeBack = (answerId: string): Promise<boolean> => session?.outbox.takeBack(answerId) ?? Promise.resolve(false);
