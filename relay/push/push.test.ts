import * as v from 'valibot';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import { MetaSchema, PushReply } from '../../shared/relay-api.ts';
import { addDevice, signUp, startTestRelay, type TestMember, type TestRelay } from '../test-relay.ts';
import { PUBLIC, startPushService, type TestPushService } from './test-push-service.ts';

let service: TestPushService;
let relay: TestRelay;
let daemon: TestMember;
const logged: unknown[] = [];

beforeAll(async () => {
  service = await startPushService();
  relay = await startTestRelay(
    { VAPID_SUBJECT: 'mailto:you@example.org', CLAWTAB_LIMITS: 'pushPerMinute=1000' },
    { pushNet: service.net, log: (...line) => logged.push(line) },
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
  service.answer = () => ({ status: 201 });
});

const GOOD = {
  endpoint: 'https://fcm.googleapis.com/fcm/send/secret-path',
  ttl: 60,
  urgency: 'high',
  topic: 'run-1',
  body: toBase64url(Uint8Array.of(1, 2, 3)),
};
const push = (change: Record<string, unknown> = {}, who = daemon): Promise<v.InferOutput<typeof PushReply>> =>
  who.tokens.call({ method: 'POST', path: '/v1/push', reply: PushReply, body: { ...GOOD, ...change } });
const codeOf = (change: Record<string, unknown>): Promise<string> =>
  push(change).then(
    (r) => r.outcome,
    (error: unknown) => (error instanceof ClawError ? error.code : String(error)),
  );

describe('the push forwarder', () => {
  it('forwards the body as it is, signed, with the headers of RFC 8030', async () => {
    expect(await push()).toEqual({ outcome: 'ok' });
    const [got] = service.received;
    expect(got!.path).toBe('/fcm/send/secret-path');
    expect([...got!.body]).toEqual([1, 2, 3]);
    expect(got!.headers).toMatchObject({
      host: 'fcm.googleapis.com',
      ttl: '60',
      urgency: 'high',
      topic: 'run-1',
      'content-encoding': 'aes128gcm',
    });
    const meta = v.parse(MetaSchema, await (await fetch(`${relay.origin}/v1/meta`)).json());
    expect(got!.headers.authorization).toMatch(new RegExp(`^vapid t=ey[\\w.-]+, k=${meta.vapidPublicKey}$`));
  });

  it.each([
    [200, {}, { outcome: 'ok' }],
    [201, {}, { outcome: 'ok' }],
    [404, {}, { outcome: 'gone' }],
    [410, {}, { outcome: 'gone' }],
    [400, {}, { outcome: 'refused' }],
    [403, {}, { outcome: 'refused' }],
    [413, {}, { outcome: 'refused' }],
    [429, { 'Retry-After': '7' }, { outcome: 'retry', retryAfterS: 7 }],
    [429, { 'Retry-After': '999999' }, { outcome: 'retry', retryAfterS: 3600 }],
    [429, { 'Retry-After': 'soon' }, { outcome: 'retry' }],
    [500, {}, { outcome: 'retry' }],
    [503, { 'Retry-After': new Date(Date.now() - 5000).toUTCString() }, { outcome: 'retry', retryAfterS: 1 }],
  ] as const)('calls a %i with %j %j', async (status, headers, verdict) => {
    service.answer = () => ({ status, headers });
    expect(await push()).toEqual(verdict);
  });

  it.each([301, 302, 303, 307, 308])('BAD-86 follows no %i', async (status) => {
    service.answer = () => ({ status, headers: { Location: 'https://fcm.googleapis.com/elsewhere' } });
    expect(await push()).toEqual({ outcome: 'refused' });
    expect(service.received).toHaveLength(1);
  });

  it('calls a service that resets, hangs or talks without end something to retry, and reads none of it', async () => {
    service.answer = () => 'reset';
    expect(await push()).toEqual({ outcome: 'retry' });
    service.answer = () => ({ status: 201, body: Buffer.alloc(8 * 1024 * 1024) });
    expect(await push()).toEqual({ outcome: 'ok' });
    service.answer = () => 'hang';
    expect(await push()).toEqual({ outcome: 'retry' });
  });

  it('trusts no certificate but one for the host', async () => {
    const impostor = await startPushService('evil.example');
    const { dial } = service.net;
    service.net.dial = impostor.net.dial;
    expect(await push()).toEqual({ outcome: 'retry' });
    expect(impostor.received).toHaveLength(0);
    service.net.dial = dial;
    await impostor.close();
  });

  it.each([
    ['10.0.0.8'],
    ['127.0.0.1'],
    ['169.254.169.254'],
    ['100.64.1.1'],
    ['::1'],
    ['fd00::1'],
    ['::ffff:10.0.0.1'],
    [PUBLIC, '10.0.0.8'],
  ])('BAD-84 sends nothing where the host resolves to %s %s', async (...addresses) => {
    const before = service.connections;
    service.net.addresses = addresses.filter((a) => typeof a === 'string');
    expect(await push()).toEqual({ outcome: 'refused' });
    expect(service.connections).toBe(before);
  });

  it('BAD-84 asks the resolver once: a second answer cannot lead elsewhere', async () => {
    let asked = 0;
    service.net.addresses = () => (asked++ === 0 ? [PUBLIC] : ['127.0.0.1']);
    expect(await push()).toEqual({ outcome: 'ok' });
    expect(asked).toBe(1);
    expect(await push()).toEqual({ outcome: 'refused' });
  });

  it.each([
    ['bad_endpoint', { endpoint: 'http://fcm.googleapis.com/x' }],
    ['bad_endpoint', { endpoint: 'https://fcm.googleapis.com@evil.example/' }],
    ['bad_endpoint', { endpoint: `https://fcm.googleapis.com/${'x'.repeat(2048)}` }],
    ['push_bad_body', { body: toBase64url(new Uint8Array(4097)) }],
    ['push_bad_body', { body: '' }],
    ['push_bad_body', { body: 'not base64url!' }],
    ['push_bad_ttl', { ttl: -1 }],
    ['push_bad_ttl', { ttl: 1e9 }],
    ['push_bad_ttl', { ttl: 1.5 }],
    ['push_bad_ttl', { ttl: '60' }],
    ['push_bad_topic', { topic: 'x'.repeat(33) }],
    ['push_bad_topic', { topic: 'a b' }],
    ['push_bad_topic', { topic: '' }],
    ['push_bad_urgency', { urgency: 'now' }],
    ['push_bad_urgency', { urgency: 'high\r\nX: y' }],
  ])('BAD-88 answers %s to %j, and asks nobody', async (code, change) => {
    const before = service.connections;
    expect(await codeOf(change)).toBe(code);
    expect(service.connections).toBe(before);
  });

  it('takes the largest body that push services must take', async () => {
    expect(await push({ body: toBase64url(new Uint8Array(4096)) })).toEqual({ outcome: 'ok' });
    expect(service.received[0]!.body).toHaveLength(4096);
  });

  it('BAD-89 keeps no subscription: one endpoint of two accounts belongs to neither', async () => {
    const stranger = await addDevice(relay.origin, await signUp(relay.origin));
    expect(await Promise.all([push(), push({}, stranger)])).toEqual([{ outcome: 'ok' }, { outcome: 'ok' }]);
    service.answer = () => ({ status: 410 });
    expect(await push({}, stranger)).toEqual({ outcome: 'gone' });
    service.answer = () => ({ status: 201 });
    expect(await push()).toEqual({ outcome: 'ok' });
  });

  it('names neither path nor body in a log', async () => {
    service.answer = () => ({ status: 403 });
    await push();
    const text = JSON.stringify(logged);
    expect(text).toContain('push_refused');
    expect(text).not.toContain('secret-path');
    expect(text).not.toContain(GOOD.body);
  });

  it('counts what became of them', async () => {
    const text = await (await fetch(`${relay.origin}/metrics`)).text();
    expect(text).toMatch(/clawtab_pushes_total\{outcome="ok"\} \d+/);
  });
});

describe('a flood of pushes', () => {
  it('meets the account’s limit, and no other account’s', async () => {
    const small = await startTestRelay({ CLAWTAB_LIMITS: 'pushPerMinute=3' }, { pushNet: service.net });
    try {
      const [a, b] = [await addDevice(small.origin, await signUp(small.origin)), await addDevice(small.origin, await signUp(small.origin))];
      for (let i = 0; i < 3; i++) expect(await push({}, a)).toEqual({ outcome: 'ok' });
      await expect(push({}, a)).rejects.toMatchObject({ code: 'rate_limited' });
      expect(await push({}, b)).toEqual({ outcome: 'ok' });
    } finally {
      await small.stop();
    }
  });
});
