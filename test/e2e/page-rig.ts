/** A signed-in page before a real `clawtab up`, for the tests that start where the first answer ends. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { toBase64url } from '../../shared/bytes.ts';
import { createSigningKey } from '../../shared/keys.ts';
import { PHONE, watchFaults } from '../rig/browser.ts';
import type { Place } from '../rig/place.ts';
import { startUp, type Up } from '../rig/up.ts';

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
export async function signedUp(browser: Browser, at: Home, options: BrowserContextOptions = PHONE): Promise<Phone> {
  const phone = await blank(browser, options);
  const { page } = phone;
  await page.goto(await linkOf(at));
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
  { origin }: Home,
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

export const permissionCard = (page: Page) => page.getByRole('article').filter({ hasText: 'Do you want to proceed?' });
export const yes = (page: Page) => permissionCard(page).getByRole('button', { name: 'Yes', exact: true });

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
export async function pretendSubscription(context: BrowserContext): Promise<void> {
  const p256dh = toBase64url((await createSigningKey()).publicRaw);
  const auth = toBase64url(crypto.getRandomValues(new Uint8Array(16)));
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
