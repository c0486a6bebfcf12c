import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Backoff } from './backoff.ts';
import { fromBase64url, fromUtf8, utf8 } from './bytes.ts';
import { CLASS, decodeHeader, encodeFrame, FRAME, FRAME_HEADER_BYTES, type FrameType } from './frame.ts';
import { verify } from './keys.ts';
import { RelayLink } from './link.ts';
import type { LinkState, SocketLike } from './link-options.ts';
import { socketProofText } from './relay-api.ts';
import { RelayHttp } from './relay-http.ts';
import { createDevice, type TestDevice } from './test-devices.ts';
import { TokenSource } from './token-source.ts';

const ORIGIN = 'https://relay.example';
const NONCE = 'A'.repeat(43);

/** The far end of a socket, as a relay would hold it. */
class FakeSocket implements SocketLike {
  binaryType = '';
  readyState = 1;
  bufferedAmount = 0;
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  onerror: SocketLike['onerror'] = null;
  sent: Uint8Array[] = [];
  closedWith: number | undefined;
  #waiting: { type: FrameType; resolve(body: Uint8Array): void }[] = [];

  send(data: Uint8Array): void {
    this.sent.push(data);
    const type = decodeHeader(data).type;
    const i = this.#waiting.findIndex((w) => w.type === type);
    if (i >= 0) this.#waiting.splice(i, 1)[0]!.resolve(data.subarray(FRAME_HEADER_BYTES));
  }
  close(code?: number): void {
    this.closedWith = code;
    this.readyState = 3;
  }
  next(type: FrameType): Promise<Uint8Array> {
    return new Promise((resolve) => this.#waiting.push({ type, resolve }));
  }
  push(type: FrameType, body: unknown, peer = 0): void {
    const payload = body instanceof Uint8Array ? body : utf8(JSON.stringify(body));
    this.onmessage?.({ data: encodeFrame(type, CLASS.control, peer, payload).buffer });
  }
  end(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: '' });
  }
}

let device: TestDevice;
let sockets: FakeSocket[];
let states: LinkState[];
let link: RelayLink;
let httpStatus: { status: number; code: string } | null;
let saved: string[];
let onSocket: (socket: FakeSocket) => void;
let onState: (state: LinkState) => void;

const until = <T>(set: (resolve: (value: T) => void) => void): Promise<T> => new Promise(set);
const nextSocket = (): Promise<FakeSocket> => until((resolve) => (onSocket = resolve));
const nextState = (wanted: LinkState['state']): Promise<LinkState> =>
  until((resolve) => (onState = (s) => s.state === wanted && resolve(s)));

beforeEach(async () => {
  device = await createDevice('phone');
  sockets = [];
  states = [];
  saved = ['ctd_first'];
  httpStatus = null;
  onSocket = onState = () => undefined;
  const reply = (path: string): unknown =>
    path.endsWith('/session')
      ? { account: 'a'.repeat(22), sessionToken: 'cts_s', sessionExpiresInS: 600, deviceToken: `ctd_${saved.length}` }
      : { relayToken: 'ctr_r', expiresInS: 30 };
  const http = new RelayHttp({
    origin: ORIGIN,
    key: device,
    fetch: async (url) =>
      httpStatus
        ? Response.json({ error: { code: httpStatus.code, message: 'No.' } }, { status: httpStatus.status })
        : Response.json(reply(new URL(url).pathname)),
  });
  const tokens = new TokenSource(http, {
    load: async () => saved.at(-1)!,
    save: async (t) => void saved.push(t),
    exclusive: (task) => task(),
  });
  link = new RelayLink({
    tokens,
    device,
    openSocket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      onSocket(socket);
      return socket;
    },
    onState: (state) => {
      states.push(state);
      onState(state);
    },
    onPeers: () => undefined,
    onData: () => undefined,
    pingMs: 20,
    deadlineMs: 80,
    backoff: new Backoff(2, 4),
  });
});
afterEach(() => link.stop());

async function online(leaseS = 900): Promise<FakeSocket> {
  const opened = nextSocket();
  link.start();
  const socket = await opened;
  const hello = socket.next(FRAME.hello);
  socket.push(FRAME.challenge, { nonce: NONCE, node: 'n1', versions: [1] });
  await hello;
  socket.push(FRAME.welcome, {
    connection: 5,
    leaseS,
    maxFrameBytes: 65536,
    epoch: 1,
    peers: [{ connection: 9, device: 'd'.repeat(43), kind: 'daemon' }],
  });
  return socket;
}

