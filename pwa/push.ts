/**
 * Pushes on the page's side: permission when a person asks for it, the subscription checked at every open and given to each machine, sealed, with
 * a key of its own, with what this device wants to hear. Showing them is the service worker's; the relay never learns the subscription.
 */

import { signal } from '@preact/signals';
import * as v from 'valibot';
import { fromBase64url, randomBytes, toBase64url } from '../shared/bytes.ts';
import { asClawError, ClawError } from '../shared/errors.ts';
import { DEFAULT_WISHES, type PushWishes, PushWishesSchema } from '../shared/push-wishes.ts';
import { MetaSchema } from '../shared/relay-api.ts';
import { ask } from './client.ts';
import { app, report } from './state.ts';
import { vault } from './store/database.ts';

export type PushState = 'unsupported' | 'denied' | 'ask' | 'on';

export async function pushState(): Promise<PushState> {
  if (!('serviceWorker' in navigator) || !('PushManager' in globalThis) || !('Notification' in globalThis)) return 'unsupported';
  if (Notification.permission === 'denied') return 'denied';
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = await registration?.pushManager.getSubscription().catch(() => null);
  return subscription && Notification.permission === 'granted' ? 'on' : 'ask';
}

async function vapidKey(): Promise<BufferSource> {
  const response = await fetch('/v1/meta', { credentials: 'omit', cache: 'no-store' });
  const meta = v.parse(MetaSchema, await response.json());
  const key = meta.vapidPublicKey && fromBase64url(meta.vapidPublicKey);
  if (!key) throw new ClawError('push_unavailable', 'This relay sends no pushes.', { hint: 'Its operator has to set VAPID_PRIVATE_KEY.' });
  return key;
}

/** From a tap: asks the person, subscribes, and tells every machine that is there. Failures are shown. */
export async function enablePush(): Promise<boolean> {
  try {
    if ((await Notification.requestPermission()) !== 'granted')
      throw new ClawError('push_denied', 'Notifications are blocked for this page.', {
        hint: 'Allow them in the browser’s settings for this site.',
      });
    const registration = await navigator.serviceWorker.ready;
    const known = await registration.pushManager.getSubscription();
    if (!known) await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: await vapidKey() });
    await Promise.all([...app.value.machines.values()].filter((m) => m.status.state === 'connected').map((m) => tellMachine(m.id)));
    return true;
  } catch (error) {
    const known = asClawError(error);
    report(
      known.code === 'internal'
        ? new ClawError('push_failed', 'The browser did not give a push subscription.', { hint: String(error) })
        : known,
    );
    return false;
  }
}

/** Each time a machine is there: it gets the subscription as it is now unless it has it, this device's wishes, and the receipt of what was shown. */
export async function tellMachine(machine: string): Promise<void> {
  if ((await pushState()) !== 'on') return;
  await tellSubscription(machine);
  try {
    await tellWishes(machine);
    await tellReceipt(machine);
    const { devices } = await ask(machine, 'push.devices', {});
    // What was shown has just been said: a machine that still misses it all sends into a subscription that is dead. Nothing says so but this.
    if (devices.some((d) => d.self && d.deaf) && !renewed) {
      renewed = true;
      await renew();
      await tellSubscription(machine);
    }
  } catch (error) {
    const { code } = asClawError(error);
    // An older daemon has its own idea of what is worth a push; and a line that is cut is asked again when it is back.
    if (!['unsupported', 'peer_offline', 'request_timeout'].includes(code)) throw error;
  }
}

/** Grows whenever a machine has got a subscription of this device: who lists them looks again. */
export const subscribed = signal(0);

/** Once an open page: a push service that is out of order is no reason to ask it without end. */
let renewed = false;

async function renew(): Promise<void> {
  const registration = await navigator.serviceWorker.ready;
  const applicationServerKey = await vapidKey();
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
}

/** Subscriptions vanish, and change, without a word. */
async function tellSubscription(machine: string): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = (await registration?.pushManager.getSubscription())?.toJSON();
  if (!subscription?.endpoint || !subscription.keys?.['p256dh'] || !subscription.keys['auth']) return;
  const keys = (await vault.get('pushKeys')) ?? {};
  if ((await setting(`push:${machine}`)) === subscription.endpoint && keys[machine]) return;
  const raw = randomBytes(32);
  await ask(machine, 'push.subscribe', {
    subscription: { endpoint: subscription.endpoint, p256dh: subscription.keys['p256dh'], auth: subscription.keys['auth'] },
    pushKey: toBase64url(raw),
    name: app.value.account?.deviceName ?? 'phone',
  });
  // Not exportable from here on: what seals a push can be used by this device, and read by nobody.
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
  const counters = (await vault.get('pushCounters')) ?? {};
  raw.fill(0);
  await vault.set('pushKeys', { ...((await vault.get('pushKeys')) ?? {}), [machine]: key });
  // A new key starts a new count.
  delete counters[machine];
  await vault.set('pushCounters', counters);
  await keep({ [`push:${machine}`]: subscription.endpoint });
  subscribed.value++;
}

const setting = async (name: string): Promise<unknown> => (await vault.get('settings'))?.[name];
const keep = async (change: Record<string, unknown>): Promise<void> =>
  vault.set('settings', { ...((await vault.get('settings')) ?? {}), ...change });

/** What this device wants to hear, from all machines alike. */
export async function pushWishes(): Promise<PushWishes> {
  const parsed = v.safeParse(PushWishesSchema, await setting('pushWishes'));
  return parsed.success ? parsed.output : DEFAULT_WISHES;
}

/** Kept here, and told to every machine: to those that are away when they come. Failures are shown. */
export async function setPushWishes(wishes: PushWishes): Promise<void> {
  await keep({ pushWishes: wishes });
  for (const machine of app.value.machines.values()) {
    if (machine.status.state !== 'connected') continue;
    await tellWishes(machine.id).catch((error: unknown) => report(asClawError(error)));
  }
}

async function tellWishes(machine: string): Promise<void> {
  const told = `wishes:${machine}`;
  const wishes = await pushWishes();
  const text = JSON.stringify(wishes);
  const before = (await setting(told)) ?? JSON.stringify(DEFAULT_WISHES);
  if (before === text) return;
  await ask(machine, 'push.wishes', { wishes });
  await keep({ [told]: text });
}

/** The receipt: the worker keeps the number of the last push that it has shown. */
export async function tellReceipt(machine: string): Promise<void> {
  const n = (await vault.get('pushCounters'))?.[machine];
  if (n) await ask(machine, 'push.received', { n });
}

export async function disablePush(): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = await registration?.pushManager.getSubscription();
  await subscription?.unsubscribe();
  await vault.set('pushKeys', {});
  await Promise.all(
    [...app.value.machines.values()]
      .filter((m) => m.status.state === 'connected')
      .map((m) => ask(m.id, 'push.unsubscribe', {}).catch((error: unknown) => report(asClawError(error)))),
  );
}
