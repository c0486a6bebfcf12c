/**
 * The page's life and its accidents: a tab killed as it answers, a new version in the middle of an answer, a full and an emptied storage, an hour
 * without network, two windows, clocks that are days off, a network that dies without a word, a sign-out amid late words. Nothing is sent twice and
 * nothing is lost in silence.
 */
import { appendFileSync, cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PHONE, watchFaults } from '../rig/browser.ts';
import { comeBack, EMAIL, open, openStage, permissionCard, type Stage, signedIn, workerReady, yes } from './page-rig.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const HOUR_MS = 3_600_000;
let here: Stage;

/** The built product with another page: its worker differs by a line. */
function nextBuild(): string {
  const next = join(here.place.home, 'next');
  mkdirSync(next, { recursive: true });
  cpSync(join(ROOT, 'dist'), join(next, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(next, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(next, 'node_modules'));
  appendFileSync(join(next, 'dist/pwa/sw.js'), '\n// the next version\n');
  return join(next, 'dist/daemon/cli.js');
}

const said = (page: Page, words: RegExp) => page.getByRole('status').filter({ hasText: words });
const messageCard = (page: Page) => page.getByRole('article').filter({ hasText: 'commit message' });

async function tryIt(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Try it' }).and(page.locator(':enabled')).click();
  await yes(page).and(page.locator(':not([aria-disabled])')).waitFor();
}

/** The demo's second question, answered: the run comes to its end with `text` typed once, as the log on the machine's own screen shows. */
async function finish(page: Page, text: string): Promise<void> {
  await messageCard(page).getByRole('textbox').fill(text);
  await open(messageCard(page).getByRole('button', { name: 'Send' })).click();
  await said(page, new RegExp(`(?:Confirmed|Typed).*${text}`)).waitFor();
}

/** How often `words` stand in the log of the newest run. */
async function inLog(context: BrowserContext, words: string): Promise<number> {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(`${here.at.origin}/jobs`);
  // It may have ended: then it is among the history, which is folded where it is long.
  await page.locator('a[href^="/run/"]').first().waitFor({ state: 'attached' });
  const folded = page.locator('details:not([open]) > summary').filter({ hasText: 'History' });
  if ((await folded.count()) > 0) await folded.click();
  await page.locator('a[href^="/run/"]').first().click();
  await page.getByRole('button', { name: 'Log' }).click();
  await page.getByText(words, { exact: false }).first().waitFor();
  const count = await page.getByText(words, { exact: false }).count();
  await page.close();
  return count;
}

async function another(): Promise<Page> {
  const page = await here.phone.context.newPage();
  page.setDefaultTimeout(30_000);
  here.phone.faults.push(...watchFaults(page));
  return page;
}

describe('the life of a page', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    here = await openStage();
    await workerReady(here.phone.page);
  }, 120_000);

  afterAll(async () => {
    await here?.close();
  }, 60_000);

  it('types an answer once whose tab is killed in the moment in which it is said to be on its way', async () => {
    await tryIt(here.phone.page);
    await yes(here.phone.page).click();
    await said(here.phone.page, /Sending|Typed|Confirmed/)
      .first()
      .waitFor();
    await here.phone.page.close();
    const page = await another();
    await page.goto(here.at.origin);
    await messageCard(page).waitFor();
    expect(await inLog(here.phone.context, '12 tests passed')).toBe(1);
    await page.bringToFront();
    here.phone = { ...here.phone, page };
  });

  it('gives two windows of one device one line, says so in the other, and types once what both show', async () => {
    const { page } = here.phone;
    // The window that looked at the log had the line last.
    await page.getByRole('button', { name: 'Use here' }).click();
    await said(page, /open in another window/).waitFor({ state: 'detached' });
    const other = await another();
    await other.goto(here.at.origin);
    await said(page, /open in another window/).waitFor();
    await messageCard(other).waitFor();
    // A tap in the window that had lost the line takes it back.
    await messageCard(page).getByRole('textbox').fill('from the first window');
    await open(messageCard(page).getByRole('button', { name: 'Send' })).click();
    await said(page, /(?:Confirmed|Typed).*from the first window/).waitFor();
    await said(other, /open in another window/).waitFor();
    await other.getByRole('button', { name: 'Use here' }).click();
    await messageCard(other).waitFor({ state: 'detached' });
    await said(page, /open in another window/).waitFor();
    await page.getByRole('button', { name: 'Use here' }).click();
    await said(page, /open in another window/).waitFor({ state: 'detached' });
    await other.close();
    expect(await inLog(here.phone.context, 'git commit -m "from the first window"')).toBe(1);
    await page.reload();
  });

  it('takes a new version in the middle of an answer: the answer goes out once, the draft is there', async () => {
    const { page } = here.phone;
    await tryIt(page);
    await yes(page).click();
    await messageCard(page).waitFor();
    await here.at.up.interrupt();
    await said(page, /No connection to the relay/).waitFor();
    await messageCard(page).getByRole('textbox').fill('feat: in the middle');
    await open(messageCard(page).getByRole('button', { name: 'Send' })).click();
    await said(page, /Waiting for the machine/).waitFor();
    // Back with another worker, and a line that does not come up before the switch.
    await page.routeWebSocket(/\/v1\/ws/, () => undefined);
    here.at = await comeBack(here.at, nextBuild());
    await page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration())?.update()));
    await page.getByText('A new version is ready').waitFor();
    expect(await said(page, /Waiting for the machine/).count()).toBe(1);
    const next = await another();
    await page.getByRole('button', { name: 'Update' }).click();
    await page.waitForLoadState('load');
    await said(page, /Waiting for the machine/).waitFor();
    await page.close();
    await next.goto(here.at.origin);
    await expect.poll(() => inLog(here.phone.context, 'git commit -m "feat: in the middle"'), { timeout: 30_000 }).toBe(1);
    here.phone = { ...here.phone, page: next };
  });

  it('says after an hour without network that the answer was not typed, and takes it again', async () => {
    const { page } = here.phone;
    await page.clock.install();
    await page.goto(here.at.origin);
    await tryIt(page);
    await here.at.up.interrupt();
    await said(page, /No connection to the relay|Connecting/).waitFor();
    await yes(page).click();
    await said(page, /Waiting for the machine/).waitFor();
    await page.clock.fastForward(HOUR_MS);
    await said(page, /Not typed: too late/).waitFor();
    here.at = await comeBack(here.at);
    await page.clock.fastForward(60_000);
    await expect.poll(() => yes(page).getAttribute('aria-disabled')).toBeNull();
    await said(page, /No connection to the relay|Connecting/).waitFor({ state: 'detached' });
    expect(await messageCard(page).count()).toBe(0);
    await yes(page).click();
    await messageCard(page).waitFor();
    await finish(page, 'an hour later');
    expect(await inLog(here.phone.context, '12 tests passed')).toBe(1);
    const next = await another();
    await page.close();
    here.phone = { ...here.phone, page: next };
    await next.goto(here.at.origin);
  });

  it.each([
    ['three days ahead', 72 * HOUR_MS],
    ['three days behind', -72 * HOUR_MS],
  ])('signs in, shows ages and answers with a clock %s', async (_name, offMs) => {
    const context = await here.browser.newContext(PHONE);
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const faults = watchFaults(page);
    await page.clock.install({ time: Date.now() + offMs });
    await page.goto(here.at.origin);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('textbox', { name: 'E-mail' }).fill(EMAIL);
    await page.getByLabel('Password').fill(here.phone.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await tryIt(page);
    // Not "3 d ago": the machine's clock counts.
    expect(await permissionCard(page).locator('.ask-age').textContent()).toMatch(/asked (?:now|\d+ s)/);
    await yes(page).click();
    await messageCard(page).waitFor();
    await finish(page, 'whatever the clock says');
    expect(faults).toEqual([]);
    await context.close();
  });

  it('keeps what it knew in view where a part of the page does not load, and says that nothing left', async () => {
    const { context, page } = await signedIn(here.browser, here.at, here.phone.password, { ...PHONE, serviceWorkers: 'block' });
    await tryIt(page);
    await context.route('**/assets/live-*.js', (route) => route.abort());
    // The last state is on disk by now, or at the next of its writes: the card is there after a reload.
    await expect
      .poll(async () => {
        await page.reload();
        await page.getByRole('alert').filter({ hasText: 'could not be loaded' }).waitFor();
        return permissionCard(page).count();
      })
      .toBe(1);
    await yes(page).click();
    await said(page, /Not typed.*did not leave this device/).waitFor();
    await context.unroute('**/assets/live-*.js');
    await page.reload();
    await yes(page).click();
    await messageCard(page).waitFor();
    await finish(page, 'once it is whole');
    await context.close();
  });

  it('notices a network that dies without a word, and keeps what was written and sent', async () => {
    const { page, context } = here.phone;
    const tools = await context.newCDPSession(page);
    await page.getByRole('heading', { name: 'Inbox' }).waitFor();
    await tryIt(page);
    await page.goto(`${here.at.origin}/devices`);
    await page.getByRole('main').getByText('Connected', { exact: true }).first().waitFor();
    // Frozen, not ended: the socket stays open and nothing answers, as in a tunnel. What is said to be connected then must come to an end.
    here.at.up.child.kill('SIGSTOP');
    const frozenAt = Date.now();
    await page.evaluate(() => dispatchEvent(new Event('offline')));
    await page.getByRole('main').getByText('Connected', { exact: true }).first().waitFor({ state: 'detached' });
    expect(Date.now() - frozenAt).toBeLessThan(15_000);
    await page.getByRole('link', { name: 'Inbox' }).click();
    await yes(page).click();
    await said(page, /Waiting for the machine|Sending/)
      .first()
      .waitFor();
    here.at.up.child.kill('SIGCONT');
    await messageCard(page).waitFor();
    expect(await inLog(context, '12 tests passed')).toBe(1);
    await page.bringToFront();
    // The phone's own network: the page says it, what is shown is dated, and a draft is kept.
    await page.goto(`${here.at.origin}/devices`);
    await page.getByRole('main').getByText('Connected', { exact: true }).first().waitFor();
    await page.getByRole('link', { name: 'Inbox' }).click();
    await messageCard(page).getByRole('textbox').fill('written without ');
    await context.setOffline(true);
    await said(page, /No connection to the relay/).waitFor();
    await page.getByText(/What you see is .* old/).waitFor();
    await messageCard(page).getByRole('textbox').fill('written without network');
    // The banner says another thing with each try to connect, and moves the card: a tap in that moment is not taken, and is made again.
    await vi.waitFor(
      async () => {
        await open(messageCard(page).getByRole('button', { name: 'Send' }))
          .click({ timeout: 1000 })
          .catch(() => undefined);
        await said(page, /Waiting for the machine/).waitFor({ timeout: 2000 });
      },
      { timeout: 30_000 },
    );
    await page.reload();
    await said(page, /Waiting for the machine/).waitFor();
    await context.setOffline(false);
    await expect.poll(() => inLog(context, 'git commit -m "written without network"'), { timeout: 60_000 }).toBe(1);
    await tools.detach();
  });

  it('answers with a full storage, and says that the answer is not kept', async () => {
    const { page, context } = here.phone;
    await page.goto(here.at.origin);
    await tryIt(page);
    // As a browser fails that has no room left; Chromium's own quota override spares writes this small.
    await page.evaluate(() => {
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('no room', 'QuotaExceededError');
      };
    });
    await yes(page).click();
    await page.getByText(/storage is full/).waitFor();
    await messageCard(page).waitFor();
    await finish(page, 'with a full storage');
    await page.reload();
    expect(await inLog(context, '12 tests passed')).toBe(1);
  });

  it('still answers when its storage is emptied under it, and is a stranger at the next start', async () => {
    const { page, context, faults } = here.phone;
    await page.bringToFront();
    await page.goto(here.at.origin);
    await tryIt(page);
    const tools = await context.newCDPSession(page);
    await tools.send('Storage.clearDataForOrigin', { origin: here.at.origin, storageTypes: 'indexeddb,local_storage' });
    await yes(page).click();
    await messageCard(page).waitFor();
    await finish(page, 'with no storage');
    await page.reload();
    await page.getByRole('button', { name: 'Create account' }).waitFor();
    expect(faults).toEqual([]);
    await tools.detach();
  });

  it('leaves nothing behind on sign-out, whatever word comes late, in any window', async () => {
    const { page, context, faults } = await signedIn(here.browser, here.at, here.phone.password);
    // The successor of the device token is under way when the person leaves: it comes after the wipe.
    let late: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      late = resolve;
    });
    const asked = new Promise<void>((resolve) => {
      void context.route('**/v1/session', async (route) => {
        const response = await route.fetch();
        resolve();
        await held;
        await route.fulfill({ response }).catch(() => undefined);
      });
    });
    const other = await context.newPage();
    other.setDefaultTimeout(30_000);
    await other.goto(`${here.at.origin}/settings`);
    await asked;
    await page.goto(`${here.at.origin}/settings`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign out and wipe' }).click();
    await page.getByRole('button', { name: 'Create account' }).waitFor();
    await other.getByRole('button', { name: 'Create account' }).waitFor();
    const answered = other.waitForResponse(/\/v1\/session/);
    late();
    await answered;
    const left = `(async () => {
      // Past whatever the late answer has set in motion.
      await navigator.locks.request('clawtab-device-token', async () => undefined);
      const db = await new Promise((resolve, reject) => {
        const request = indexedDB.open('clawtab');
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const records = [];
      for (const name of db.objectStoreNames)
        records.push(...await new Promise((resolve) => {
          const request = db.transaction(name).objectStore(name).getAllKeys();
          request.onsuccess = () => resolve(request.result.map((key) => name + '/' + key));
        }));
      db.close();
      return { records, local: Object.keys(localStorage) };
    })()`;
    expect(await other.evaluate(left)).toEqual({ records: [], local: [] });
    expect(await page.evaluate(left)).toEqual({ records: [], local: [] });
    expect(faults).toEqual([]);
    await context.close();
  });
});
