/** BAD-43 to BAD-49 of the contract: what an authenticated socket may do to others, and to the relay. BAD-47 and BAD-48 are between the two ends: shared/channel.test.ts. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBytes, toBase64url, utf8 } from '../shared/bytes.ts';
import { CLASS, encodeFrame, FRAME, type FrameType } from '../shared/frame.ts';
import { sign } from '../shared/keys.ts';
import { socketProofText } from '../shared/relay-api.ts';
import { FRAME_VERSION } from '../shared/version.ts';
import { addDevice, signUp, startTestRelay, type TestHousehold, type TestMember, type TestRelay } from './test-relay.ts';
import { dataFrame, joined, OPCODE, originHeader, relayTokenOf, TestSocket, textOf, wireFrame } from './test-socket.ts';

let relay: TestRelay;
let home: TestHousehold;
let daemon: TestMember;

beforeAll(async () => {
  relay = await startTestRelay({ CLAWTAB_LIMITS: 'frameBurst=2000,framesPerSecond=500,helloPerIp=5000' });
  home = await signUp(relay.origin);
  daemon = await addDevice(relay.origin, home);
});
afterAll(() => relay.stop());

type Joined = Awaited<ReturnType<typeof joined>>;
const join = (who: TestMember): Promise<Joined> => joined(relay.origin, who);

describe('whom a frame reaches', () => {
  it('BAD-43 nobody: unknown, gone, oneself, another phone, another account; all told alike', async () => {
    const phone = await join(home.phone);
    const other = await join(await addDevice(relay.origin, home, 'phone'));
    const gone = await join(daemon);
    gone.socket.destroy();
    await phone.socket.until(() => phone.socket.frames.some((f) => f.type === FRAME.presence && f.json()['leave'] === gone.connection));
    const stranger = await join(await addDevice(relay.origin, await signUp(relay.origin)));
    const targets = [0, 1, 0xffffffff, gone.connection, phone.connection, other.connection, stranger.connection];
    for (const to of targets) phone.socket.send(dataFrame(to, 'hello?'));
    const errors = await phone.socket.until(() => {
      const all = phone.socket.frames.filter((f) => f.type === FRAME.error);
      return all.length === targets.length && all;
    });
    expect(errors.map((f) => f.json())).toEqual(
      targets.map((peer) => ({ code: 'peer_offline', message: 'There is no such connection now.', peer })),
    );
    // Whoever was meant and must not be reached has heard nothing: the next thing it hears is what comes later.
    for (const { socket } of [other, stranger]) {
      socket.say(FRAME.ping, utf8('now'));
      await socket.frame(FRAME.pong);
      expect(socket.frames.filter((f) => f.type === FRAME.data)).toEqual([]);
    }
    for (const { socket } of [phone, other, stranger]) socket.destroy();
  });

  it('carries the source in place of the destination, and the payload as it is', async () => {
    const [phone, machine] = [await join(home.phone), await join(daemon)];
    const payload = randomBytes(60_000);
    machine.socket.send(dataFrame(phone.connection, payload, CLASS.bulk));
    const frame = await phone.socket.frame(FRAME.data);
    expect([frame.peer, frame.cls]).toEqual([machine.connection, CLASS.bulk]);
    expect(Buffer.compare(frame.payload, payload)).toBe(0);
    for (const { socket } of [phone, machine]) socket.destroy();
  });

  it('takes role and account from its own rows: no frame can say who its sender is', async () => {
    const phone = await join(home.phone);
    const machine = await join(daemon);
    phone.socket.say(FRAME.presence, { join: { connection: 5, device: 'x'.repeat(43), kind: 'daemon' } });
    expect(await phone.socket.ending()).toEqual({ code: 4400, reason: 'bad_envelope' });
    machine.socket.say(FRAME.ping, utf8('x'));
    await machine.socket.frame(FRAME.pong);
    expect(machine.socket.frames.filter((f) => f.type === FRAME.presence).map((f) => Object.keys(f.json()))).toEqual([['leave']]);
    machine.socket.destroy();
  });
});

describe('too much', () => {
  it.each([
    ['frames to a peer', (to: number) => dataFrame(to, 'x')],
    ['frames to nobody', (_: number, i: number) => dataFrame(i + 1, 'x')],
    ['pings of the relay', () => encodeFrame(FRAME.ping, 0, 0, utf8('x'))],
  ])('BAD-44 a flood of %s is told off, and the neighbour notices nothing', async (_name, make) => {
    const home2 = await signUp(relay.origin);
    const [neighbour, itsMachine] = [await join(home2.phone), await join(await addDevice(relay.origin, home2))];
    const [phone, machine] = [await join(home.phone), await join(daemon)];
    const frames = Array.from({ length: 10_000 }, (_, i) => wireFrame(OPCODE.binary, make(machine.connection, i)));
    phone.socket.write(Buffer.concat(frames));
    expect(await phone.socket.ending()).toEqual({ code: 4429, reason: 'rate_limited' });
    neighbour.socket.send(dataFrame(itsMachine.connection, 'all well'));
    expect(textOf(await itsMachine.socket.frame(FRAME.data))).toBe('all well');
    for (const { socket } of [neighbour, itsMachine, machine]) socket.destroy();
  });

  it('BAD-45 a flood of pings of the wire', async () => {
    const { socket } = await join(daemon);
    socket.write(Buffer.concat(Array.from({ length: 10_000 }, () => wireFrame(OPCODE.ping, utf8('x')))));
    // `ws` cuts who lets pongs pile up; who reads them meets the relay's own limit.
    expect([1006, 4429]).toContain((await socket.ending()).code);
  });

  it('BAD-45 one that never answers is gone after its time, and the others are told', async () => {
    const own = await startTestRelay({ CLAWTAB_LIMITS: 'silentMs=1500' });
    const at = await signUp(own.origin);
    const [phone, machine] = [await joined(own.origin, at.phone), await joined(own.origin, await addDevice(own.origin, at))];
    machine.socket.socket.pause(); // reads no ping, answers none
    const alive = setInterval(() => phone.socket.say(FRAME.ping, utf8('x')), 300);
    await phone.socket.until(() => phone.socket.frames.some((f) => f.type === FRAME.presence && f.json()['leave'] === machine.connection));
    clearInterval(alive);
    machine.socket.destroy();
    phone.socket.destroy();
    await own.stop();
  });

  it('BAD-45 pongs that nobody asked for are a sign of life and no more', async () => {
    const { socket } = await join(daemon);
    for (let i = 0; i < 100; i++) socket.write(wireFrame(OPCODE.pong, utf8('unasked')));
    socket.say(FRAME.ping, utf8('x'));
    await socket.frame(FRAME.pong);
    socket.destroy();
  });

  it('BAD-33 sockets that do not greet: a network has twenty, and others their own', async () => {
    const own = await startTestRelay({ CLAWTAB_LIMITS: 'helloPerIp=20', TRUST_PROXY: '1', PUBLIC_ORIGIN: 'https://relay.example.org' });
    try {
      const at = `http://127.0.0.1:${own.port}`;
      const from = (address: string) => TestSocket.attempt(at, { 'X-Forwarded-For': address });
      const held = await Promise.all(Array.from({ length: 20 }, (_, i) => from(`198.51.100.${i}`)));
      expect(held.every((s) => s instanceof TestSocket)).toBe(true);
      expect(await from('198.51.100.99')).toMatchObject({ status: 429, code: 'rate_limited' });
      expect(await from('198.51.101.1')).toBeInstanceOf(TestSocket);
    } finally {
      await own.stop();
    }
  });
});

describe('the lease', () => {
  async function renewal(at: TestSocket, who: TestMember, origin: string, relayToken?: string): Promise<unknown> {
    const { nonce, node } = (await at.frame(FRAME.challenge)).json() as { nonce: string; node: string };
    const token = relayToken ?? (await relayTokenOf(who));
    const text = socketProofText({ nonce, relayToken: token, origin, node, version: FRAME_VERSION });
    return { relayToken: token, sig: toBase64url(await sign(who.device.privateKey, 'ct-ws', utf8(text))) };
  }
  /** Keeps it from being silent. */
  const talking = (at: TestSocket): NodeJS.Timeout => setInterval(() => at.say(FRAME.ping, utf8('x')), 300);

  it('BAD-46 renewed early goes on, and not renewed ends', { timeout: 120_000 }, async () => {
    const own = await startTestRelay({ CLAWTAB_LIMITS: 'leaseS=2' });
    const machine = await addDevice(own.origin, await signUp(own.origin));
    const { socket } = await joined(own.origin, machine);
    const alive = talking(socket);
    socket.say(FRAME.renew, await renewal(socket, machine, own.origin));
    expect((await socket.frame(FRAME.renewed)).json()).toEqual({ leaseS: 2 });
    expect(await socket.ending()).toEqual({ code: 4401, reason: 'token_expired' });
    clearInterval(alive);
    await own.stop();
  });

  it('BAD-46 with another device’s token it ends at once', async () => {
    const { socket } = await join(daemon);
    const other = await addDevice(relay.origin, home);
    socket.say(FRAME.renew, await renewal(socket, other, relay.origin));
    expect(await socket.ending()).toEqual({ code: 4401, reason: 'relay_token_other_device' });
  });

  it('BAD-46 with a token used before, or a broken one', async () => {
    const token = await relayTokenOf(daemon);
    const { socket } = await join(daemon);
    socket.say(FRAME.renew, await renewal(socket, daemon, relay.origin, token));
    await socket.frame(FRAME.renewed);
    socket.say(FRAME.renew, await renewal(socket, daemon, relay.origin, token));
    expect(await socket.ending()).toEqual({ code: 4401, reason: 'relay_token_unknown' });
    const again = await join(daemon);
    again.socket.say(FRAME.renew, { relayToken: 'x' });
    expect(await again.socket.ending()).toEqual({ code: 4400, reason: 'bad_frame' });
  });
});

