/** BAD-30 to BAD-42 of the contract on bare sockets: upgrades, hellos, and frames that break WebSocket or the envelope. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBytes, randomId, toBase64url, utf8 } from '../shared/bytes.ts';
import { CLASS, encodeFrame, FRAME, type FrameType } from '../shared/frame.ts';
import { addDevice, signUp, startTestRelay, type TestHousehold, type TestMember, type TestRelay } from './test-relay.ts';
import {
  dataFrame,
  helloOf,
  joined,
  OPCODE,
  originHeader,
  relayTokenOf,
  TestSocket,
  textOf,
  type WireOptions,
  wireFrame,
} from './test-socket.ts';

let relay: TestRelay;
let home: TestHousehold;
let daemon: TestMember;

beforeAll(async () => {
  relay = await startTestRelay({ CLAWTAB_LIMITS: 'helloMs=1200,helloPerIp=5000' });
  home = await signUp(relay.origin);
  daemon = await addDevice(relay.origin, home);
});
afterAll(() => relay.stop());

/** Two devices still talk: what went before has hurt nobody. */
async function stillServes(): Promise<void> {
  const machine = await joined(relay.origin, daemon);
  const phone = await joined(relay.origin, home.phone);
  phone.socket.send(dataFrame(machine.connection, 'still there?'));
  expect(textOf(await machine.socket.frame(FRAME.data))).toBe('still there?');
  for (const { socket } of [machine, phone]) socket.destroy();
}

describe('upgrades', () => {
  it.each([
    [400, 'bad_upgrade', 'no key', { 'Sec-WebSocket-Key': null }],
    [400, 'bad_upgrade', 'a short key', { 'Sec-WebSocket-Key': 'AAAA' }],
    [400, 'bad_upgrade', 'a key of other characters', { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }],
    [400, 'bad_upgrade', 'two keys', { 'Sec-WebSocket-Key': 'MDEyMzQ1Njc4OWFiY2RlZg==, MDEyMzQ1Njc4OWFiY2RlZg==' }],
    [400, 'bad_upgrade', 'another protocol to upgrade to', { Upgrade: 'h2c' }],
    [426, 'upgrade_required', 'version 12', { 'Sec-WebSocket-Version': '12' }],
    [426, 'upgrade_required', 'no version', { 'Sec-WebSocket-Version': null }],
    [426, 'upgrade_required', 'no subprotocol', { 'Sec-WebSocket-Protocol': null }],
    [426, 'upgrade_required', 'another subprotocol', { 'Sec-WebSocket-Protocol': 'clawtab.v9' }],
    [426, 'upgrade_required', 'a token as subprotocol', { 'Sec-WebSocket-Protocol': 'cts_secret' }],
  ] as const)('BAD-30 %i %s for %s', async (status, code, _name, headers) => {
    const result = await TestSocket.attempt(relay.origin, headers);
    expect(result).toMatchObject({ status, code });
    if (status === 426) expect((result as { head: string }).head).toMatch(/sec-websocket-version: 13/i);
  });

  it.each(['/v1/ws/', '/v1/ws?token=cts_x', '//evil/ws', '//v1/ws', '/', '/v1/%77s', '/v1/meta'])('BAD-30 404 at %s', async (target) => {
    expect(await TestSocket.attempt(relay.origin, {}, target)).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('BAD-31 a thousand resets during the upgrade', async () => {
    for (let round = 0; round < 10; round++)
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const at = TestSocket.attempt(relay.origin).catch(() => null);
          if (i % 2 === 0) {
            const socket = await at;
            if (socket instanceof TestSocket) socket.socket.resetAndDestroy();
          } else {
            const { connect } = await import('node:net');
            const url = new URL(relay.origin);
            const bare = connect(Number(url.port), url.hostname, () => {
              bare.write('GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
              bare.resetAndDestroy();
            });
            bare.on('error', () => undefined);
            const socket = await at;
            if (socket instanceof TestSocket) socket.destroy();
          }
        }),
      );
    await stillServes();
  });

  it('BAD-32 pages of other origins, however alike', async () => {
    const { host, port } = new URL(relay.origin);
    const origins = [
      'null',
      'https://evil.example',
      `http://${host}.evil.example`,
      `http://evil.${host}`,
      `http://${host}evil.example`,
      `${relay.origin}/`,
      `${relay.origin}.`,
      relay.origin.toUpperCase(),
      relay.origin.replace('http', 'https'),
      relay.origin.replace(port, '1'),
      relay.origin.replace(`:${port}`, ''),
      `http://localhost.:${port}`,
      `http://user@${host}`,
      `${relay.origin}, ${relay.origin}`,
      'http://xn--lcalhost-hbb.example',
    ];
    for (const origin of origins)
      expect(await TestSocket.attempt(relay.origin, { Origin: origin }), origin).toMatchObject({ status: 403, code: 'origin_not_allowed' });
    expect(await TestSocket.attempt(relay.origin, { 'Sec-Fetch-Site': 'cross-site' })).toMatchObject({ status: 403 });
  });
});

