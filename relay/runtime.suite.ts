/** What a relay does, whatever it runs on: the same tests against a process on each runtime. The clients are Node's, on bare sockets and HTTP. */
import { randomBytes as nodeRandom } from 'node:crypto';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBytes, toBase64url } from '../shared/bytes.ts';
import { signRemoval } from '../shared/device-list.ts';
import { CLASS, FRAME, FRAME_HEADER_BYTES, MAX_FRAME_BYTES } from '../shared/frame.ts';
import { LoginReply, MetaSchema, SignedInReply } from '../shared/relay-api.ts';
import { Asker, expectRefusal, registration } from './test-http.ts';
import { type RelayProcess, type RuntimeName, startRelayProcess } from './test-process.ts';
import { addDevice, signUp } from './test-relay.ts';
import { dataFrame, helloOf, joined, OPCODE, originHeader, TestSocket, textOf, wireFrame } from './test-socket.ts';

/** One test makes more accounts than a household. */
const LIMITS =
  'registerPerHour=100000,loginPerIpMinute=100000,loginPerMinute=1000,loginPerHour=10000,requestsPerMinute=1000000,relayTokenPerMinute=100000';

export function runtimeSuite(runtime: RuntimeName, serverUrl: () => string): void {
  describe(`the relay on ${runtime}`, () => {
    let relay: RelayProcess;
    let origin: string;
    beforeAll(async () => {
      relay = await startRelayProcess(runtime, serverUrl(), { CLAWTAB_LIMITS: LIMITS });
      origin = relay.origin;
    });
    afterAll(async () => {
      await relay?.stop();
    });

    it('is healthy and ready, and counts', async () => {
      for (const path of ['/healthz', '/readyz']) {
        const reply = await fetch(origin + path);
        expect([reply.status, await reply.json()]).toEqual([200, { ok: true }]);
      }
      const metrics = await (await fetch(`${origin}/metrics`)).text();
      expect(metrics).toMatch(/^clawtab_sockets 0$/m);
      expect(metrics).toMatch(/^process_resident_memory_bytes [1-9]\d{6,}$/m);
      expect(v.parse(MetaSchema, await (await fetch(`${origin}/v1/meta`)).json()).name).toBe('clawtab');
    });

    it('serves the page, packed where the browser takes it, under a policy without inline code', async () => {
      const page = await fetch(`${origin}/`);
      expect(page.status).toBe(200);
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
      expect(policy).not.toContain('unsafe-inline');
      const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())![1]!;
      const file = await fetch(origin + script, { headers: { 'Accept-Encoding': 'br' } });
      expect([file.status, file.headers.get('content-encoding')]).toEqual([200, 'br']);
      expect((await file.text()).length).toBeGreaterThan(1000);
    });

    it('signs an account up, in and in again with a wrong password, and gives a session for the device token', async () => {
      const home = await signUp(origin);
      const login = (authKey: string) =>
        home.phone.http.call({
          method: 'POST',
          path: '/v1/login',
          reply: LoginReply,
          body: { email: home.email, authKey, device: { kind: 'phone', pub: toBase64url(home.phone.device.publicRaw) } },
        });
      expect((await login(home.authKey)).account).toBe(home.account);
      await expect(login(toBase64url(randomBytes(32)))).rejects.toMatchObject({ code: 'wrong_password' });
      const before = home.phone.held();
      home.phone.tokens.forget();
      expect(await home.phone.tokens.session()).toMatch(/\S/);
      expect(home.phone.held()).not.toBe(before);
    });

    it('takes a registration once, and refuses it without a proof, with a token of another kind and cut short', async () => {
      const asker = new Asker(origin);
      const { key, body } = await registration();
      expectRefusal(await asker.ask({ path: '/v1/register', body }), 401, 'proof_missing');
      const made = await asker.ask({ path: '/v1/register', body, key });
      expect(made.status).toBe(201);
      const { deviceToken } = v.parse(SignedInReply, JSON.parse(made.text));
      const wrong = await asker.ask({ method: 'GET', path: '/v1/devices', key, token: deviceToken });
      expectRefusal(wrong, 401, 'wrong_token_type');
      expectRefusal(await asker.ask({ path: '/v1/register', body: '{"email":', key }), 400, 'bad_json');
    });

    it('refuses a body beyond its limit, and one without an end before it has read it', async () => {
      const asker = new Asker(origin);
      const { key } = await registration();
      const large = 'x'.repeat(70_000);
      const announced = await asker.ask({ path: '/v1/register', body: large, key });
      expect([announced.status, announced.code]).toEqual([413, 'too_large']);
      let left = 64;
      const pieces = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (left-- === 0) controller.close();
          else controller.enqueue(new Uint8Array(8192).fill(32));
        },
      });
      const request: RequestInit & { duplex: 'half' } = {
        method: 'POST',
        body: pieces,
        duplex: 'half',
        headers: { 'Content-Type': 'application/json' },
      };
      const streamed = await fetch(`${origin}/v1/register`, request).then(
        (reply) => reply.status,
        () => 'cut' as const,
      );
      expect([401, 'cut']).toContain(streamed);
      expect((await fetch(`${origin}/healthz`)).status).toBe(200);
    });

    it('refuses pages of other origins, unknown places and wrong methods in one shape', async () => {
      const asker = new Asker(origin);
      expectRefusal(
        await asker.ask({ path: '/v1/login', body: {}, headers: { Origin: 'https://evil.example' } }),
        403,
        'origin_not_allowed',
      );
      expectRefusal(await asker.ask({ method: 'GET', path: '/v1/nothing' }), 404, 'not_found');
      expectRefusal(await asker.ask({ method: 'GET', path: '/v1/login' }), 405, 'method_not_allowed');
    });

    it('upgrades only with its subprotocol, from its own pages, at its own address', async () => {
      expect(await TestSocket.attempt(origin, { 'Sec-WebSocket-Protocol': 'other' })).toMatchObject({ status: 426 });
      expect(await TestSocket.attempt(origin, { Origin: 'https://evil.example' })).toMatchObject({ status: 403 });
      expect(await TestSocket.attempt(origin, {}, '/v1/ws?token=x')).toMatchObject({ status: 404 });
      expect((await fetch(`${origin}/v1/ws`)).status).toBe(426);
      const socket = await TestSocket.open(origin);
      expect((await socket.frame(FRAME.challenge)).json()).toMatchObject({ nonce: expect.any(String), node: expect.any(String) });
      socket.destroy();
    });

    it('carries frames both ways unchanged, the largest too, and tells of coming and going', async () => {
      const home = await signUp(origin);
      const machine = await addDevice(origin, home);
      const phone = await joined(origin, home.phone);
      const daemon = await joined(origin, machine);
      expect(daemon.peers).toEqual([expect.objectContaining({ connection: phone.connection, device: home.phone.device.id })]);
      expect((await phone.socket.frame(FRAME.presence)).json()).toMatchObject({ join: { connection: daemon.connection, kind: 'daemon' } });
      phone.socket.send(dataFrame(daemon.connection, 'question?'));
      const asked = await daemon.socket.frame(FRAME.data);
      expect([textOf(asked), asked.peer, asked.cls]).toEqual(['question?', phone.connection, CLASS.control]);
      const large = nodeRandom(MAX_FRAME_BYTES.daemon - FRAME_HEADER_BYTES);
      daemon.socket.send(dataFrame(phone.connection, large, CLASS.bulk));
      const got = await phone.socket.frame(FRAME.data);
      expect([got.peer, got.cls, Buffer.compare(got.payload, large)]).toEqual([daemon.connection, CLASS.bulk, 0]);
      daemon.socket.destroy();
      await phone.socket.until(() => phone.socket.frames.find((f) => f.type === FRAME.presence && f.json()['leave'] === daemon.connection));
      phone.socket.send(dataFrame(daemon.connection, 'still there?'));
      expect((await phone.socket.frame(FRAME.error)).json()).toMatchObject({ code: 'peer_offline', peer: daemon.connection });
      phone.socket.destroy();
    });

    it('keeps the order of a thousand frames of mixed sizes', async () => {
      const home = await signUp(origin);
      const machine = await addDevice(origin, home);
      const phone = await joined(origin, home.phone);
      const daemon = await joined(origin, machine);
      const sizes = Array.from({ length: 1000 }, (_, i) => 4 + ((i * 7919) % 400));
      for (const [i, size] of sizes.entries()) {
        const payload = new Uint8Array(size);
        new DataView(payload.buffer).setUint32(0, i);
        daemon.socket.send(dataFrame(phone.connection, payload));
      }
      const data = () => phone.socket.frames.filter((f) => f.type === FRAME.data);
      await phone.socket.until(() => data().length === sizes.length);
      expect(data().map((f) => f.payload.readUInt32BE(0))).toEqual(sizes.map((_, i) => i));
      expect(data().map((f) => f.payload.length)).toEqual(sizes);
      for (const { socket } of [phone, daemon]) socket.destroy();
    });

    it('closes with its own codes: bad hello, text, another’s signature, a frame too large', async () => {
      const home = await signUp(origin);
      const closing = async (act: (socket: TestSocket) => Promise<void> | void): Promise<[number, string]> => {
        const socket = await TestSocket.open(origin, originHeader(origin, home.phone));
        await act(socket);
        const { code, reason } = await socket.ending();
        return [code, reason];
      };
      expect(await closing((s) => s.say(FRAME.ping, {}))).toEqual([4400, 'hello_expected']);
      expect(await closing((s) => s.say(FRAME.hello, { nonsense: true }))).toEqual([4400, 'bad_frame']);
      expect(await closing((s) => s.write(wireFrame(OPCODE.text, Buffer.from('hello'))))).toEqual([expect.any(Number), 'binary_only']);
      expect(await closing(async (s) => s.say(FRAME.hello, await helloOf(s, origin, home.phone, { purpose: 'ct-e2e' })))).toEqual([
        4401,
        'bad_signature',
      ]);
      expect(await closing((s) => s.send(new Uint8Array(MAX_FRAME_BYTES.hello + 1).fill(1)))).toEqual([4413, 'too_large']);
      const { socket } = await joined(origin, await addDevice(origin, await signUp(origin)));
      socket.send(dataFrame(1, new Uint8Array(MAX_FRAME_BYTES.daemon)));
      expect(await socket.ending()).toMatchObject({ code: 4413 });
    });

    it('ends the socket of a device that is removed', async () => {
      const home = await signUp(origin);
      const machine = await addDevice(origin, home);
      const { socket } = await joined(origin, machine);
      const removal = await signRemoval(home.account, machine.device.id, home.phone.device);
      await home.phone.tokens.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), body: { removal } });
      expect(await socket.ending()).toMatchObject({ reason: 'revoked' });
    });

    it('answers the pings of WebSocket and of its own protocol', async () => {
      const { socket } = await joined(origin, (await signUp(origin)).phone);
      socket.say(FRAME.ping, randomBytes(8));
      expect((await socket.frame(FRAME.pong)).payload).toHaveLength(8);
      socket.write(wireFrame(OPCODE.ping, randomBytes(4)));
      await socket.until(() => socket.pongs === 1);
      socket.destroy();
    });

    it('says on SIGTERM that it goes, to its sockets too, and ends with 0', async () => {
      const { socket } = await joined(origin, (await signUp(origin)).phone);
      relay.child.kill('SIGTERM');
      await socket.frame(FRAME.drain);
      expect(await relay.stop()).toBe(0);
      expect(relay.log()).not.toMatch(/request_failed|socket_failed/);
    });
  });
}
