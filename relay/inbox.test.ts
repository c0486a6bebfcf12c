import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type WebSocket from 'ws';
import { WebSocketServer } from 'ws';
import { Inbox, type Receiver } from './inbox.node.ts';
import { OPCODE, wireFrame } from './test-socket.ts';

const { Receiver: WsReceiver } = createRequire(import.meta.url)('ws') as { Receiver: new (options: object) => Receiver };
const LIMIT = 70_000;
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

/** What comes of these pieces, with the inbox in front of the receiver of `ws` or without it. */
async function heard(pieces: readonly Buffer[], inbox: boolean): Promise<string[]> {
  const log: string[] = [];
  const receiver = new WsReceiver({ isServer: true, maxPayload: LIMIT, maxFragments: 3 });
  const message = (data: Uint8Array, binary: boolean) => log.push(`${binary ? 'binary' : 'text'} ${Buffer.from(data).toString('base64')}`);
  receiver.on('message', message);
  for (const name of ['ping', 'pong']) receiver.on(name, (data: Buffer) => log.push(`${name} ${data.toString('hex')}`));
  receiver.on('conclude', (code: number, reason: Buffer) => log.push(`close ${code} ${reason}`));
  receiver.on('error', (error: Error) => log.push(`error ${'code' in error ? error.code : error.message}`));
  const idle = { pause: () => undefined, resume: () => undefined } as unknown as WebSocket;
  if (inbox) new Inbox(idle, receiver, { receive: (frame) => message(frame, true) });
  for (const piece of pieces) {
    if (receiver.errored || receiver.writableEnded) break; // `ws` listens no more
    receiver.write(Buffer.from(piece));
    await turn();
  }
  return log;
}

const size = fc.oneof(fc.constantFrom(0, 1, 2, 3, 125, 126, 127, 300, 9000, 65_535, 65_536, LIMIT, LIMIT + 1), fc.nat(40));
const payload = size.chain((n) => fc.nat(255).map((from) => Buffer.from(Uint8Array.from({ length: n }, (_, i) => from + i))));
const mask = fc.oneof(
  fc.constant(Buffer.alloc(4)),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((m) => Buffer.from(m)),
);
const binary = fc.record({ payload, mask }).map((f) => wireFrame(OPCODE.binary, f.payload, f));
const small = fc.uint8Array({ maxLength: 20 });
const control = fc.record({ opcode: fc.constantFrom(OPCODE.ping, OPCODE.pong), small, mask }).map((f) => wireFrame(f.opcode, f.small, f));
const fragments = fc
  .record({ opcode: fc.constantFrom(OPCODE.binary, OPCODE.text), parts: fc.array(small, { minLength: 1, maxLength: 4 }), between: control })
  .map(({ opcode, parts, between }) =>
    Buffer.concat([wireFrame(opcode, Buffer.from('a'), { fin: false }), between, ...endOf(parts.map((p) => p.map((byte) => byte & 127)))]),
  );
const endOf = (parts: Uint8Array[]): Buffer[] =>
  parts.map((part, i) => wireFrame(OPCODE.continuation, part, { fin: i === parts.length - 1 }));
const close = fc.constantFrom(Buffer.alloc(0), Buffer.of(3, 232), Buffer.of(0, 1)).map((why) => wireFrame(OPCODE.close, why));
/** Any two bytes and whatever follows: unmasked, reserved bits, opcodes that are none, fragments of nothing, lengths that are not kept. */
const odd = fc.record({ first: fc.nat(255), masked: fc.boolean(), small }).map((f) => {
  const frame = wireFrame(OPCODE.binary, f.small, { masked: f.masked });
  frame[0] = f.first;
  return frame;
});
const stream = fc
  .array(
    fc.oneof(
      { weight: 20, arbitrary: binary },
      { weight: 3, arbitrary: control },
      { weight: 2, arbitrary: fragments },
      { weight: 1, arbitrary: close },
      { weight: 1, arbitrary: odd },
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((frames) => Buffer.concat(frames));
const cut = fc.oneof({ weight: 3, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.nat(70_000) });

test('says of any stream in any pieces what `ws` alone says of it', async () => {
  await fc.assert(
    fc.asyncProperty(stream, fc.array(cut, { maxLength: 30 }), async (bytes, cuts) => {
      const pieces: Buffer[] = [];
      let at = 0;
      for (const n of [...cuts, bytes.length]) {
        if (n === 0 || at >= bytes.length) continue;
        pieces.push(bytes.subarray(at, at + n));
        at += n;
      }
      expect(await heard(pieces, true)).toEqual(await heard(pieces, false));
    }),
    { numRuns: 400 },
  );
});

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A raw client, and the server's end of its WebSocket with an inbox. */
async function served(receive: (frame: Uint8Array) => void): Promise<{ client: Socket; ws: WebSocket }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  client.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n',
  );
  const [ws] = await accepted;
  new Inbox(ws, (ws as unknown as { _receiver: Receiver })._receiver, { receive });
  ws.on('message', receive); // those that came in pieces
  ends.push(() => {
    client.destroy();
    ws.terminate();
    server.close();
  });
  return { client, ws };
}

test('a socket that floods has its share of a turn, and loses nothing', async () => {
  const frame = wireFrame(OPCODE.binary, Buffer.alloc(114, 7));
  const frames = 60_000;
  let [got, inTurn, most] = [0, 0, 0];
  let done = (): void => undefined;
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const { client } = await served(() => {
    if (inTurn++ === 0)
      setImmediate(() => {
        most = Math.max(most, inTurn);
        inTurn = 0;
      });
    if (++got === frames) done();
  });
  client.write(Buffer.concat(Array.from({ length: frames }, () => frame)));
  await all;
  expect(most * frame.length).toBeLessThan(700 * 1024);
});

test('a flooding socket that goes in the middle is forgotten', async () => {
  let got = 0;
  const { client, ws } = await served(() => {
    if (++got === 3000) ws.terminate();
  });
  const gone = once(ws, 'close');
  client.on('error', () => undefined);
  client.write(Buffer.alloc(4 << 20, wireFrame(OPCODE.binary, Buffer.alloc(114, 7), { mask: Buffer.alloc(4) })));
  await gone;
  const then = got;
  await turn();
  await turn();
  expect(got).toBe(then);
});