describe('hellos', () => {
  const open = (who: TestMember = daemon): Promise<TestSocket> => TestSocket.open(relay.origin, originHeader(relay.origin, who));
  async function refused(
    make: (at: TestSocket) => Promise<unknown> | unknown,
    who: TestMember = daemon,
  ): Promise<{ code: number; reason: string }> {
    const at = await open(who);
    await make(at);
    return at.ending();
  }

  it('BAD-33 none in time, or one that comes a byte at a time for ever', async () => {
    expect(await refused(() => undefined)).toEqual({ code: 4408, reason: 'hello_timeout' });
    const at = await open();
    at.write(wireFrame(OPCODE.binary, new Uint8Array(0), { length: Buffer.of(126, 8, 0) }));
    const drip = setInterval(() => at.write(Uint8Array.of(0)), 50);
    expect(await at.ending()).toEqual({ code: 4408, reason: 'hello_timeout' });
    clearInterval(drip);
  });

  it.each([
    [4400, 'hello_expected', encodeFrame(FRAME.data, 0, 1, utf8('x'))],
    [4400, 'hello_expected', encodeFrame(FRAME.ping, 0, 0, utf8('x'))],
    [4400, 'hello_expected', encodeFrame(FRAME.renew, 0, 0, utf8('{}'))],
    [4400, 'hello_expected', encodeFrame(FRAME.welcome, 0, 0, utf8('{}'))],
    [4400, 'bad_frame', encodeFrame(FRAME.hello, 0, 0, utf8('{'))],
    [4400, 'bad_frame', encodeFrame(FRAME.hello, 0, 0, utf8('{}'))],
    [4400, 'bad_frame', encodeFrame(FRAME.hello, 0, 0, Uint8Array.of(0xff, 0xfe))],
    [4413, 'too_large', encodeFrame(FRAME.hello, 0, 0, new Uint8Array(4 * 1024))],
  ])('BAD-34 %i %s before a hello', async (code, reason, frame) => {
    expect(await refused((at) => at.send(frame))).toEqual({ code, reason });
  });

  it('BAD-34 two hellos', async () => {
    const { socket } = await joined(relay.origin, daemon);
    socket.say(FRAME.hello, await helloOf(socket, relay.origin, daemon));
    expect(await socket.ending()).toEqual({ code: 4400, reason: 'already_authenticated' });
  });

  it('BAD-35 a relay token is good once', async () => {
    const token = await relayTokenOf(daemon);
    const first = await open();
    first.say(FRAME.hello, await helloOf(first, relay.origin, daemon, { relayToken: token }));
    await first.frame(FRAME.welcome);
    expect(await refused(async (at) => at.say(FRAME.hello, await helloOf(at, relay.origin, daemon, { relayToken: token })))).toEqual({
      code: 4401,
      reason: 'relay_token_unknown',
    });
    first.destroy();
  });

  it('BAD-35 expired, another device’s, none at all, of another type', async () => {
    let now = Date.now();
    const own = await startTestRelay({}, { nowMs: () => now });
    try {
      const at = await signUp(own.origin);
      const machine = await addDevice(own.origin, at);
      const relayToken = await relayTokenOf(machine);
      now += 31_000;
      const late = await TestSocket.open(own.origin);
      late.say(FRAME.hello, await helloOf(late, own.origin, machine, { relayToken }));
      expect(await late.ending()).toEqual({ code: 4401, reason: 'relay_token_expired' });
    } finally {
      await own.stop();
    }
    const others = await addDevice(relay.origin, home);
    const stolen = await relayTokenOf(others);
    expect(await refused(async (at) => at.say(FRAME.hello, await helloOf(at, relay.origin, daemon, { relayToken: stolen })))).toMatchObject(
      { code: 4401 },
    );
    for (const [relayToken, reason] of [
      ['', 'malformed_token'],
      ['ctr_x', 'malformed_token'],
      [others.held()!, 'wrong_token_type'],
      [await daemon.tokens.session(), 'wrong_token_type'],
    ] as const)
      expect(
        await refused(async (at) => at.say(FRAME.hello, await helloOf(at, relay.origin, daemon, { relayToken }))),
        relayToken.slice(0, 4),
      ).toEqual({
        code: 4401,
        reason,
      });
    daemon.tokens.forget();
  });

  it('BAD-35 the token of one device in the name of another', async () => {
    const others = await addDevice(relay.origin, home);
    expect(await refused(async (at) => at.say(FRAME.hello, await helloOf(at, relay.origin, daemon, { kid: others.device.id })))).toEqual({
      code: 4401,
      reason: 'relay_token_other_device',
    });
    daemon.tokens.forget();
  });

  it.each([
    ['another nonce', { signs: { nonce: randomId() } }],
    ['another origin', { signs: { origin: 'https://evil.example' } }],
    ['another node', { signs: { node: 'elsewhere' } }],
    ['another version', { signs: { version: 9 } }],
    ['another token', { signs: { relayToken: 'ctr_other' } }],
    ['another purpose', { purpose: 'ct-e2e' }],
    ['nothing at all', { sig: toBase64url(randomBytes(64)) }],
  ] as const)('BAD-36 a signature over %s ends the device’s sessions', async (_name, change) => {
    const session = await daemon.tokens.session();
    expect(await refused(async (at) => at.say(FRAME.hello, await helloOf(at, relay.origin, daemon, change)))).toEqual({
      code: 4401,
      reason: 'bad_signature',
    });
    daemon.tokens.forget();
    expect(await daemon.tokens.session()).not.toBe(session);
  });

  it('BAD-42 an unknown version is told to upgrade, in frame and hello', async () => {
    expect(await refused(async (at) => at.say(FRAME.hello, await helloOf(at, relay.origin, daemon, { version: 9 })))).toEqual({
      code: 4426,
      reason: 'upgrade_required',
    });
    const frame = dataFrame(1, 'x');
    frame[0] = 9;
    expect(await refused((at) => at.send(frame))).toEqual({ code: 4426, reason: 'upgrade_required' });
  });

  it('a page’s socket names its origin, and a machine’s key is not used from one', async () => {
    const at = await TestSocket.open(relay.origin);
    at.say(FRAME.hello, await helloOf(at, relay.origin, home.phone));
    expect(await at.ending()).toEqual({ code: 4403, reason: 'origin_not_allowed' });
    const other = await addDevice(relay.origin, home);
    const page = await TestSocket.open(relay.origin, { Origin: relay.origin });
    page.say(FRAME.hello, await helloOf(page, relay.origin, other));
    expect(await page.ending()).toEqual({ code: 4403, reason: 'quarantined' });
  });
});

