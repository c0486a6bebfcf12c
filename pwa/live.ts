/**
 * The signed-in device of this page: its one session, how it comes to be and how it ends. Loaded after the first picture; what the screens may
 * ask of it is client.ts's, what it shows is state.ts's.
 */
import { signal } from '@preact/signals';
import type { EnrolmentOffer } from '../shared/enrolment.ts';
import { asClawError, ClawError } from '../shared/errors.ts';
import { defaultDeviceName } from './account/device-name.ts';
import type { Credentials, Joined, SeenOffer } from './account/join.ts';
import { matching } from './account/offer.ts';
import { use } from './client.ts';
import { rememberHere } from './here.ts';
import { deliver, deliverEvent, forgetFeeds, openFeeds } from './machine/follow.ts';
import { type SecurityWatch, securityWatch } from './security-watch.ts';
import { Session } from './session.ts';
import { app, apply, report } from './state.ts';
import { type AccountRecord, type Stored, settle, vault, wipe } from './store/database.ts';
import { forgetDrafts } from './store/drafts.ts';
import { saveStates, stopSaving } from './store/saved-states.ts';

let live: Session | null = null;
/** What happens to the account is told here, once. */
let watch: SecurityWatch | null = null;
/** Grows with each beginning and each end: what was begun before is not gone on with. */
let turn = 0;

/** The device list as it stands, for the Devices screen. */
export const listVersion = signal(0);
export const membership = () => live?.member ?? null;
export const relayTokens = () => live?.tokens ?? null;
/** This device is about to remove that one. */
export const aboutToRemove = (device: string): void => watch?.doing(device);

/** What other windows of this device do, this one follows. */
const windows = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('clawtab');
windows?.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (data === 'signed_out') leave();
});

export async function begin(from: Stored): Promise<void> {
  const mine = ++turn;
  const next = await Session.open(
    {
      origin: location.origin,
      client: 'pwa',
      watching: () => document.visibilityState === 'visible',
      emit: (event) => {
        if (mine !== turn) return;
        apply(event);
        if (event.type === 'machines') listVersion.value++;
        if (event.type === 'link' && event.state.state === 'signed_out') void turnedAway(event.state.error);
      },
      onChunk: deliver,
      onStream: deliverEvent,
      onWord: () => void watch?.look(),
      onReady: (machine) => {
        openFeeds(machine);
        if (globalThis.Notification?.permission === 'granted')
          void import('./push.ts').then(({ tellMachine }) => tellMachine(machine)).catch((error: unknown) => report(asClawError(error)));
      },
    },
    from,
  );
  if (mine !== turn) return next.stop();
  live = next;
  watch = securityWatch(next, () => live === next);
  use({
    ask: (...request) => next.ask(...request),
    outbox: next.outbox,
    nudge: () => {
      next.nudge();
      void watch?.look();
    },
    stop: () => next.stop(),
  });
  rememberHere();
  saveStates();
  listVersion.value++;
  next.start();
  void watch.look();
  void navigator.storage?.persist?.().catch(() => false);
}

/** Removed on purpose: everything here goes. Any other refusal leaves it, and the banner offers the way back. */
async function turnedAway(error: ClawError): Promise<void> {
  if (error.code !== 'revoked') return;
  await signOut();
  report(new ClawError('revoked', 'This device was removed from the account. Everything on it has been wiped.'));
}

/** This window knows nothing any more. */
function leave(): void {
  turn++;
  live?.stop();
  live = null;
  watch = null;
  use(null);
  forgetFeeds();
  stopSaving();
  forgetDrafts();
  apply({ type: 'signed_out' });
}

export async function signOut(): Promise<void> {
  leave();
  windows?.postMessage('signed_out');
  const check = await vault.get('deviceCheck').catch(() => undefined);
  // Before anything that may hang: a push service, a cache, an authenticator.
  await wipe().catch((error: unknown) => report(asClawError(error)));
  await unsubscribePush();
  if (check) await import('./account/device-check.ts').then(({ disown }) => disown(check)).catch(() => undefined);
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

async function joined({ identity, trusted, email, deviceToken, match }: Joined, offer: EnrolmentOffer | undefined): Promise<void> {
  const account: AccountRecord = {
    account: trusted.list.account,
    ask: trusted.list.ask,
    email,
    deviceName: defaultDeviceName(navigator.userAgent),
  };
  await settle({ identity, account, list: trusted.signed, deviceToken });
  await begin({ identity, account, list: trusted.signed });
  if (offer) toMatch(offer, match);
}

/** The machine's person is asked for what this page shows. */
function toMatch({ id, name }: EnrolmentOffer, code: string | null): void {
  if (code !== null) matching.value = { machine: id, name, code };
}

/** Needed once in a device's life: it comes when it is needed. */
const joining = () => import('./account/join.ts');

export async function createAccount(who: Credentials, offer: EnrolmentOffer | null): Promise<void> {
  const { signUp } = await joining();
  await joined(await signUp(location.origin, who, offer), offer ?? undefined);
}

export async function enter(who: Credentials, seen: SeenOffer | null): Promise<void> {
  const { signIn } = await joining();
  await joined(await signIn(location.origin, who, seen), seen?.offer);
}

/** Adds the machine of a link to the account of this device. */
export async function takeMachine(password: string, seen: SeenOffer): Promise<void> {
  const member = live?.member;
  if (!member) throw new ClawError('login_required', 'This device is not signed in.');
  const { account, identity } = member;
  const { addMachine } = await joining();
  watch?.doing(seen.offer.id);
  const { trusted, match } = await addMachine(location.origin, { email: account.email, password }, identity, member.trusted(), seen);
  await member.offer(trusted.signed);
  toMatch(seen.offer, match);
}

export async function rename(deviceName: string): Promise<void> {
  const member = live?.member;
  if (!member) return;
  Object.assign(member.account, { deviceName });
  await vault.set('account', { ...member.account, deviceName }, member.id);
  apply({ type: 'renamed', deviceName });
  live?.nudge();
}

/** The worker has put an answer into the store: it goes out with the others. */
export async function takeUpOutbox(): Promise<void> {
  const session = live;
  if (!session) return;
  await session.outbox.load();
  for (const machine of app.value.machines.values()) if (machine.status.state === 'connected') void session.outbox.flush(machine.id);
}