describe('relay link', () => {
  it('proves its key over the challenge, the token, the origin and the node', async () => {
    const opened = nextSocket();
    link.start();
    const socket = await opened;
    const sent = socket.next(FRAME.hello);
    socket.push(FRAME.challenge, { nonce: NONCE, node: 'n1', versions: [1] });
    const hello = JSON.parse(fromUtf8(await sent));
    const text = socketProofText({ nonce: NONCE, relayToken: 'ctr_r', origin: ORIGIN, node: 'n1', version: 1 });
    expect(await verify(device.publicRaw, 'ct-ws', utf8(text), fromBase64url(hello.sig)!)).toBe(true);
    expect(hello).toMatchObject({ kid: device.id, relayToken: 'ctr_r', version: 1 });
  });

  it('is online with its peers after the welcome, and has stored the rotated device token before', async () => {
    await online();
    expect(link.state).toEqual({ state: 'online', connection: 5 });
    expect([...link.peers.keys()]).toEqual([9]);
    expect(saved).toEqual(['ctd_first', 'ctd_1']);
  });

  it('renews its lease in band', async () => {
    const socket = await online(0.05);
    const renew = JSON.parse(fromUtf8(await socket.next(FRAME.renew)));
    expect(renew.relayToken).toBe('ctr_r');
  });

  it('takes a line that went silent for dead and comes back by itself', async () => {
    const first = await online();
    const second = await nextSocket();
    expect(first.closedWith).toBe(1000);
    expect(states.some((s) => s.state === 'offline')).toBe(true);
    expect(second).not.toBe(first);
  });

  it('lets an answering line live', async () => {
    const socket = await online();
    for (let i = 0; i < 6; i++) {
      await socket.next(FRAME.ping);
      socket.push(FRAME.pong, new Uint8Array());
    }
    expect(sockets.length).toBe(1);
    expect(link.state.state).toBe('online');
  });

  it.each([
    [4409, 'replaced'],
    [4426, 'outdated'],
  ] as const)('does not fight a close with %i', async (code, state) => {
    const socket = await online();
    socket.end(code);
    expect(link.state.state).toBe(state);
    expect(sockets.length).toBe(1);
  });

  it('stops at the relay’s word that the device must sign in, and says so', async () => {
    httpStatus = { status: 403, code: 'revoked' };
    const out = nextState('signed_out');
    link.start();
    expect(await out).toMatchObject({ error: { code: 'revoked' } });
    expect(sockets.length).toBe(0);
  });

  it('tries again while the relay is away', async () => {
    httpStatus = { status: 503, code: 'unavailable' };
    const offline = nextState('offline');
    link.start();
    await offline;
    httpStatus = null;
    expect(await nextSocket()).toBeInstanceOf(FakeSocket);
  });

  it('drops the line at a frame that is not understood', async () => {
    const socket = await online();
    socket.push(FRAME.presence, utf8('{'));
    expect(link.state).toMatchObject({ state: 'offline', error: { code: 'bad_frame' } });
  });
});

describe('relay over HTTP', () => {
  const http = (fetch: (url: string, init: RequestInit) => Promise<Response>) => new RelayHttp({ origin: ORIGIN, key: device, fetch });
  const call = { method: 'POST', path: '/v1/relay-token', token: 'cts_s', body: {} } as const;

  it.each(['http://relay.example', 'ftp://relay.example', 'https://relay.example/path', 'https://u@relay.example', 'relay.example', ''])(
    'refuses the address %s',
    (origin) => {
      expect(() => new RelayHttp({ origin, key: device })).toThrowError(
        expect.objectContaining({ code: expect.stringMatching(/^(bad_origin|insecure_url)$/) }),
      );
    },
  );

  it('follows no redirect', async () => {
    const { RelayTokenReply: reply } = await import('./relay-api.ts');
    const redirect = http(async () => new Response(null, { status: 302, headers: { Location: 'https://evil.example' } }));
    await expect(redirect.call({ ...call, reply })).rejects.toMatchObject({ code: 'redirect_refused' });
  });

  it('takes the nonce that the relay asks for, once', async () => {
    const { RelayTokenReply: reply } = await import('./relay-api.ts');
    let calls = 0;
    const asking = http(async () => {
      calls++;
      return Response.json(
        { error: { code: 'use_dpop_nonce', message: 'Nonce.' } },
        { status: 401, headers: { 'DPoP-Nonce': `n${calls}` } },
      );
    });
    await expect(asking.call({ ...call, reply })).rejects.toMatchObject({ code: 'use_dpop_nonce' });
    expect(calls).toBe(2);
  });

  it('says so when something else than a relay answers', async () => {
    const { RelayTokenReply: reply } = await import('./relay-api.ts');
    await expect(http(async () => new Response('<html>', { status: 404 })).call({ ...call, reply })).rejects.toMatchObject({
      code: 'relay_unreachable',
    });
    await expect(http(async () => Response.json({ other: 1 })).call({ ...call, reply })).rejects.toMatchObject({ code: 'bad_reply' });
  });
});