describe('frames that break WebSocket', () => {
  const x = utf8('x');
  const rows: [number, string, number, Uint8Array, WireOptions][] = [
    [1002, 'no mask', OPCODE.binary, x, { masked: false }],
    [1002, 'the first reserved bit', OPCODE.binary, x, { rsv: 4 }],
    [1002, 'the second reserved bit', OPCODE.binary, x, { rsv: 2 }],
    [1002, 'the third reserved bit', OPCODE.binary, x, { rsv: 1 }],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((op): [number, string, number, Uint8Array, WireOptions] => [
      1002,
      `opcode ${op}`,
      op,
      x,
      {},
    ]),
    [1002, 'a ping in pieces', OPCODE.ping, x, { fin: false }],
    [1002, 'a close in pieces', OPCODE.close, x, { fin: false }],
    [1002, 'a ping of 126 bytes', OPCODE.ping, new Uint8Array(126), {}],
    [1002, 'a continuation of nothing', OPCODE.continuation, x, {}],
    [1002, 'close code 1005', OPCODE.close, Uint8Array.of(0x03, 0xed), {}],
    [1002, 'close code 999', OPCODE.close, Uint8Array.of(0x03, 0xe7), {}],
    [1002, 'half a close code', OPCODE.close, Uint8Array.of(3), {}],
    [1007, 'a close reason that is no text', OPCODE.close, Uint8Array.of(0x03, 0xe8, 0xff, 0xfe), {}],
    [1002, 'BAD-41 a compressed bomb, though nothing of the kind was agreed', OPCODE.binary, randomBytes(1000), { rsv: 4 }],
  ];
  it.each(rows)('BAD-37 %i for %s', async (code, _name, opcode, payload, options) => {
    const { socket } = await joined(relay.origin, daemon);
    socket.write(wireFrame(opcode, payload, options));
    expect((await socket.ending()).code).toBe(code);
  });

  it('BAD-37 a new message inside another', async () => {
    const { socket } = await joined(relay.origin, daemon);
    socket.write(Buffer.concat([wireFrame(OPCODE.binary, x, { fin: false }), wireFrame(OPCODE.binary, x)]));
    expect((await socket.ending()).code).toBe(1002);
  });

  it('BAD-38 text, before the hello and after', async () => {
    const fresh = await TestSocket.open(relay.origin);
    const { socket } = await joined(relay.origin, daemon);
    for (const at of [fresh, socket]) {
      at.write(wireFrame(OPCODE.text, utf8('{}')));
      expect(await at.ending()).toEqual({ code: 4400, reason: 'binary_only' });
    }
  });

  it('BAD-39 a byte too many for its kind, and lengths that are lies', async () => {
    for (const [who, limit] of [
      [daemon, 256 * 1024],
      [home.phone, 64 * 1024],
    ] as const) {
      const { socket } = await joined(relay.origin, who);
      socket.send(new Uint8Array(limit + 1));
      expect(await socket.ending()).toEqual({ code: 4413, reason: 'too_large' });
      expect((await socket.frame(FRAME.error)).json()).toMatchObject({
        code: 'too_large',
        message: expect.stringContaining(String(limit)),
      });
    }
    for (const length of ['7f8000000000000000', '7f0000000100000000', '7fffffffffffffffff']) {
      const before = process.memoryUsage().rss;
      const { socket } = await joined(relay.origin, daemon);
      socket.write(wireFrame(OPCODE.binary, x, { length: Buffer.from(length, 'hex') }));
      expect([1009, 4413]).toContain((await socket.ending()).code);
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    }
  });

  it('BAD-40 sixty-five pieces, and pieces without end', async () => {
    for (const count of [65, 5000]) {
      const { socket } = await joined(relay.origin, daemon);
      const pieces = [wireFrame(OPCODE.binary, x, { fin: false })];
      for (let i = 1; i < count; i++) pieces.push(wireFrame(OPCODE.continuation, x, { fin: false }));
      socket.write(Buffer.concat(pieces));
      expect(await socket.ending()).toEqual({ code: 4400, reason: 'too_many_fragments' });
    }
    const { socket, peers } = await joined(relay.origin, daemon);
    expect(peers).toEqual([]);
    const whole = encodeFrame(FRAME.ping, 0, 0, randomBytes(64));
    const pieces = Array.from({ length: 64 }, (_, i) =>
      wireFrame(i === 0 ? OPCODE.binary : OPCODE.continuation, i < 63 ? whole.subarray(i, i + 1) : whole.subarray(63), { fin: i === 63 }),
    );
    socket.write(Buffer.concat(pieces));
    expect((await socket.frame(FRAME.pong)).payload).toHaveLength(64);
    socket.destroy();
  });

  it('BAD-41 compression is offered and not agreed', async () => {
    const url = new URL(relay.origin);
    const { connect } = await import('node:net');
    const socket = connect(Number(url.port), url.hostname);
    const head = await new Promise<string>((resolve) => {
      socket.on('data', (part) => resolve(part.toString('latin1')));
      socket.write(
        'GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: clawtab.v1\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n',
      );
    });
    expect(head).toMatch(/^HTTP\/1\.1 101/);
    expect(head).not.toMatch(/extensions/i);
    socket.destroy();
  });
});

