/** The page as people with keyboards, screen readers and bad links meet it: axe on every screen, answering without a pointer, links that lie. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enrolmentLink, makeEnrolmentOffer, terminalCode } from '../../shared/enrolment.ts';
import { createSigningKey } from '../../shared/keys.ts';
import { DESKTOP } from '../rig/browser.ts';
import { violations } from './axe.ts';
import { closeNotices, linkOf, openStage, permissionCard, type Stage, signedIn, steal, yes } from './page-rig.ts';

let here: Stage;

/** In both themes, on a phone and on a desk; and how wide it is on the smallest screen. */
async function everyLook(page: Page, name: string): Promise<string[]> {
  const out: string[] = [];
  for (const viewport of [
    { width: 390, height: 844 },
    { width: 1280, height: 800 },
  ])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      out.push(...(await violations(page)).map((v) => `${name} ${viewport.width} ${colorScheme} ${v}`));
    }
  // Reflow: the smallest phone, or a desk at 400 %, never scrolls sideways.
  await page.setViewportSize({ width: 320, height: 640 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  if (width > 320) out.push(`${name} is ${width} wide on a screen of 320`);
  return out;
}

/** Presses Tab until the element with that name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const label = element?.getAttribute('aria-labelledby');
      return (label ? document.getElementById(label)?.textContent : (element?.getAttribute('aria-label') ?? element?.textContent)) ?? '';
    });
    if (focused.trim() === name) return;
  }
  throw new Error(`Tab never reached “${name}”`);
}

describe('the page for everybody', { timeout: 180_000 }, () => {
  beforeAll(async () => {
    here = await openStage({
      device: DESKTOP,
      async before(browser, at) {
        const welcome = await (await browser.newContext(DESKTOP)).newPage();
        await welcome.goto(await linkOf(at));
        await welcome.getByRole('button', { name: 'Create account' }).and(welcome.locator(':enabled')).waitFor();
        expect(await everyLook(welcome, 'welcome')).toEqual([]);
        await welcome.context().close();
      },
    });
  }, 120_000);

  afterAll(async () => {
    await here?.close();
  }, 60_000);

  it('has no violation of WCAG 2.2 AA on any screen', async () => {
    const { page } = here.phone;
    const found = await everyLook(page, 'inbox, empty');
    await page.getByRole('button', { name: 'Try it' }).click();
    await yes(page).and(page.locator(':not([aria-disabled])')).waitFor();
    found.push(...(await everyLook(page, 'inbox')));
    await page.getByRole('link', { name: 'View run' }).click();
    await page.getByRole('button', { name: 'Show output' }).click();
    for (const view of ['Screen', 'Log', 'Terminal']) {
      await page.getByRole('button', { name: view }).click();
      await page.getByRole('region', { name: view === 'Log' ? 'Output' : view }).waitFor();
      found.push(...(await everyLook(page, `run, ${view}`)));
    }
    await page.goto(`${here.at.origin}/jobs`);
    const machine = await page.getByRole('heading', { level: 2 }).getByRole('link').first().getAttribute('href');
    for (const screen of [
      'jobs',
      'start',
      'devices',
      'settings',
      machine!.slice(1),
      `${machine!.slice(1)}/rule`,
      machine!.slice(1).replace('machine', 'jobs').concat('/new'),
    ]) {
      await page.goto(`${here.at.origin}/${screen}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForLoadState('networkidle');
      found.push(...(await everyLook(page, screen)));
    }
    expect(found).toEqual([]);
    expect(here.phone.faults).toEqual([]);
  });

  it('takes no tap in the first moment of a card', async () => {
    const { page } = here.phone;
    await page.goto(here.at.origin);
    await permissionCard(page).waitFor();
    const state = await page.evaluate(() => {
      const acting = [...document.querySelectorAll<HTMLElement>('article button, article a')];
      for (const one of acting) one.click();
      return acting.map((one) => `${one.textContent?.trim()}: ${one.getAttribute('aria-disabled')}`);
    });
    expect(state).toEqual(expect.arrayContaining(['Yes: true', 'View run: true', 'Dismiss: true', 'Make a rule: true']));
    expect(state.filter((one) => !one.endsWith(': true'))).toEqual([]);
    expect(new URL(page.url()).pathname).toBe('/');
    await expect.poll(() => yes(page).getAttribute('aria-disabled')).toBeNull();
    expect(
      await page
        .getByRole('status')
        .filter({ hasText: /Sending|Typed|Confirmed/ })
        .count(),
    ).toBe(0);
  });

  it('is answered with the keyboard alone', async () => {
    const { page } = here.phone;
    await tabTo(page, 'Yes');
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Confirmed' }).waitFor();
    await page.getByRole('article').filter({ hasText: 'commit message' }).waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Send' }).getAttribute('aria-disabled')).toBeNull();
    await tabTo(page, 'Your answer').catch(async () => page.getByRole('textbox', { name: 'Your answer' }).focus());
    await page.keyboard.type('fix: by keyboard');
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'fix: by keyboard' }).waitFor();
  });

  it('connects nowhere that an address tells it to', async () => {
    const { page } = here.phone;
    const elsewhere: string[] = [];
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== here.at.origin) elsewhere.push(request.url());
    });
    page.on('websocket', (socket) => {
      if (new URL(socket.url()).host !== new URL(here.at.origin).host) elsewhere.push(socket.url());
    });
    for (const path of ['/?relay=wss://evil.example', '/?gatewayUrl=wss://evil.example', '/#relay=https://evil.example', '/#enrol=e30']) {
      await page.goto(here.at.origin + path);
      await page.getByRole('heading', { name: 'Inbox' }).waitFor();
    }
    await page.getByRole('alert').filter({ hasText: 'The enrolment link is damaged' }).waitFor();
    expect(elsewhere).toEqual([]);
  });

  it('names a machine that wants in, and asks for the password before it signs it in', async () => {
    const { page, password } = here.phone;
    const offer = await makeEnrolmentOffer({ kind: 'daemon', pub: (await createSigningKey()).publicRaw, name: 'second-desk' });
    await page.goto(enrolmentLink(here.at.origin, offer));
    const dialog = page.getByRole('dialog', { name: 'Connect second-desk?' });
    await dialog.waitFor();
    expect(page.url()).not.toContain('enrol');
    expect(await violations(page)).toEqual([]);
    await dialog.getByLabel('Code of the machine').fill(await terminalCode(offer));
    await dialog.getByLabel('Password').fill('not the password');
    await dialog.getByRole('button', { name: 'Connect machine' }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('Password').fill(password);
    await dialog.getByRole('button', { name: 'Connect machine' }).click();
    await page
      .getByText('second-desk is connected to your account')
      .waitFor()
      .catch(async (error: unknown) => {
        throw new Error(`the dialog says: ${await dialog.textContent()}`, { cause: error });
      });
    await page.goto(`${here.at.origin}/devices`);
    await page.getByText('A machine not heard yet').waitFor();
  });

  it('makes a rule from a card, shows it, and takes it away again', async () => {
    const { page } = here.phone;
    await page.goto(here.at.origin);
    await page.getByRole('button', { name: 'Try it' }).click();
    await permissionCard(page).getByRole('link', { name: 'Make a rule' }).click();
    await expect.poll(() => page.getByRole('textbox', { name: 'Command begins with' }).inputValue()).toBe('npm test');
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('button', { name: 'Save rule' }).click();
    await page.getByText('npm test', { exact: true }).waitFor();
    await page.getByText('chain intact').waitFor();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Nothing: every question waits for a person.').waitFor();
  });

  it('takes a machine off, and says when the others know', async () => {
    const { page } = here.phone;
    await page.goto(`${here.at.origin}/devices`);
    await page.getByRole('button', { name: 'Remove A machine not heard yet' }).click();
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('knows').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('A machine not heard yet').waitFor({ state: 'detached' });
    expect(here.phone.faults).toEqual([]);
  });

  it('has no violation where security events stand under Devices, with the notice of one over them', async () => {
    const { page, password } = here.phone;
    await page.goto(`${here.at.origin}/devices`);
    for (let others = 0; others < 2; others++) {
      const other = await signedIn(here.browser, here.at, password);
      await steal(here.at, other);
      await other.context.close();
    }
    await page.locator('.notice').filter({ hasText: 'without its key' }).nth(1).waitFor();
    const happened = page.getByRole('list', { name: 'Security events' });
    const all = page.getByRole('button', { name: /^Show all/ });
    await all.waitFor();
    const found = await everyLook(page, 'events, the newest');
    await all.click();
    // Both kinds of row: what is a warning, and what is not.
    for (const kind of ['Token used without its key', 'Signed in with the password', 'Added to the account', 'Removed from the account'])
      await happened.getByText(kind).first().waitFor();
    found.push(...(await everyLook(page, 'events, all')));
    await closeNotices(page);
    found.push(...(await everyLook(page, 'events, without the notices')));
    expect(found).toEqual([]);
    expect(here.phone.faults).toEqual([]);
  });
});
