/**
 * What the screens may do: sign in and out, ask a machine, answer a card, follow an output. Holds the one session of this page; the
 * screens know nothing of links, channels or stores.
 */
import { signal } from '@preact/signals';
import { randomId } from '../shared/bytes.ts';
import { verifyList } from '../shared/device-list.ts';
import type { EnrolmentOffer } from '../shared/enrolment.ts';
import { asClawError, ClawError } from '../shared/errors.ts';
import type { Answer, ArgsOf, CommandName, Question, ResultOf } from '../shared/protocol.ts';
import type { Choice } from '../shared/question.ts';
import type { OutputChunk } from '../shared/wire.ts';
import { defaultDeviceName } from './account/device-name.ts';
import type { Credentials, Joined } from './account/join.ts';
import type { OutputFeed } from './machine/output-feed.ts';
import type { SecurityWatch } from './security-watch.ts';
import { Session, type Stored, stored } from './session.ts';
import { app, apply, report } from './state.ts';
import { type AccountRecord, machineStore, type OutboxItem, vault, wipe } from './store/database.ts';
import { forgetDrafts } from './store/drafts.ts';
import { ANSWER_TTL_S } from './store/outbox.ts';
import { saveStates, stopSaving } from './store/saved-states.ts';

export interface PageSession {
  ask<C extends CommandName>(machine: string, cmd: C, args: ArgsOf<C>, deadlineMs?: number): Promise<ResultOf<C>>;
  outbox: { post(item: OutboxItem, volatile?: boolean): Promise<void>; takeBack(answerId: string): Promise<boolean> };
  nudge(): void;
  stop(): void;
}

let session: PageSession | null = null;
let live: Session | null = null;
let watch: SecurityWatch | null = null;
/** Who follows an output, and on which machine (machine/follow.ts). */
export const feeds = new Map<OutputFeed, string>();

/** The device list as it stands, for the Devices screen. */
export const listVersion = signal(0);
export const membership = () => live?.member ?? null;
export const relayTokens = () => live?.tokens ?? null;

/** Gives the screens another session: the fixture page's. */
export function use(other: PageSession): void {
  session = other;
}

/** Says before any database is open whether somebody is signed in here: what to draw first. Nothing else depends on it. */
const HINT = 'clawtab-here';
function hinted(): boolean {
  try {
    return localStorage.getItem(HINT) !== null;
  } catch {
    return true;
  }
}
function hint(): void {
  try {
    localStorage.setItem(HINT, '1');
  } catch {
    // Only the first frame of the next start is the poorer for it.
  }
}

/** Takes up the account that this device has, or shows the door. */
export async function boot(): Promise<void> {
  if (!hinted()) apply({ type: 'signed_out' });
  try {
    const [from, saved] = await Promise.all([stored(), machineStore.all().catch(() => [])]);
    if (!from) return apply({ type: 'signed_out' });
    // What was known last is shown before a single signature has been checked or a single byte has come.
    apply({ type: 'signed_in', account: from.account, deviceId: from.identity.id });
    apply({ type: 'machines', ids: saved.map((m) => m.id) });
    for (const { id, snapshot, savedAtMs } of saved) apply({ type: 'machine.restored', machine: id, snapshot, savedAtMs });
    await begin(from);
  } catch (error) {
    apply({ type: 'signed_out' });
    report(asClawError(error));
  }
}

/** Output of a machine goes to whoever follows one of its runs. */
export function deliver(machine: string, chunk: OutputChunk): void {
  for (const [feed, of] of feeds) if (of === machine) feed.chunk(chunk);
}

async function begin(from: Stored): Promise<void> {
  const next = await Session.open(
    {
      origin: location.origin,
      client: 'pwa',
      watching: () => document.visibilityState === 'visible',
      emit: (event) => {
        apply(event);
        if (event.type === 'machines') listVersion.value++;
        if (event.type === 'link' && event.state.state === 'signed_out') void turnedAway(event.state.error);
      },
      onChunk: deliver,
      onStream: (machine, event) => {
        for (const [feed, of] of feeds) if (of === machine) feed.event(event);
      },
      onWord: () => void watch?.look(),
      onReady: (machine) => {
        for (const [feed, of] of feeds) if (of === machine) void feed.open();
        if (globalThis.Notification?.permission === 'granted')
          void import('./push.ts').then(({ tellMachine }) => tellMachine(machine)).catch((error: unknown) => report(asClawError(error)));
      },
    },
    from,
  );
  live = next;
  session = next;
  void watchOver(next);
  hint();
  saveStates();
  next.start();
  void navigator.storage?.persist?.().catch(() => false);
}

