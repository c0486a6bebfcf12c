/**
 * A push service as Firefox knows it, on this machine: its WebSocket towards the browser (hello, register, notification, ack), and towards the relay an HTTPS
 * endpoint under Mozilla's own name (relay/push/test-push-service.ts). It can read nothing of what it carries, as the real one.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { startPushService, type TestPushService } from '../../relay/push/test-push-service.ts';
import { toBase64url } from '../../shared/bytes.ts';

const HOST = 'updates.push.services.mozilla.com';

export interface Autopush {
  /** For Firefox's `dom.push.serverURL`. */
  url: string;
  /** What the relay connects to in place of the internet. */
  net: TestPushService['net'];
  /** VAPID keys that browsers subscribed with, base64url. */
  keys: string[];
  /** Pushes that the relay has posted. */
  posted: TestPushService['received'];
  /** How many the browser has acknowledged. */
  acked: number;
  close(): Promise<void>;
}

export async function startAutopush(): Promise<Autopush> {
  const service = await startPushService(HOST);
  const channels = new Map<string, { socket: WebSocket; channelID: string }>();
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const self: Autopush = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    net: service.net,
    keys: [],
    posted: service.received,
    acked: 0,
    async close() {
      for (const client of server.clients) client.terminate();
      server.close();
      await service.close();
    },
  };
  server.on('connection', (socket) => {
    const say = (message: unknown): void => socket.send(JSON.stringify(message));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      switch (message.messageType) {
        case 'hello':
          return say({
            messageType: 'hello',
            status: 200,
            uaid: message.uaid || randomUUID().replaceAll('-', ''),
            use_webpush: true,
            broadcasts: {},
          });
        case 'register': {
          const path = `/wpush/v2/${randomUUID()}`;
          channels.set(path, { socket, channelID: message.channelID });
          if (message.key) self.keys.push(String(message.key).replace(/=+$/, ''));
          return say({ messageType: 'register', status: 200, channelID: message.channelID, pushEndpoint: `https://${HOST}${path}` });
        }
        case 'unregister':
          return say({ messageType: 'unregister', status: 200, channelID: message.channelID });
        case 'ack':
          self.acked += message.updates.length;
          return;
        default:
          // A ping.
          if (Object.keys(message).length === 0) say({});
      }
    });
  });
  // What the relay posts goes on to the browser as it is: encrypted for it, by RFC 8291.
  service.answer = (path) => {
    const channel = channels.get(path);
    if (!channel) return { status: 410 };
    const { body, headers } = service.received.at(-1)!;
    channel.socket.send(
      JSON.stringify({
        messageType: 'notification',
        channelID: channel.channelID,
        version: randomUUID(),
        data: toBase64url(new Uint8Array(body)),
        headers: { encoding: headers['content-encoding'] },
      }),
    );
    return { status: 201 };
  };
  return self;
}
