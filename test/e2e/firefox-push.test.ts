/**
 * The whole path of a push in Firefox: PushManager.subscribe at a push service of its kind, the daemon's seal and RFC 8291 encryption, the relay's forwarder
 * with its VAPID signature, the browser's own decryption, the service worker, the shown notification and its receipt. Chromium has no push service to point
 * elsewhere; Firefox has.
 */
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerTo, pick } from '../../daemon/test-daemon.ts';
import { fromBase64url, toBase64url } from '../../shared/bytes.ts';
import { type Autopush, startAutopush } from '../rig/autopush.ts';
import { Firefox, firefoxPath } from '../rig/firefox.ts';
import { createPlace, type Place } from '../rig/place.ts';
import { type Parts, parts } from './page-rig.ts';

const path = firefoxPath();

/** Notifications that stand, as the page's own worker registration lists them. */
const SHOWN = `navigator.serviceWorker.getRegistration().then(async (r) => (await r.getNotifications()).map((n) => ({ title: n.title, body: n.body, tag: n.tag })))`;
interface Shown {
  title: string;
  body: string;
  tag: string;
}

if (path === null)
  describe('pushes in Firefox', () => {
    it('are NOT TESTED here: there is no Firefox on this machine', () => {
      process.stderr.write(
        '\n*** NOT TESTED: the push path in Firefox. Install firefox or firefox-esr, or set CLAWTAB_FIREFOX to its path. ***\n\n',
      );
      expect(firefoxPath()).toBeNull();
    });
  });
else
  describe('pushes in Firefox', { timeout: 180_000 }, () => {
    let place: Place;
    let service: Autopush;
    let at: Parts;
    let firefox: Firefox;

    beforeAll(async () => {
      place = createPlace();
      service = await startAutopush();
      at = await parts(place, service.net);
      firefox = await Firefox.launch(path, {
        'dom.push.serverURL': service.url,
        'dom.push.testing.allowInsecureServerURL': true,
        // What it recommends to driven browsers has no push service either.
        'remote.prefs.recommended': false,
        // With loopback alone it takes itself for offline, and then asks no push service.
        'network.manage-offline-status': false,
        'permissions.default.desktop-notification': 1,
        'alerts.useSystemBackend': false,
        'browser.shell.checkDefaultBrowser': false,
        'datareporting.policy.dataSubmissionEnabled': false,
        'toolkit.telemetry.enabled': false,
        'app.update.enabled': false,
        'network.captive-portal-service.enabled': false,
        'network.connectivity-service.enabled': false,
        'services.settings.server': 'data:,',
      });
      const { link } = await at.desk.client.call('account.enrol', { origin: at.origin });
      await firefox.goto(link);
      await firefox.fill('input[type=email]', 'ada@example.org');
      await firefox.until(`document.body.innerText.includes('A phrase made on this device')`);
      await firefox.press('Create account');
      await firefox.until(`document.querySelector('h1')?.textContent === 'Inbox'`, 60_000);
    }, 180_000);

    afterAll(async () => {
      await firefox?.close();
      await at?.stop();
      await service?.close();
      place?.remove();
    }, 60_000);

    it('subscribes with the relay’s key and gets the test push that the machine sends, sealed twice', async () => {
      await firefox.until(`navigator.serviceWorker.getRegistration().then((r) => r?.active?.state === 'activated')`, 60_000);
      await firefox.goto(`${at.origin}/settings`);
      await firefox.press('Notify me');
      await firefox.until(`document.body.innerText.includes('Turn off here')`);
      const { vapidPublicKey } = (await (await fetch(`${at.origin}/v1/meta`)).json()) as { vapidPublicKey: string };
      expect(service.keys).toEqual([vapidPublicKey]);
      const test = `[...document.querySelectorAll('button')].find((b) => b.ariaLabel?.startsWith('Test ') && !b.disabled)`;
      await firefox.until(test);
      await firefox.run(`void ${test}.click()`);
      await firefox.until(`document.body.innerText.includes('Arrived on this device')`, 60_000);
      expect((await firefox.run<Shown[]>(SHOWN)).map((n) => n.title)).toEqual(['ClawTab works']);
      expect(service.posted).toHaveLength(1);
      await expect.poll(() => service.acked).toBe(1);
      const { headers, body } = service.posted[0]!;
      expect(headers).toMatchObject({ 'content-encoding': 'aes128gcm', urgency: 'normal' });
      expect(body.toString('latin1')).not.toContain('ClawTab');
      // The signature is the relay's, for this push service, by the key that the browser subscribed with.
      const [, token, key] = /^vapid t=(\S+?),\s*k=(\S+)$/.exec(headers.authorization ?? '') ?? [];
      expect(key).toBe(vapidPublicKey);
      const point = fromBase64url(vapidPublicKey)!;
      const jwks = createLocalJWKSet({
        keys: [{ kty: 'EC', crv: 'P-256', x: toBase64url(point.subarray(1, 33)), y: toBase64url(point.subarray(33)), alg: 'ES256' }],
      });
      const { payload } = await jwtVerify(token!, jwks, { audience: 'https://updates.push.services.mozilla.com' });
      expect(payload.sub).toBe('mailto:test@clawtab.example.org');
    });

    it('shows a question with no page open, gives the machine a receipt, and has the next one take its place', async () => {
      await firefox.goto('about:blank');
      await expect.poll(async () => (await at.desk.client.call('daemon.status', {})).phones, { timeout: 20_000 }).toBe(0);
      const asked = Date.now();
      const before = service.posted.length;
      const run = await at.desk.client.call('runs.start', { from: 'demo', requestId: 'ask-firefox' });
      const question = await at.desk.question(run.run);
      await expect.poll(() => service.posted.length, { timeout: 20_000 }).toBe(before + 1);
      const hearing = async () => (await at.desk.client.call('push.devices', {})).devices[0]!;
      await expect.poll(async () => (await hearing()).shownAt ?? 0, { timeout: 30_000 }).toBeGreaterThan(asked);
      expect(await hearing()).toMatchObject({ unheard: 0, deaf: false });
      await firefox.goto(`${at.origin}/settings`);
      const [shown, ...rest] = (await firefox.run<Shown[]>(SHOWN)).filter((n) => n.tag.endsWith(`/${run.run}`));
      expect(shown).toMatchObject({ title: expect.stringContaining('Bash command'), body: expect.stringContaining('npm test -- --run') });
      expect(rest).toEqual([]);

      await firefox.goto('about:blank');
      await expect.poll(async () => (await at.desk.client.call('daemon.status', {})).phones, { timeout: 20_000 }).toBe(0);
      const answered = Date.now();
      const verdict = await at.desk.client.call('questions.answer', answerTo(question, pick(question, 0)));
      expect(['typed', 'confirmed']).toContain(verdict.verdict);
      // The agent's next question follows at once and has the same place.
      await at.desk.question(run.run, question.qid);
      await expect.poll(async () => (await hearing()).shownAt ?? 0, { timeout: 30_000 }).toBeGreaterThan(answered);
      await firefox.goto(`${at.origin}/settings`);
      const standing = (await firefox.run<Shown[]>(SHOWN)).filter((n) => n.tag.endsWith(`/${run.run}`));
      expect(standing.map((n) => n.title)).toEqual([expect.stringMatching(/commit message/i)]);
    });
  });
