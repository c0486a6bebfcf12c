/** Apple's push service on this machine: HTTP/2 behind a public address, a CA of its own, a key as developer.apple.com gives it. Not part of the product. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { certificateFor, createCa } from '../test-certificates.ts';
import { PUBLIC } from './test-push-service.ts';
import type { PushNet } from './vetted.ts';

export interface ApnsReceived {
  headers: IncomingHttpHeaders;
  body: string;
}
export type ApnsAnswer = { status: number; reason?: string; headers?: Record<string, string> } | 'hang' | 'reset' | 'goaway';

export interface TestApns {
  received: ApnsReceived[];
  /** TLS connections that spoke HTTP/2 with it. */
  sessions: number;
  answer(): ApnsAnswer;
  net: PushNet & { addresses: string[] };
  /** Ends every connection, as a restart there does. */
  cut(): void;
  close(): Promise<void>;
}

export async function startTestApns(host = 'api.push.apple.com'): Promise<TestApns> {
  const ca = await createCa();
  const open = new Set<ServerHttp2Session>();
  const server = createSecureServer(await certificateFor(ca, host));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const self: TestApns = {
    received: [],
    sessions: 0,
    answer: () => ({ status: 200 }),
    net: { addresses: [PUBLIC], resolve: async () => self.net.addresses, dial: () => ({ host: '127.0.0.1', port, ca: ca.cert }) },
    cut() {
      for (const session of open) session.destroy();
    },
    async close() {
      self.cut();
      await new Promise((done) => server.close(done));
    },
  };
  server.on('session', (session) => {
    self.sessions++;
    open.add(session);
    session.on('close', () => open.delete(session));
    session.on('error', () => session.destroy());
  });
  server.on('stream', (stream, headers) => {
    let body = '';
    stream.setEncoding('utf8');
    stream.on('error', () => undefined);
    stream.on('data', (part: string) => {
      body += part;
    });
    stream.on('end', () => {
      self.received.push({ headers, body });
      const answer = self.answer();
      if (answer === 'hang') return;
      if (answer === 'reset') return void stream.session?.destroy();
      if (answer === 'goaway') {
        stream.session?.goaway();
        stream.respond({ ':status': 200 }, { endStream: true });
        return;
      }
      const { status, reason, headers: more } = answer;
      stream.respond({ ':status': status, ...more });
      stream.end(reason === undefined ? '' : JSON.stringify({ reason }));
    });
  });
  return self;
}

/** PEM of a new key, and its public half. */
export function appleKey(curve = 'P-256') {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
  return { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicKey };
}
