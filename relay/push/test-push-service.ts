/** A push service on this machine behind a public address and a CA of its own. Not part of the product. */
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { certificateFor, createCa } from '../test-certificates.ts';
import type { PushNet } from './vetted.ts';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}
/** What it answers to the next push: a status with headers, or something odd. */
export type Answer = { status: number; headers?: Record<string, string>; body?: Buffer } | 'hang' | 'reset';

export interface TestPushService {
  received: Received[];
  /** Connections that reached it, TLS or not. */
  connections: number;
  answer(path: string): Answer;
  /** Resolves every name to `addresses`, all of which lead here. */
  net: PushNet & { addresses: string[] | (() => string[]) };
  close(): Promise<void>;
}

export const PUBLIC = '93.184.216.34';

export async function startPushService(host = 'fcm.googleapis.com'): Promise<TestPushService> {
  const ca = await createCa();
  const own = await certificateFor(ca, host);
  const open = new Set<Socket>();
  const server: Server = createServer(own);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const self: TestPushService = {
    received: [],
    connections: 0,
    answer: () => ({ status: 201 }),
    net: {
      addresses: [PUBLIC],
      async resolve() {
        return typeof self.net.addresses === 'function' ? self.net.addresses() : self.net.addresses;
      },
      dial: () => ({ host: '127.0.0.1', port, ca: ca.cert }),
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
  server.on('connection', (socket: Socket) => {
    self.connections++;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.on('request', (req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      self.received.push({ path: req.url ?? '', headers: req.headers, body: Buffer.concat(parts) });
      const answer = self.answer(req.url ?? '');
      if (answer === 'reset') req.socket.destroy();
      else if (answer !== 'hang') res.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  return self;
}
