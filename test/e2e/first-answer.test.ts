/** The whole way as a newcomer goes it: `clawtab up`, the link, an account, the demo agent, a tap, confirmed, the agent goes on. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium, PHONE, watchFaults } from '../rig/browser.ts';
import { createPlace, type Place } from '../rig/place.ts';
import { startUp, type Up } from '../rig/up.ts';

let place: Place;
let up: Up;
let browser: Browser;

beforeAll(async () => {
  place = createPlace();
  up = startUp(place);
  browser = await launchChromium();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await up?.interrupt();
  place?.remove();
}, 60_000);

it('signs up over the printed link, answers the demo agent by a tap, and sees it go on', { timeout: 120_000 }, async () => {
  const [, link] = await up.line(/^\s*(http:\/\/localhost:\d+\/\S*#enrol=\S+)/);
  const origin = new URL(link!).origin;
  expect((await fetch(`${origin}/healthz`)).status).toBe(200);

  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults = watchFaults(page);
  await page.goto(link!);
  expect(page.url()).not.toContain('enrol');

  await page.getByRole('textbox', { name: 'E-mail' }).fill('ada@example.org');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  await page.getByRole('button', { name: 'Try it' }).click();

  const card = page.getByRole('article').filter({ hasText: 'Do you want to proceed?' });
  await card.getByText('npm test -- --run src/cart.test.ts').waitFor();
  await card.getByRole('button', { name: 'Yes', exact: true }).click();

  // The first question is confirmed, and the agent's next one is the proof that it went on.
  await page.getByText('What should the commit message be?').waitFor();
  const second = page.getByRole('article').filter({ hasText: 'What should the commit message be?' });
  await second.getByRole('textbox').fill('fix: apply the discount once');
  await second.getByRole('button', { name: /send/i }).click();
  await page.getByText(/Earlier \(2\)/).click();
  await expect.poll(() => page.getByText(/confirmed/i).count(), { timeout: 20_000 }).toBeGreaterThan(0);

  await page.goto(`${origin}/jobs`);
  await page.getByText('Demo', { exact: false }).first().waitFor();
  expect(faults).toEqual([]);
});
