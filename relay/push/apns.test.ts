/** Pushes to native apps, against an HTTP/2 server that answers as Apple documents it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import { PushReply } from '../../shared/relay-api.ts';
import { addDevice, signUp, startTestRelay, type TestMember, type TestRelay } from '../test-relay.ts';
import { APNS_BODY_BYTES } from './apns.ts';
import { apnsToken, readApnsKey } from './apns-token.ts';
import { appleKey, startTestApns, type TestApns } from './test-apns.ts';
import { PUBLIC } from './test-push-service.ts';

const DEVICE = 'ab'.repeat(32);
const GOOD = {
  endpoint: `https://api.push.apple.com/3/device/${DEVICE}`,
  ttl: 60,
  urgency: 'high',
  topic: 'run-1',
  body: toBase64url(Uint8Array.of(1, 2, 3)),
};
const apple = appleKey();
const folder = mkdtempSync(join(tmpdir(), 'clawtab-apns-'));
const keyFile = join(folder, 'AuthKey.p8');
writeFileSync(keyFile, apple.pem);
const APNS = { APNS_KEY: keyFile, APNS_KEY_ID: 'ABC123DEFG', APNS_TEAM_ID: 'DEF123GHIJ', APNS_TOPIC: 'org.example.clawtab' };
afterAll(() => rmSync(folder, { recursive: true }));

describe('pushes to native apps', () => {
  let service: TestApns;
  let relay: TestRelay;
  let daemon: TestMember;
  const skewMs = 0;
  const logged: unknown[] = [];

  beforeAll(async () => {
    service = await startTestApns();
    relay = await startTestRelay(
      { ...APNS, CLAWTAB_LIMITS: 'pushPerMinute=1000' },
      { pushNet: service.net, log: (...line) => logged.push(line), nowMs: () => Date.now() + skewMs },
    );
    daemon = await addDevice(relay.origin, await signUp(relay.origin));
  });
  afterAll(async () => {
    await relay.stop();
    await service.close();
  });
  beforeEach(() => {
    service.received.length = 0;
    service.net.addresses = [PUBLIC];
    service.answer = () => ({ status: 200 });
  });
  const push = (change: Record<string, unknown> = {}) =>
    daemon.tokens.call({ method: 'POST', path: '/v1/push', reply: PushReply, body: { ...GOOD, ...change } });
  const codeOf = (change: Record<string, unknown>): Promise<string> =>
    push(change).then(
      ({ outcome }) => outcome,
      (error: unknown) => (error instanceof ClawError ? error.code : String(error)),
    );

  it('carry the sealed body as data of a notification that says nothing, signed with the operator’s key', async () => {
    expect(await push()).toEqual({ outcome: 'ok' });
    const [got] = service.received;
    expect(got!.headers).toMatchObject({
      ':method': 'POST',
      ':path': `/3/device/${DEVICE}`,
      'apns-topic': 'org.example.clawtab',
      'apns-push-type': 'alert',
      'apns-priority': '10',
      'apns-collapse-id': 'run-1',
    });
    const expires = Number(got!.headers['apns-expiration']) - Math.floor(Date.now() / 1000);
    expect(expires).toBeGreaterThan(50);
    expect(expires).toBeLessThanOrEqual(60);
    expect(JSON.parse(got!.body)).toEqual({
      aps: { alert: { title: 'ClawTab', body: 'Something waits for you.' }, 'mutable-content': 1, sound: 'default' },
      ct: GOOD.body,
    });
    const [scheme, token] = String(got!.headers['authorization']).split(' ');
    expect(scheme).toBe('bearer');
    const { payload, protectedHeader } = await jwtVerify(token!, apple.publicKey);
    expect(protectedHeader).toEqual({ alg: 'ES256', kid: 'ABC123DEFG' });
    expect(payload.iss).toBe('DEF123GHIJ');
  });

  it('use one connection, and make a new one when Apple ends it', async () => {
    await push();
    const before = service.sessions;
    await Promise.all([push(), push(), push()]);
    expect(service.sessions).toBe(before);
    service.answer = () => 'goaway';
    expect(await push()).toEqual({ outcome: 'ok' });
    service.answer = () => ({ status: 200 });
    expect(await push()).toEqual({ outcome: 'ok' });
    expect(service.sessions).toBe(before + 1);
    service.cut();
    // One that fell into the cut is the daemon’s to send again; the next finds a new connection.
    const outcomes = [await codeOf({}), await codeOf({})];
    expect(outcomes[1]).toBe('ok');
  });

  it('are quiet where the daemon is in no hurry, and are dropped by Apple where they may not wait', async () => {
    expect(await push({ urgency: 'low', ttl: 0, topic: undefined })).toEqual({ outcome: 'ok' });
    const [got] = service.received;
    expect(got!.headers).toMatchObject({ 'apns-priority': '5', 'apns-expiration': '0' });
    expect(got!.headers['apns-collapse-id']).toBeUndefined();
    expect(JSON.parse(got!.body).aps.sound).toBeUndefined();
  });

  it.each([
    [200, undefined, {}, { outcome: 'ok' }],
    [410, 'Unregistered', {}, { outcome: 'gone' }],
    [410, 'ExpiredToken', {}, { outcome: 'gone' }],
    [400, 'BadDeviceToken', {}, { outcome: 'gone' }],
    [400, 'DeviceTokenNotForTopic', {}, { outcome: 'refused' }],
    [400, 'BadTopic', {}, { outcome: 'refused' }],
    [403, 'InvalidProviderToken', {}, { outcome: 'refused' }],
    [403, 'ExpiredProviderToken', {}, { outcome: 'retry' }],
    [404, 'BadPath', {}, { outcome: 'refused' }],
    [413, 'PayloadTooLarge', {}, { outcome: 'refused' }],
    [429, 'TooManyRequests', { 'retry-after': '7' }, { outcome: 'retry', retryAfterS: 7 }],
    [429, 'TooManyProviderTokenUpdates', {}, { outcome: 'retry' }],
    [500, 'InternalServerError', {}, { outcome: 'retry' }],
    [503, 'ServiceUnavailable', { 'retry-after': '999999' }, { outcome: 'retry', retryAfterS: 3600 }],
    [302, undefined, { location: 'https://api.push.apple.com/elsewhere' }, { outcome: 'refused' }],
  ] as const)('call a %i %s with %j %j', async (status, reason, headers, verdict) => {
    service.answer = () => ({ status, headers, ...(reason === undefined ? {} : { reason }) });
    expect(await push()).toEqual(verdict);
    expect(service.received).toHaveLength(1);
  });

  it('that meet a connection which resets or hangs are to be sent again, on another one', async () => {
    service.answer = () => 'reset';
    expect(await push()).toEqual({ outcome: 'retry' });
    service.answer = () => 'hang';
    expect(await push()).toEqual({ outcome: 'retry' });
    const before = service.sessions;
    service.answer = () => ({ status: 200 });
    expect(await push()).toEqual({ outcome: 'ok' });
    expect(service.sessions).toBe(before + 1);
  });

  it.each([['10.0.0.8'], ['127.0.0.1'], ['169.254.169.254'], ['::1'], ['fd00::1'], [PUBLIC, '10.0.0.8']])(
    'BAD-84 go nowhere when the host resolves to %s %s',
    async (...addresses) => {
      service.cut();
      await codeOf({}); // a line that was cut is noticed
      service.cut();
      const before = service.sessions;
      service.received.length = 0;
      service.net.addresses = addresses.filter((a) => typeof a === 'string');
      const outcomes = new Set([await codeOf({}), await codeOf({})]);
      expect(outcomes.has('ok')).toBe(false);
      expect(outcomes.has('refused')).toBe(true);
      expect(service.sessions).toBe(before);
    },
  );

  it('trust no certificate but one for the host', async () => {
    const impostor = await startTestApns('evil.example');
    const { dial } = service.net;
    service.cut();
    await codeOf({});
    service.cut();
    service.net.dial = impostor.net.dial;
    expect(new Set([await codeOf({}), await codeOf({})])).toEqual(new Set(['retry']));
    expect(impostor.received).toHaveLength(0);
    service.net.dial = dial;
    await impostor.close();
  });

  it.each([
    ['bad_endpoint', { endpoint: `https://api.push.apple.com/3/device/${DEVICE}/../../x` }],
    ['bad_endpoint', { endpoint: 'https://api.push.apple.com/3/device/short' }],
    ['bad_endpoint', { endpoint: `https://api.push.apple.com/3/device/${DEVICE}?x=1` }],
    ['bad_endpoint', { endpoint: `https://api.push.apple.com:2197/3/device/${DEVICE}` }],
    ['bad_endpoint', { endpoint: `https://api.push.apple.com.evil.example/3/device/${DEVICE}` }],
    ['push_bad_body', { body: toBase64url(new Uint8Array(APNS_BODY_BYTES + 1)) }],
    ['push_bad_ttl', { ttl: -1 }],
  ])('answer %s to %j, and ask nobody', async (code, change) => {
    expect(await codeOf(change)).toBe(code);
    expect(service.received).toHaveLength(0);
  });

  it('take the largest body that fits Apple’s 4,096 bytes', async () => {
    expect(await push({ body: toBase64url(new Uint8Array(APNS_BODY_BYTES)) })).toEqual({ outcome: 'ok' });
    const { length } = service.received[0]!.body;
    expect(length).toBeLessThanOrEqual(4096);
    expect(length).toBeGreaterThan(4092);
  });

  it('are logged with Apple’s reason, never with the device’s token', async () => {
    service.answer = () => ({ status: 400, reason: 'BadTopic' });
    await push();
    const text = JSON.stringify(logged);
    expect(text).toContain('"status":"BadTopic"');
    expect(text).not.toContain(DEVICE);
  });

  it('are not served by a relay that has no key of Apple’s', async () => {
    const plain = await startTestRelay({}, { pushNet: service.net });
    try {
      const member = await addDevice(plain.origin, await signUp(plain.origin));
      const asked = member.tokens.call({ method: 'POST', path: '/v1/push', reply: PushReply, body: GOOD });
      await expect(asked).rejects.toMatchObject({ code: 'bad_endpoint' });
    } finally {
      await plain.stop();
    }
  });
});

describe('the provider token', () => {
  const key = readApnsKey((name) => APNS[name as keyof typeof APNS] ?? null)!;

  it('is kept for forty minutes, and not made anew within twenty whatever Apple says', async () => {
    let now = 1_790_000_000_000;
    const token = apnsToken(key, () => now);
    const first = await token.authorization();
    now += 19 * 60_000;
    token.expired();
    expect(await token.authorization()).toBe(first);
    now += 2 * 60_000;
    token.expired();
    const second = await token.authorization();
    expect(second).not.toBe(first);
    now += 39 * 60_000;
    expect(await token.authorization()).toBe(second);
    now += 60_000;
    expect(await token.authorization()).not.toBe(second);
  });

  it('is made anew when the clock has been set back', async () => {
    let now = 1_790_000_000_000;
    const token = apnsToken(key, () => now);
    const first = await token.authorization();
    now -= 86_400_000;
    expect(await token.authorization()).not.toBe(first);
  });
});
