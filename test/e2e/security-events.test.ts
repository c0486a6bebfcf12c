/** A token that somebody has found and shows: the other phone says so, at once or when it is opened next, once. From the relay's event to the notice on the page. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSigningKey } from '../../shared/keys.ts';
import { DevicesReply } from '../../shared/relay-api.ts';
import { RelayHttp } from '../../shared/relay-http.ts';
import { launchChromium } from '../rig/browser.ts';
import { createPlace, type Place } from '../rig/place.ts';
import { type Home, home, type Phone, signedIn, signedUp } from './page-rig.ts';

let place: Place;
let at: Home;
let browser: Browser;
let phone: Phone;
let other: Phone;

/** The session token that this phone sends next, shown by somebody who lacks its key. */
async function steal({ page }: Phone): Promise<void> {
  const asked = page.waitForRequest((request) => /DPoP cts_/.test(request.headers()['authorization'] ?? ''));
  await page.reload();
  const token = (await asked).headers()['authorization']!.slice('DPoP '.length);
  const thief = new RelayHttp({ origin: at.origin, key: await createSigningKey() });
  await expect(thief.call({ method: 'GET', path: '/v1/devices', reply: DevicesReply, token })).rejects.toMatchObject({
    code: 'proof_other_key',
  });
}

describe('a token shown without its key', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    place = createPlace();
    at = await home(place);
    browser = await launchChromium();
    phone = await signedUp(browser, at);
    other = await signedIn(browser, at, phone.password);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await at?.up.interrupt();
    place?.remove();
  }, 60_000);

  const notice = (text: RegExp) => phone.page.locator('.notice').filter({ hasText: text });

  it('comes after a notice that the other phone was added', async () => {
    await notice(/A new phone was added to the account/).waitFor();
    await notice(/A new phone/)
      .getByRole('button', { name: 'Close' })
      .click();
  });

  it('is shown on the other phone while it is open', async () => {
    await steal(other);
    await notice(/Somebody used a token of device .{6} without its key\. Its sessions were ended\./).waitFor();
    await notice(/without its key/)
      .getByText('If it happens again: remove it under Devices.')
      .waitFor();
    expect(await notice(/without its key/).count()).toBe(1);
  });

  it('is not shown again after a reload, and stands under Devices', async () => {
    await phone.page.goto(`${at.origin}/devices`);
    const happened = phone.page.getByRole('list', { name: 'Security events' });
    await happened.getByText('Token used without its key').waitFor();
    await happened.getByText('Account made').waitFor();
    expect(await notice(/without its key/).count()).toBe(0);
  });

  it('is shown on a phone that was closed meanwhile, when it is opened', async () => {
    await phone.page.close();
    const third = await signedIn(browser, at, phone.password);
    await steal(third);
    phone.page = await phone.context.newPage();
    await phone.page.goto(at.origin);
    await notice(/without its key/).waitFor({ timeout: 30_000 });
  });
});
