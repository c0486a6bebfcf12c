/** BAD-01 to BAD-16 of the contract: bodies and their fields, over real HTTP. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBytes, toBase64url } from '../shared/bytes.ts';
import { createSigningKey } from '../shared/keys.ts';
import { type Answered, Asker, expectRefusal, registration, sendRaw } from './test-http.ts';
import { signUp, startTestRelay, type TestHousehold, type TestRelay } from './test-relay.ts';

let relay: TestRelay;
let home: TestHousehold;
let http: Asker;

beforeAll(async () => {
  relay = await startTestRelay();
  home = await signUp(relay.origin);
  http = new Asker(relay.origin);
});
afterAll(() => relay.stop());

const body = (raw: unknown, headers: Record<string, string> = {}): Promise<Answered> =>
  http.ask({ path: '/v1/prelogin', body: raw, headers });

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
