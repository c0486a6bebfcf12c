/** A signed-in page before a real `clawtab up`, for the tests that start where the first answer ends. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { Listener, spawnDaemon } from '../../daemon/test-daemon.ts';
import type { PushNet } from '../../relay/push/vetted.ts';
import { startTestRelay } from '../../relay/test-relay.ts';
import { toBase64url } from '../../shared/bytes.ts';
import { asClawError } from '../../shared/errors.ts';
import { createSigningKey } from '../../shared/keys.ts';
import { DevicesReply } from '../../shared/relay-api.ts';
import { RelayHttp } from '../../shared/relay-http.ts';
import { launchChromium, PHONE, watchFaults } from '../rig/browser.ts';
import { createPlace, type Place } from '../rig/place.ts';
import { CLI, startUp, type Up } from '../rig/up.ts';
import { makeReceiver, type Receiver } from './push-rig.ts';

export const EMAIL = 'ada@example.org';
const PATIENCE_MS = 30_000;

export interface Home {
  place: Place;
  up: Up;
  origin: string;
}

/** `clawtab up` in `place`, ready; on `port` where it was before. */
export async function home(place: Place, port = '0', cli?: string): Promise<Home> {
  const up = startUp(place, ['--port', port], cli);
  const [, address] = await up.line(/^ClawTab is up: (http:\/\/localhost:\d+)/);
  return { place, up, origin: new URL(address!).origin };
}

