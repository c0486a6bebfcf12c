/**
 * A token that somebody has found and shows: the other phone says so, at once or when it is opened next, once; and where no page is open, by a push. From the relay's event
 * to the notice on the page, and through the daemon's seal, RFC 8291 and the relay's forwarder to the notification that leads to Devices.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPushService, type TestPushService } from '../../relay/push/test-push-service.ts';
import { toBase64url } from '../../shared/bytes.ts';
import { shortId } from '../../shared/security-events.ts';
import { launchChromium, PHONE } from '../rig/browser.ts';
import { createPlace, type Place } from '../rig/place.ts';
import { type Parts, type Phone, parts, pretendSubscription, signedIn, signedUpBy, steal, workerReady } from './page-rig.ts';
import { makeReceiver, pushTools, type Receiver } from './push-rig.ts';

let place: Place;
let service: TestPushService;
let at: Parts;
let browser: Browser;
let receiver: Receiver;
let phone: Phone;
let other: Phone;

describe('a token shown without its key', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    place = createPlace();
    service = await startPushService();
    at = await parts(place, service.net);
    browser = await launchChromium();
    const { link } = await at.desk.client.call('account.enrol', { origin: at.origin });
    phone = await signedUpBy(browser, link, { ...PHONE, permissions: ['notifications'] });
    await workerReady(phone.page);
    receiver = makeReceiver();
    await pretendSubscription(phone.context, receiver);
    await phone.page.goto(`${at.origin}/settings`);
    await phone.page.getByRole('button', { name: 'Notify me' }).click();
    await phone.page.getByRole('button', { name: 'Turn off here' }).waitFor();
    other = await signedIn(browser, at, phone.password);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await at?.stop();
    await service?.close();
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
    await steal(at, other);
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

  it('wakes a phone whose page is closed by a sealed push, in a plain sentence', async () => {
    // So far somebody looked at the page, which said all of it.
    expect(service.received).toEqual([]);
    const tools = await pushTools(phone, at.origin);
    await phone.page.close();
    await expect.poll(async () => (await at.desk.client.call('daemon.status', {})).phones, { timeout: 20_000 }).toBe(1);
    await steal(at, await signedIn(browser, at, phone.password));
    await expect.poll(() => service.received.length, { timeout: 20_000 }).toBe(2);
    const [added, misused] = service.received;
    // Urgent, and kept for a phone that is off over a weekend.
    for (const { headers } of [added!, misused!])
      expect(headers).toMatchObject({ urgency: 'high', ttl: String(3 * 24 * 3600), 'content-encoding': 'aes128gcm' });
    const sealed = receiver.open(misused!.body);
    for (const bytes of [misused!.body, sealed]) expect(bytes.toString('latin1')).not.toMatch(/token|account/i);
    const unheard = async () => (await at.desk.client.call('push.devices', {})).devices[0]!.unheard;
    // Each is receipted by the worker alone, one after the other.
    await tools.deliver(toBase64url(receiver.open(added!.body)));
    await expect.poll(unheard, { timeout: 20_000 }).toBe(1);
    await tools.deliver(toBase64url(sealed));
    await expect.poll(unheard, { timeout: 20_000 }).toBe(0);
    await expect
      .poll(async () => (await tools.shown()).map(({ title, body }) => [title, body]))
      .toEqual([
        [
          'Security of your account',
          expect.stringMatching(/^(?:A new phone was added|Somebody signed in with the password).*If that was not you/),
        ],
        [
          'Security of your account',
          expect.stringMatching(/^Somebody used a token of .*without its key\. Its sessions were ended\. If it happens again/),
        ],
      ]);
  });

  it('leads by a tap on the notification to Devices, where the event stands', async () => {
    const tools = await pushTools(phone, at.origin);
    phone.page = await phone.context.newPage();
    await phone.page.goto(at.origin);
    await phone.page.getByRole('heading', { name: 'Inbox' }).waitFor();
    const { tag } = (await tools.shown()).find(({ body }) => body.includes('without its key'))!;
    await tools.tap(tag);
    await phone.page.getByRole('heading', { name: 'Devices', level: 1 }).waitFor();
    expect(new URL(phone.page.url()).pathname).toBe('/devices');
    await phone.page.getByRole('list', { name: 'Security events' }).getByText('Token used without its key').first().waitFor();
    expect((await tools.shown()).map((shown) => shown.tag)).not.toContain(tag);
  });

  it('is shown on a phone that was closed meanwhile, when it is opened', async () => {
    await phone.page.close();
    const third = await signedIn(browser, at, phone.password);
    const device = await steal(at, third);
    phone.page = await phone.context.newPage();
    await phone.page.goto(at.origin);
    // A page that was closed before it could note what it had told tells that again: this one is of that device.
    const told = notice(/without its key/).filter({ hasText: shortId(device) });
    await told.waitFor({ timeout: 30_000 });
    expect(await told.count()).toBe(1);
  });
});