describe('one place a device', () => {
  it('the newest connection has it; more than six changes a minute bar the device', async () => {
    const machine = await addDevice(relay.origin, home);
    let last = await join(machine);
    for (let i = 0; i < 6; i++) {
      const next = await join(machine);
      expect(await last.socket.ending()).toEqual({ code: 4409, reason: 'replaced' });
      last = next;
    }
    const seventh = await join(machine);
    expect(await last.socket.ending()).toEqual({ code: 4409, reason: 'replaced' });
    expect(await seventh.socket.ending()).toEqual({ code: 4403, reason: 'quarantined' });
  });
});

describe('noise', () => {
  it('BAD-49 twenty thousand random and mutated frames end sockets, never the relay', async () => {
    const seed = 20261124;
    const good = [
      dataFrame(1, 'x'),
      encodeFrame(FRAME.ping, 0, 0, utf8('x')),
      encodeFrame(FRAME.renew, 0, 0, utf8('{"relayToken":"a","sig":"b"}')),
    ];
    const mutated = fc
      .tuple(fc.constantFrom(...good), fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 4 }))
      .map(([frame, changes]) => {
        const out = frame.slice();
        for (const [at, value] of changes) out[at % out.length] = value;
        return out;
      });
    const envelope = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      mutated,
      fc
        .tuple(fc.nat(20), fc.nat(3), fc.uint8Array({ maxLength: 30 }))
        .map(([type, cls, rest]) => encodeFrame(type as FrameType, cls as 0, 1, rest)),
    );
    const wire = fc.oneof(
      { weight: 4, arbitrary: envelope.map((e) => wireFrame(OPCODE.binary, e)) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.nat(15), envelope, fc.boolean(), fc.nat(7))
          .map(([op, e, fin, rsv]) => wireFrame(op, e.slice(0, 100), { fin, rsv })),
      },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((b) => Buffer.from(b)) },
    );
    const frames = fc.sample(wire, { seed, numRuns: 20_000 });
    const endings = new Set<number>();
    let sent = 0;
    while (sent < frames.length) {
      // Half of them never say hello.
      const socket =
        sent % 2 === 0 ? (await join(home.phone)).socket : await TestSocket.open(relay.origin, originHeader(relay.origin, home.phone));
      while (!socket.ended && sent < frames.length) {
        socket.write(frames[sent++]!);
        if (sent % 50 === 0) await new Promise((tick) => setImmediate(tick));
      }
      socket.destroy();
      if (socket.closed) endings.add(socket.closed.code);
    }
    expect(endings.size).toBeGreaterThan(2);
    for (const code of endings) expect([1000, 1002, 1005, 1006, 1007, 1009, 4400, 4401, 4413, 4426, 4429]).toContain(code);
    expect((await fetch(`${relay.origin}/healthz`)).status).toBe(200);
  });
});
