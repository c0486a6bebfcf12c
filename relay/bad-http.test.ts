/** BAD-01 to BAD-29 of the contract, over real HTTP. BAD-21 in all its forms is auth/proof.test.ts, BAD-27 net.test.ts; here is that they reach the wire. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBytes, randomId, toBase64url } from '../shared/bytes.ts';
import { createList } from '../shared/device-list.ts';
import { createSigningKey } from '../shared/keys.ts';
import { createDevice } from '../shared/test-devices.ts';
import { type Answered, Asker, sendRaw } from './test-http.ts';
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

/** The shape that every refusal has: one code, one sentence, no stack, at most 1 KiB. */
function expectRefusal(reply: Answered, status: number, code: string): void {
  expect([reply.status, reply.code]).toEqual([status, code]);
  expect(reply.headers.get('content-type')).toBe('application/json');
  expect(reply.text.length).toBeLessThanOrEqual(1024);
  expect(reply.text).not.toMatch(/\bat \S+:\d+:\d+/);
  expect(reply.error?.message).toMatch(/\S/);
  expect(reply.error?.request_id).toMatch(/\S/);
}
const body = (raw: unknown, headers: Record<string, string> = {}): Promise<Answered> =>
  http.ask({ path: '/v1/prelogin', body: raw, headers });

async function registration(change: Record<string, unknown> = {}) {
  const device = await createDevice('phone');
  const ask = await createSigningKey();
  const account = randomId();
  const list = await createList(account, ask, [{ kind: 'phone', pub: device.publicRaw }]);
  const good = {
    email: `${randomId().toLowerCase().replaceAll(/[_-]/g, 'x')}@example.org`,
    account,
    salt: toBase64url(randomBytes(16)),
    kdf: { algorithm: 'argon2id', memoryKiB: 64 * 1024, iterations: 3 },
    authKey: toBase64url(randomBytes(32)),
    askPub: toBase64url(ask.publicRaw),
    wrappedKey: toBase64url(randomBytes(160)),
    list,
    device: { kind: 'phone', pub: toBase64url(device.publicRaw) },
  };
  return { key: device, body: { ...good, ...change } };
}
const register = async (change: Record<string, unknown>): Promise<Answered> => {
  const { key, body: all } = await registration(change);
  return http.ask({ path: '/v1/register', key, body: all });
};

