/** BAD-17 to BAD-29 of the contract: tokens, targets, headers and pace. BAD-21 in all its forms is auth/proof.test.ts, BAD-27 net.test.ts; here is that they reach the wire. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBytes, randomId, toBase64url } from '../shared/bytes.ts';
import { createSigningKey } from '../shared/keys.ts';
import { type Answered, Asker, expectRefusal, registration, sendRaw } from './test-http.ts';
import { addDevice, signUp, startTestRelay, type TestHousehold, type TestMember, type TestRelay } from './test-relay.ts';

let relay: TestRelay;
let home: TestHousehold;
let daemon: TestMember;
let http: Asker;

beforeAll(async () => {
  relay = await startTestRelay({ CLAWTAB_LIMITS: 'requestMs=1500' });
  home = await signUp(relay.origin);
  daemon = await addDevice(relay.origin, home);
  http = new Asker(relay.origin);
});
afterAll(() => relay.stop());

const register = async (change: Record<string, unknown>): Promise<Answered> => {
  const { key, body: all } = await registration(change);
  return http.ask({ path: '/v1/register', key, body: all });
};

describe('tokens and proofs', () => {
  const at = '/v1/devices';
  const get = (more: { token?: string; headers?: Record<string, string>; proof?: object }): Promise<Answered> =>
    http.ask({ method: 'GET', path: at, key: daemon.device, ...more });

  it.each([undefined, '', ' '])('BAD-17 no token: %j', async (authorization) => {
    const reply = await get(authorization === undefined ? {} : { headers: { Authorization: authorization } });
    expectRefusal(reply, 401, 'missing_token');
    expect(reply.headers.get('www-authenticate')).toMatch(/^DPoP /);
  });

  it.each(['Bearer', 'Basic', 'Token', 'DPoPx'])('BAD-18 under the scheme %s', async (scheme) =>
    expectRefusal(await get({ headers: { Authorization: `${scheme} ${await daemon.tokens.session()}` } }), 401, 'use_dpop'),
  );

  it('BAD-19 the wrong kind, which ends the session it belongs to', async () => {
    const session = await daemon.tokens.session();
    const reply = await get({ token: daemon.held()! });
    expectRefusal(reply, 401, 'wrong_token_type');
    expect(reply.error?.message).toContain('expected session');
    expectRefusal(await get({ token: session }), 401, 'token_unknown');
    daemon.tokens.forget();
    expect((await get({ token: await daemon.tokens.session() })).status).toBe(200);
  });

  it('BAD-20 damaged, short, long, enormous', async () => {
    const token = await daemon.tokens.session();
    const damaged = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
    for (const text of [damaged, token.slice(0, -1), `${token}A`, `${token} x`, 'cts_', 'x', 'x'.repeat(8000)])
      expectRefusal(await get({ headers: { Authorization: `DPoP ${text}` } }), 401, 'malformed_token');
    const huge = await sendRaw(relay.origin, `GET ${at} HTTP/1.1\r\nHost: x\r\nAuthorization: DPoP ${'x'.repeat(10_000_000)}\r\n\r\n`);
    // What is refused before it was sent whole may be cut off, answer and all.
    expect([431, 0]).toContain(huge.status);
    expect((await get({ token })).status).toBe(200);
  });

  it('BAD-21 a wrong proof is told apart on the wire, and a stale nonce comes with a new one', async () => {
    const fresh = async (): Promise<string> => {
      daemon.tokens.forget();
      return daemon.tokens.session();
    };
    const stale = await get({ token: await fresh(), proof: { nonce: 'stale' } });
    expectRefusal(stale, 401, 'use_dpop_nonce');
    expect(stale.headers.get('dpop-nonce')).toMatch(/^[\w-]{22}$/);
    expectRefusal(await get({ token: await fresh(), proof: { url: 'https://evil.example/v1/devices' } }), 401, 'proof_htu');
    expectRefusal(await get({ token: await fresh(), proof: { method: 'POST' } }), 401, 'proof_htm');
    expectRefusal(await get({ token: await fresh(), proof: { token: 'cts_other' } }), 401, 'proof_ath');
    expectRefusal(await get({ token: await fresh(), headers: { DPoP: '' } }), 401, 'proof_missing');
    expectRefusal(await get({ token: await fresh(), headers: { DPoP: 'a, b' } }), 401, 'proof_duplicate');
    const other = await createSigningKey();
    expectRefusal(await http.ask({ method: 'GET', path: at, key: other, token: await fresh() }), 401, 'proof_other_key');
    expect((await get({ token: await fresh() })).status).toBe(200);
  });
});

describe('targets, headers and pace', () => {
  it.each([
    '/v1/devices/x',
    '/v1/devices/../../etc/passwd',
    '/v1/%2e%2e/secret',
    '/v1/devices/%00',
    `/v1/devices/${'x'.repeat(4096)}`,
    '/v1/',
    '/v2/meta',
    '/V1/meta',
  ])('BAD-22 there is nothing at %.40s', async (path) => {
    const reply = await sendRaw(relay.origin, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expectRefusal(reply, 404, 'not_found');
    expect(reply.error?.message).toBe('There is nothing at this address.');
  });

  it('BAD-22 a device of another account is one that does not exist', async () => {
    const stranger = await signUp(relay.origin);
    const ask = (device: string) =>
      http.ask({ path: '/v1/enrolments', key: home.phone.device, token: home.sessionToken, body: { device, sealed: 'c2VhbGVk' } });
    const [theirs, nobodys] = [await ask(stranger.phone.device.id), await ask(randomId())];
    expectRefusal(theirs, 404, 'not_found');
    expect({ ...theirs.error, request_id: '' }).toEqual({ ...nobodys.error, request_id: '' });
  });

  it.each(['-1', '0', '201', '1e9', 'abc', '', '1.5', '٣'])('BAD-23 limit=%s', async (limit) => {
    const path = `/v1/events?limit=${encodeURIComponent(limit)}`;
    const reply = await http.ask({ method: 'GET', path, key: daemon.device, token: await daemon.tokens.session() });
    expectRefusal(reply, 400, 'bad_limit');
    expect(reply.error?.message).toContain('(1..200)');
  });

  it.each(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'TRACE', 'PROPFIND'])('BAD-24 %s where only POST is', async (method) => {
    const reply = await sendRaw(relay.origin, `${method} /v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(reply.status).toBe(405);
    expect(reply.headers.get('allow')).toBe('POST');
  });

  it('BAD-24 a header does not change the method', async () => {
    const reply = await http.ask({ path: '/v1/meta', headers: { 'X-HTTP-Method-Override': 'GET' }, body: '{}' });
    expectRefusal(reply, 405, 'method_not_allowed');
  });

  it.each([
    [431, 'headers_too_large', 'more than 16 KiB of headers', `GET /v1/meta HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(17_000)}\r\n\r\n`],
    [431, 'headers_too_large', 'two thousand headers', `GET /v1/meta HTTP/1.1\r\nHost: x\r\n${'a:\r\n'.repeat(2000)}\r\n`],
    [400, 'bad_request', 'two hosts', 'GET /v1/meta HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'],
    [400, 'bad_request', 'an absolute target', 'GET http://evil.example/v1/meta HTTP/1.1\r\nHost: x\r\n\r\n'],
    [400, 'bad_request', 'a target of two slashes', 'GET //evil.example/v1/meta HTTP/1.1\r\nHost: x\r\n\r\n'],
    [400, 'bad_request', 'a target of backslashes', 'GET \\\\evil.example\\v1 HTTP/1.1\r\nHost: x\r\n\r\n'],
    [400, 'bad_request', 'the whole server as target', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'],
    [
      400,
      'bad_request',
      'a length and chunks',
      'POST /v1/prelogin HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [400, 'bad_request', 'two lengths', 'POST /v1/prelogin HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    [400, 'bad_request', 'a chunk of no size', 'POST /v1/prelogin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    [400, 'bad_request', 'no HTTP', 'hello there\r\n\r\n'],
    [400, 'bad_request', 'TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
  ])('BAD-25 %i %s for %s, and the connection is closed', async (status, code, _name, bytes) => {
    const reply = await sendRaw(relay.origin, Buffer.from(bytes, 'latin1'));
    expect([reply.status, reply.code]).toEqual([status, code]);
  });

  it.each([
    ['headers', 'GET /v1/meta HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['a body', 'POST /v1/prelogin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{'],
  ])('BAD-26 %s that come a byte at a time are given up', async (_name, start) => {
    let drip: NodeJS.Timeout | undefined;
    const reply = await sendRaw(relay.origin, start, (write) => {
      drip = setInterval(() => write('x'), 300);
    });
    clearInterval(drip);
    expect([reply.status, reply.code]).toEqual([408, 'request_timeout']);
  });

  it('BAD-28 too many sign-ins are told the same of an account as of none, and when to come back', async () => {
    const own = await startTestRelay({ CLAWTAB_LIMITS: 'loginPerMinute=2' });
    try {
      const at = await signUp(own.origin);
      const asker = new Asker(own.origin);
      const login = (email: string, forwarded: string): Promise<Answered> =>
        asker.ask({
          path: '/v1/login',
          key: at.phone.device,
          headers: { 'X-Forwarded-For': forwarded },
          body: { email, authKey: toBase64url(randomBytes(32)), device: { kind: 'phone', pub: toBase64url(at.phone.device.publicRaw) } },
        });
      const last = async (email: string): Promise<Answered> => {
        for (let i = 0; i < 2; i++) expectRefusal(await login(email, `198.51.${i}.1`), 401, 'wrong_password');
        return login(email, '203.0.113.77'); // BAD-27: saying to be somebody else helps nobody
      };
      const [known, unknown] = [await last(at.email), await last('nobody@example.org')];
      for (const reply of [known, unknown]) {
        expectRefusal(reply, 429, 'rate_limited');
        expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect({ ...known.error, request_id: '', data: null }).toEqual({ ...unknown.error, request_id: '', data: null });
    } finally {
      await own.stop();
    }
  });

  it('BAD-29 of a hundred registrations of one address at once exactly one is made', { timeout: 120_000 }, async () => {
    const email = `${randomId().toLowerCase().replaceAll(/[_-]/g, 'x')}@example.org`;
    const replies = await Promise.all(Array.from({ length: 100 }, () => register({ email })));
    const tally = new Map<string, number>();
    for (const { status, code } of replies) tally.set(`${status} ${code}`, (tally.get(`${status} ${code}`) ?? 0) + 1);
    expect(tally.get('201 ')).toBe(1);
    expect([...tally.keys()].filter((k) => !['201 ', '409 exists', '503 busy'].includes(k))).toEqual([]);
    expectRefusal(await register({ email }), 409, 'exists');
  });

  it('after all this the relay serves as before', async () => {
    expect((await http.ask({ method: 'GET', path: '/v1/meta' })).status).toBe(200);
    expect(
      (await http.ask({ method: 'GET', path: '/v1/devices', key: home.phone.device, token: await home.phone.tokens.session() })).status,
    ).toBe(200);
  });
});