/** The link that signs this machine in; printed once, by one that belongs to nobody yet. */
export const linkOf = async ({ up }: Home): Promise<string> => (await up.line(/^\s*(http:\/\/localhost:\d+\/\S*#enrol=\S+)/))[1]!;

/** Stops relay and daemon and starts them again at the same address. */
export async function comeBack({ place, origin }: Home, cli?: string): Promise<Home> {
  return home(place, new URL(origin).port, cli);
}

/** Relay, daemon and desk apart, where a test holds what lies between relay and push service. */
export interface Parts {
  origin: string;
  desk: Listener;
  stop(): Promise<void>;
}

/** `pushNet`: what the relay connects to in place of the internet. */
export async function parts(place: Place, pushNet: PushNet): Promise<Parts> {
  const state = join(place.home, 'state');
  place.env['CLAWTAB_STATE'] = state;
  mkdirSync(state, { mode: 0o700 });
  const pageRoot = resolve(import.meta.dirname, '../../dist/pwa');
  const relay = await startTestRelay({ VAPID_SUBJECT: 'mailto:test@clawtab.example.org' }, { pageRoot, pushNet });
  const at = { dir: place.home, env: place.env, socket: join(state, 's', 'daemon.sock'), remove: () => undefined };
  const daemon = await spawnDaemon(at, [process.execPath, CLI]);
  const desk = await Listener.connect(at);
  return {
    origin: relay.origin,
    desk,
    async stop() {
      desk.client.close();
      const ended = new Promise((done) => daemon.once('exit', done));
      daemon.kill('SIGTERM');
      await ended;
      await relay.stop();
    },
  };
}

export interface Phone {
  context: BrowserContext;
  page: Page;
  faults: string[];
  password: string;
}

async function blank(browser: Browser, options: BrowserContextOptions): Promise<Omit<Phone, 'password'>> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  return { context, page, faults: watchFaults(page) };
}

/** Waits for the inbox; what the page says instead is the failure. */
async function inbox(page: Page): Promise<void> {
  const refusal = page.locator('form [role=alert]');
  await page.getByRole('heading', { name: 'Inbox' }).or(refusal).first().waitFor();
  if ((await refusal.count()) > 0) throw new Error(`the page says: ${await refusal.first().textContent()}`);
}

/** A new account that has the machine, signed up on a phone of its own. */
export const signedUp = async (browser: Browser, at: Home, options?: BrowserContextOptions): Promise<Phone> =>
  signedUpBy(browser, await linkOf(at), options);

/** The same over a link that came another way. */
export async function signedUpBy(browser: Browser, link: string, options: BrowserContextOptions = PHONE): Promise<Phone> {
  const phone = await blank(browser, options);
  const { page } = phone;
  await page.goto(link);
  await page.getByRole('textbox', { name: 'E-mail' }).fill(EMAIL);
  await page.getByText('A phrase made on this device').waitFor();
  const field = page.getByRole('textbox', { name: 'Password' });
  const password = await field.inputValue();
  await page.getByRole('button', { name: 'Create account' }).click();
  await inbox(page);
  await page.getByRole('button', { name: 'Try it' }).and(page.locator(':enabled')).waitFor();
  return { ...phone, password };
}

/** Another device of the same account: signing in is all. */
export async function signedIn(
  browser: Browser,
  { origin }: Pick<Home, 'origin'>,
  password: string,
  options: BrowserContextOptions = PHONE,
): Promise<Phone> {
  const phone = await blank(browser, options);
  const { page } = phone;
  await page.goto(origin);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('textbox', { name: 'E-mail' }).fill(EMAIL);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await inbox(page);
  return { ...phone, password };
}

/** The session token that this phone sends next, shown by somebody who lacks its key. Returns the phone's device id. */
export async function steal({ origin }: Pick<Home, 'origin'>, { page }: Phone): Promise<string> {
  const asked = page.waitForRequest((request) => /DPoP cts_/.test(request.headers()['authorization'] ?? ''));
  await page.reload();
  const headers = (await asked).headers();
  const token = headers['authorization']!.slice('DPoP '.length);
  const thief = new RelayHttp({ origin, key: await createSigningKey() });
  const shown = thief.call({ method: 'GET', path: '/v1/devices', reply: DevicesReply, token });
  const code = await shown.then(
    () => 'nothing',
    (error: unknown) => asClawError(error).code,
  );
  if (code !== 'proof_other_key') throw new Error(`the relay says ${code} to a token without its key`);
  return calculateJwkThumbprint(decodeProtectedHeader(headers['dpop']!).jwk!);
}

/** What most tests of the page stand on. A test may put another page, or another home, in place of the first. */
export interface Stage {
  place: Place;
  at: Home;
  browser: Browser;
  phone: Phone;
  close(): Promise<void>;
}

export interface StageOptions {
  device?: BrowserContextOptions;
  /** Before `clawtab up`. */
  prepare?(place: Place): void;
  /** Before the account is made. */
  before?(browser: Browser, at: Home): Promise<void>;
}

/** `clawtab up` in a place of its own, a Chromium, and a phone that has made the account. What fails half way leaves nothing. */
export async function openStage({ device, prepare, before }: StageOptions = {}): Promise<Stage> {
  const place = createPlace();
  const here: Partial<Stage> & Pick<Stage, 'place' | 'close'> = {
    place,
    async close() {
      await here.browser?.close();
      await here.at?.up.interrupt();
      place.remove();
    },
  };
  try {
    prepare?.(place);
    here.at = await home(place);
    here.browser = await launchChromium();
    await before?.(here.browser, here.at);
    here.phone = await signedUp(here.browser, here.at, device);
    return here as Stage;
  } catch (error) {
    await here.close();
    throw error;
  }
}

/** Once it takes a tap: a card that has come or moved waits out its first moment. */
export const open = (what: Locator): Locator => what.and(what.page().locator(':not([aria-disabled])'));
export const permissionCard = (page: Page) => page.getByRole('article').filter({ hasText: 'Do you want to proceed?' });
export const yes = (page: Page) => permissionCard(page).getByRole('button', { name: 'Yes', exact: true });

export async function closeNotices(page: Page): Promise<void> {
  const close = page.locator('.notice').getByRole('button', { name: 'Close' });
  while ((await close.count()) > 0) await close.first().click();
}

/** The worker has the page's files: it starts without network from here on. */
export const workerReady = (page: Page): Promise<boolean> =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    for (;;) {
      const names = await caches.keys();
      const cached = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).length));
      if (cached.some((n) => n > 10) && navigator.serviceWorker.controller) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

/** A subscription such as a browser with a push service would give: Chromium without its vendor's has none. For pages opened from now on. */
export async function pretendSubscription(context: BrowserContext, { p256dh, auth }: Receiver = makeReceiver()): Promise<void> {
  // As text: tsx names functions with a helper that a page does not have.
  await context.addInitScript(`{
    const subscription = {
      endpoint: 'https://fcm.googleapis.com/fcm/send/pretended',
      toJSON: () => ({ endpoint: 'https://fcm.googleapis.com/fcm/send/pretended', keys: ${JSON.stringify({ p256dh, auth })} }),
      unsubscribe: async () => true,
    };
    PushManager.prototype.getSubscription = async () => (localStorage.getItem('test-subscribed') === null ? null : subscription);
    PushManager.prototype.subscribe = async () => {
      localStorage.setItem('test-subscribed', '1');
      return subscription;
    };
  }`);
  await context.route('**/v1/meta', async (route) => {
    const response = await route.fetch();
    const vapidPublicKey = toBase64url((await createSigningKey()).publicRaw);
    await route.fulfill({ response, json: { ...(await response.json()), vapidPublicKey } });
  });
}