describe('bodies', () => {
  it('BAD-01 empty', async () => expectRefusal(await body(''), 400, 'body_required'));

  it('BAD-02 truncated at each byte, with the byte where it went wrong', async () => {
    const whole = JSON.stringify({ email: 'you@example.org' });
    for (let at = 1; at < whole.length; at++) {
      const reply = await body(whole.slice(0, at));
      expectRefusal(reply, 400, 'bad_json');
      expect(reply.error?.data?.['offset']).toBeLessThanOrEqual(at);
      expect(reply.error?.message).toMatch(/at byte \d+/);
    }
  });

  it.each(['{"a":1,}', "{'a':1}", '{a:1}', '{"a":01}', '{"a":NaN}', '{"a":1}x', '/* c */{}', '{"a":"\n"}', '{"a":"\\x"}', '[1,2'])(
    'BAD-02 JSON as others read it: %s',
    async (text) => expectRefusal(await body(text), 400, 'bad_json'),
  );

  it.each(['[]', '1', 'null', '"text"', 'true'])('BAD-03 no object: %s', async (text) =>
    expectRefusal(await body(text), 400, 'expected_object'),
  );

  it('BAD-04 an unknown field is named', async () => {
    const reply = await body({ email: 'you@example.org', admin: true });
    expectRefusal(reply, 400, 'unknown_field');
    expect(reply.error?.message).toBe('unknown_field: admin');
  });

  it.each(['{"__proto__":{"polluted":1}}', '{"constructor":{}}', '{"email":{"__proto__":{"polluted":1}}}', '{"\\u005f_proto__":1}'])(
    'BAD-05 keys that change prototypes: %s',
    async (text) => {
      expectRefusal(await body(text), 400, 'forbidden_key');
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  it.each(['{"email":"a@b.cc","email":"c@d.ee"}', '{"a":{"b":1,"b":2}}', '{"email":1,"\\u0065mail":2}'])(
    'BAD-05 one key twice: %s',
    async (text) => expectRefusal(await body(text), 400, 'duplicate_key'),
  );

  it('BAD-06 ten thousand levels', async () => {
    const reply = await body(`{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`);
    expectRefusal(reply, 400, 'too_deep');
    expect(reply.error?.message).toContain('8');
  });

  it('BAD-07 a byte too many, by its length and in chunks, and the connection is closed', async () => {
    const big = JSON.stringify({ email: 'x'.repeat(64 * 1024 + 1 - '{"email":""}'.length) });
    expect(big).toHaveLength(64 * 1024 + 1);
    const reply = await body(big);
    expectRefusal(reply, 413, 'too_large');
    expect(reply.error?.message).toContain('65536');
    const head = 'POST /v1/prelogin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const chunked = await sendRaw(
      relay.origin,
      `${head}${(32 * 1024).toString(16)}\r\n${'x'.repeat(32 * 1024)}\r\n${(32 * 1024 + 1).toString(16)}\r\n${'x'.repeat(32 * 1024 + 1)}\r\n0\r\n\r\n`,
    );
    expectRefusal(chunked, 413, 'too_large');
    expectRefusal(await body(big.slice(1)), 400, 'bad_json');
  });

  it.each(['gzip', 'br', 'deflate', 'gzip, identity', 'x'])('BAD-08 compressed: %s', async (encoding) => {
    const bomb = gzipSync(Buffer.alloc(1024 * 1024));
    expectRefusal(await body(new Uint8Array(bomb), { 'Content-Encoding': encoding }), 415, 'encoding_not_supported');
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json-patch+json', ''])(
    'BAD-09 of another type: %j',
    async (type) => expectRefusal(await body('{}', { 'Content-Type': type }), 415, 'content_type'),
  );

  it('BAD-09 without a type', async () => {
    const reply = await sendRaw(relay.origin, 'POST /v1/prelogin HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}');
    expectRefusal(reply, 415, 'content_type');
  });

  it.each([
    ['a lone continuation byte', Uint8Array.of(0x7b, 0x22, 0x80, 0x22, 0x3a, 0x31, 0x7d)],
    ['an overlong slash', Uint8Array.of(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d)],
    ['an encoded surrogate', Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d)],
    ['UTF-16', new Uint8Array(Buffer.from('{}', 'utf16le').subarray(0, 4)).map((b, i) => (i === 0 ? 0xff : b))],
    ['half a surrogate pair, escaped', new TextEncoder().encode('{"email":"\\ud800"}')],
    ['the same in a key', new TextEncoder().encode('{"\\udc00":1}')],
  ])('BAD-10 text that is none: %s', async (_name, bytes) => expectRefusal(await body(bytes), 400, 'bad_utf8'));

  it('BAD-10 one byte-order mark is forgiven, two are not', async () => {
    const json = new TextEncoder().encode('{"email":"you@example.org"}');
    const bom = [0xef, 0xbb, 0xbf];
    expect((await body(Uint8Array.from([...bom, ...json]))).status).toBe(200);
    expectRefusal(await body(Uint8Array.from([...bom, ...bom, ...json])), 400, 'bad_json');
  });
});

describe('fields', () => {
  it.each([
    '',
    'you',
    'you@',
    '@example.org',
    'you@@example.org',
    'a@b@example.org',
    'you@example',
    'you@example.org.',
    'you@.example.org',
    'you@-example.org',
    'you@exa mple.org',
    'you\r\nBcc: x@example.org',
    'you\u0000@example.org',
    'you@ex\u0007ample.org',
    'you@exämple.org',
    'you@пример.рф',
    'you\n@example.org',
    `${'y'.repeat(65)}@example.org`,
    `you@${'x'.repeat(300)}.org`,
    'you@example.org<script>',
  ])('BAD-11 address %j', async (email) => {
    expectRefusal(await body({ email }), 400, 'bad_email');
    expectRefusal(await register({ email }), 400, 'bad_email');
  });
  it.each([null, 5, {}, [], true])('BAD-11 address %j', async (email) => expectRefusal(await body({ email }), 400, 'bad_email'));

  it('BAD-11 twins of one address are one account', async () => {
    const [local] = home.email.split('@');
    for (const twin of [
      home.email.toUpperCase(),
      ` ${home.email} `,
      `${local}＠example.org`,
      home.email.replace('e', 'ｅ'),
      home.email.replace('example', 'ＥＸＡＭＰＬＥ'),
    ])
      expectRefusal(await register({ email: twin }), 409, 'exists');
  });

  it.each([
    undefined,
    '',
    'AAAA',
    toBase64url(randomBytes(31)),
    toBase64url(randomBytes(33)),
    `${'A'.repeat(42)}!`,
    toBase64url(new Uint8Array(32)),
    7,
    null,
  ])('BAD-12 auth key %j', async (authKey) => expectRefusal(await register({ authKey }), 400, 'bad_auth_key'));

  it.each([
    { algorithm: 'argon2id', memoryKiB: 19 * 1024 - 1, iterations: 3 },
    { algorithm: 'argon2id', memoryKiB: 64 * 1024, iterations: 1 },
    { algorithm: 'argon2id', memoryKiB: 1024 * 1024 + 1, iterations: 3 },
    { algorithm: 'argon2id', memoryKiB: 64 * 1024, iterations: 1000 },
    { algorithm: 'argon2id', memoryKiB: -1, iterations: 3 },
    { algorithm: 'argon2id', memoryKiB: 65_536.5, iterations: 3 },
    { algorithm: 'pbkdf2', memoryKiB: 64 * 1024, iterations: 3 },
    { algorithm: 'none' },
    null,
  ])('BAD-13 key derivation %j', async (kdf) => expectRefusal(await register({ kdf }), 400, 'kdf_out_of_range'));

  it.each(['', 'n'.repeat(500), '‮evil', '📱', 'a\nb', '<script>'])('BAD-14 a device name does not exist here: %j', async (name) => {
    const { key, body: all } = await registration();
    const reply = await http.ask({ path: '/v1/register', key, body: { ...all, device: { ...all.device, name } } });
    expectRefusal(reply, 400, 'unknown_field');
    expect(reply.error?.message).toBe('unknown_field: device.name');
  });

  const point = toBase64url(Uint8Array.of(4, ...randomBytes(64)));
  it.each([
    ['not on the curve', point],
    ['the point at infinity', 'AA'],
    ['all zeros', toBase64url(new Uint8Array(65))],
    ['compressed', toBase64url(Uint8Array.of(2, ...randomBytes(32)))],
    ['of P-384', toBase64url(Uint8Array.of(4, ...randomBytes(96)))],
    ['not base64url', `${point.slice(0, -1)}=`],
    ['not canonical', `${point.slice(0, -1)}_`],
    ['a number', 65],
  ])('BAD-15 a key %s', async (_name, pub) => {
    expectRefusal(await register({ askPub: pub }), 400, 'bad_key');
    expectRefusal(await register({ device: { kind: 'phone', pub } }), 400, 'bad_key');
  });

  it('BAD-15 a key that is good and not the one of the proof', async () => {
    const other = await createSigningKey();
    expectRefusal(await register({ device: { kind: 'phone', pub: toBase64url(other.publicRaw) } }), 400, 'bad_key');
  });

  it('BAD-15 a private key is refused, and neither answered nor logged', async () => {
    const logged: unknown[] = [];
    const own = await startTestRelay({ CLAWTAB_LOG: 'debug' }, { log: (...line) => logged.push(line) });
    try {
      const asker = new Asker(own.origin);
      const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
      const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', pair.privateKey)).toString('base64');
      const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey);
      for (const pub of [pkcs8, jwk, `-----BEGIN PRIVATE KEY-----\n${pkcs8}`]) {
        const { key, body: all } = await registration();
        const reply = await asker.ask({ path: '/v1/register', key, body: { ...all, device: { kind: 'phone', pub } } });
        expectRefusal(reply, 400, 'private_key_refused');
        expect(reply.text + JSON.stringify(logged)).not.toContain(jwk.d);
        expect(reply.text + JSON.stringify(logged)).not.toContain(pkcs8.slice(0, 60));
      }
    } finally {
      await own.stop();
    }
  });

  it.each(['root', '', 'Phone', 7, null])('BAD-16 kind %j', async (kind) => {
    const { key, body: all } = await registration();
    const reply = await http.ask({ path: '/v1/register', key, body: { ...all, device: { ...all.device, kind } } });
    expectRefusal(reply, 400, 'bad_kind');
    expect(reply.error?.message).toMatch(/"phone".*"daemon"/);
  });
});

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

  it('BAD-29 of a hundred registrations of one address at once exactly one is made', async () => {
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