describe('envelopes', () => {
  const header = encodeFrame(FRAME.data, 0, 1, utf8('x'));
  it.each([
    ...[0, 1, 2, 3, 4, 5, 6].map((n): [string, Uint8Array] => [`${n} bytes`, header.subarray(0, n)]),
    ['a header and nothing behind it', header.subarray(0, 7)],
    ['an unknown type', encodeFrame(99 as FrameType, 0, 1, utf8('x'))],
    ['type 0', encodeFrame(0 as FrameType, 0, 1, utf8('x'))],
    ['an unknown class', encodeFrame(FRAME.data, 2 as 0, 1, utf8('x'))],
    ['a frame that only the relay sends', encodeFrame(FRAME.presence, 0, 0, utf8('{}'))],
    ['a challenge', encodeFrame(FRAME.challenge, CLASS.control, 0, utf8('{}'))],
    ['a ping of 126 bytes', encodeFrame(FRAME.ping, 0, 0, new Uint8Array(126))],
  ])('BAD-42 %s', async (_name, frame) => {
    const { socket } = await joined(relay.origin, daemon);
    socket.send(frame);
    expect(await socket.ending()).toEqual({ code: 4400, reason: 'bad_envelope' });
    expect((await socket.frame(FRAME.error)).json()['message']).toMatch(/^bad_envelope: /);
  });

  it('the relay serves as before', stillServes);
});
