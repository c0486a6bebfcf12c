import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { Outbox } from './outbox.node.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A frame whose bytes tell which one it is. */
const frameOf = (i: number, bytes: number): Buffer => {
  const frame = Buffer.alloc(bytes, i % 251);
  if (bytes >= 4) frame.writeUInt32BE(i);
  return frame;
};

async function webSocket(): Promise<{ client: WebSocket; raw: Socket }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const accepted = once(server, 'connection');
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
  await once(client, 'open');
  const [, request] = (await accepted) as [WebSocket, { socket: Socket }];
  ends.push(() => {
    client.terminate();
    server.close();
  });
  return { client, raw: request.socket };
}

test('frames of every size arrive whole and in order, in one turn or in many', async () => {
  const { client, raw } = await webSocket();
  const sizes = [0, 1, 125, 126, 4000, 5000, 8192, 8193, 16_000, 65_535, 65_536, 70_000, 3, 7, 20_000, 120];
  const sent = Array.from({ length: 400 }, (_, i) => frameOf(i, sizes[i % sizes.length]!));
  const outbox = new Outbox(raw);
  const got: Buffer[] = [];
  const all = new Promise<void>((done) => client.on('message', (data: Buffer) => got.push(data) === sent.length && done()));
  for (const [i, frame] of sent.entries()) {
    outbox.add(frame);
    if (i % 7 === 0) await new Promise((turn) => setImmediate(turn));
  }
  await all;
  for (const [i, frame] of got.entries()) expect(frame.equals(sent[i]!), `frame ${i}`).toBe(true);
});

test('a small frame may change as soon as it was put in', async () => {
  const { client, raw } = await webSocket();
  const outbox = new Outbox(raw);
  const heard = once(client, 'message');
  const frame = Buffer.from('as it was');
  outbox.add(frame);
  frame.fill(0);
  expect(String(((await heard) as [Buffer])[0])).toBe('as it was');
});

test('what a reader takes late is not overwritten by what others get meanwhile', async () => {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  ends.push(() => server.close());
  const pair = async (): Promise<[Socket, Socket]> => {
    const accepted = once(server, 'connection');
    const near = connect(port, '127.0.0.1');
    const [far] = (await accepted) as [Socket];
    ends.push(
      () => near.destroy(),
      () => far.destroy(),
    );
    return [near, far];
  };
  const [slow, slowEnd] = await pair();
  const [quick, quickEnd] = await pair();
  quickEnd.resume();
  const [toSlow, toQuick] = [new Outbox(slow), new Outbox(quick)];
  const bytes = 3000;
  let sent = 0;
  while (slow.writableLength < 1 << 20) {
    for (let i = 0; i < 5; i++) toSlow.add(frameOf(sent++, bytes));
    for (let i = 0; i < 20; i++) toQuick.add(Buffer.alloc(bytes, 0xff));
    await new Promise((turn) => setImmediate(turn));
  }
  const pieces: Buffer[] = [];
  let length = 0;
  await new Promise<void>((done) => {
    slowEnd.on('data', (piece: Buffer) => {
      pieces.push(piece);
      length += piece.length;
      if (length >= sent * (bytes + 4)) done();
    });
    slowEnd.resume();
  });
  const stream = Buffer.concat(pieces);
  for (let i = 0; i < sent; i++) {
    const at = i * (bytes + 4) + 4;
    expect(stream.subarray(at, at + bytes).equals(frameOf(i, bytes)), `frame ${i}`).toBe(true);
  }
});

test('a socket that has ended takes no more and breaks nothing', async () => {
  const { client, raw } = await webSocket();
  const outbox = new Outbox(raw);
  const closed = once(client, 'close');
  raw.destroy();
  outbox.add(frameOf(1, 100));
  outbox.add(frameOf(2, 100_000));
  outbox.flush();
  await closed;
  expect(outbox.bytes).toBe(0);
});