/** What happens to the account is told here, once. Not of the first file: nothing waits for it. */
async function watchOver(over: Session): Promise<void> {
  const { securityWatch } = await import('./security-watch.ts');
  if (live !== over) return;
  watch = securityWatch(over, () => live === over);
  await watch.look();
}

/** Removed on purpose: everything here goes. Any other refusal leaves it, and the banner offers the way back. */
async function turnedAway(error: ClawError): Promise<void> {
  if (error.code !== 'revoked') return;
  await forget();
  report(new ClawError('revoked', 'This device was removed from the account. Everything on it has been wiped.'));
}

async function forget(): Promise<void> {
  live?.stop();
  live = null;
  session = null;
  watch = null;
  feeds.clear();
  stopSaving();
  forgetDrafts();
  apply({ type: 'signed_out' });
  await unsubscribePush();
  await wipe();
  const kept = await caches.keys().catch((): string[] => []);
  await Promise.all(kept.filter((name) => !name.includes('precache')).map((name) => caches.delete(name)));
}

/** A device that has left must not be told anything more. */
async function unsubscribePush(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  const subscription = await registration?.pushManager?.getSubscription().catch(() => null);
  await subscription?.unsubscribe().catch(() => false);
  for (const shown of (await registration?.getNotifications().catch(() => [])) ?? []) shown.close();
}

export async function signOut(): Promise<void> {
  await forget();
}

async function joined({ identity, trusted, email, deviceToken }: Joined): Promise<void> {
  const account: AccountRecord = {
    account: trusted.list.account,
    ask: trusted.list.ask,
    email,
    deviceName: defaultDeviceName(navigator.userAgent),
  };
  await wipe();
  await vault.setAll({ identity, account, list: trusted.signed, deviceToken });
  await begin({ identity, account, list: trusted.signed });
}

/** Needed once in a device's life: it comes when it is needed. */
const joining = () => import('./account/join.ts');

export async function createAccount(who: Credentials, offer: EnrolmentOffer | null): Promise<void> {
  const { signUp } = await joining();
  await joined(await signUp(location.origin, who, offer));
}

export async function enter(who: Credentials, offer: EnrolmentOffer | null): Promise<void> {
  const { signIn } = await joining();
  await joined(await signIn(location.origin, who, offer));
}

/** Adds the machine of a link to the account of this device. */
export async function takeMachine(password: string, offer: EnrolmentOffer): Promise<void> {
  const member = live?.member;
  if (!member) throw new ClawError('login_required', 'This device is not signed in.');
  const { account, identity } = member;
  const pin = { account: account.account, ask: account.ask };
  const { addMachine } = await joining();
  watch?.doing(offer.id);
  const trusted = await addMachine(location.origin, { email: account.email, password }, identity, pin, offer);
  await verifyList(trusted.signed, pin);
  await member.offer(trusted.signed);
}

export async function rename(deviceName: string): Promise<void> {
  const member = live?.member;
  if (!member) return;
  Object.assign(member.account, { deviceName });
  await vault.set('account', { ...member.account, deviceName });
  apply({ type: 'renamed', deviceName });
  live?.nudge();
}

export function nudge(): void {
  session?.nudge();
  void watch?.look();
}

/** This device is about to remove that one. */
export const aboutToRemove = (device: string): void => watch?.doing(device);

export async function ask<C extends CommandName>(machine: string, cmd: C, args: ArgsOf<C>, deadlineMs?: number): Promise<ResultOf<C>> {
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

/** Sends the answer on its way; the card follows it through the state. `what` is shown to the person. */
export async function answer(machine: string, question: Question, choice: Choice, what: string): Promise<void> {
  if (!session || !tapped()) return;
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
  await session.outbox.post(item, question.question.kind === 'password');
}

/** The worker has put an answer into the store: it goes out with the others. */
export async function takeUpOutbox(): Promise<void> {
  if (!live) return;
  await live.outbox.load();
  for (const machine of app.value.machines.values()) if (machine.status.state === 'connected') void live.outbox.flush(machine.id);
}

export const takeBack = (answerId: string): Promise<boolean> => session?.outbox.takeBack(answerId) ?? Promise.resolve(false);
