/**
 * The HTTP/2 connections to Apple's push service: one to each of its two hosts, made when it is needed, kept while it is used, since Apple takes many short ones for
 * an attack. Each is made to a vetted address and made anew every hour. What is sent over it is apns.ts's.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { POST_MS } from './post.ts';
import { type PushNet, vetted, within } from './vetted.ts';

const LIFE_MS = 3_600_000;
const IDLE_MS = 10 * 60_000;
/** Reasons are short; whatever else comes is not read. */
const REPLY_BYTES = 1024;

export type ApnsReply = { status: number; reason: string; retryAfter: string | undefined } | 'private_address' | 'unreachable';

interface Line {
  session: ClientHttp2Session;
  bornMs: number;
}

export class ApnsLine {
  readonly #net: PushNet;
  readonly #lines = new Map<string, Promise<Line | 'private_address' | 'unreachable'>>();

  constructor(net: PushNet) {
    this.#net = net;
  }

  /** One POST, five seconds in all. Never throws. */
  async post(url: URL, headers: Readonly<Record<string, string>>, body: string): Promise<ApnsReply> {
    const signal = AbortSignal.timeout(POST_MS);
    try {
      const line = await within(this.#line(url.hostname, signal), signal);
      if (typeof line === 'string') return line;
      return await this.#send(line.session, url, headers, body, signal);
    } catch {
      // A line on which nothing comes back is not used again.
      if (signal.aborted) this.#drop(url.hostname);
      return 'unreachable';
    }
  }

  close(): void {
    for (const host of [...this.#lines.keys()]) this.#drop(host);
  }

  #drop(host: string): void {
    const line = this.#lines.get(host);
    this.#lines.delete(host);
    void line?.then((at) => typeof at === 'object' && at.session.destroy());
  }

  async #line(host: string, signal: AbortSignal): Promise<Line | 'private_address' | 'unreachable'> {
    const known = this.#lines.get(host);
    const at = await known;
    if (typeof at === 'object' && !at.session.closed && !at.session.destroyed) {
      if (performance.now() - at.bornMs < LIFE_MS) return at;
      at.session.close(); // what is under way on it ends there
    }
    // Others may have waited for the same one.
    if (this.#lines.get(host) !== known) return this.#line(host, signal);
    const made = this.#open(host, signal);
    this.#lines.set(host, made);
    const line = await made;
    if (typeof line === 'string' && this.#lines.get(host) === made) this.#lines.delete(host);
    return line;
  }

  async #open(host: string, signal: AbortSignal): Promise<Line | 'private_address' | 'unreachable'> {
    const address = await vetted(host, this.#net, signal);
    if (address === 'unreachable' || address === 'private_address') return address;
    return new Promise((resolve) => {
      const socket = connectTls({ ...this.#net.dial(address), servername: host, ALPNProtocols: ['h2'], minVersion: 'TLSv1.2' });
      const session = connect(`https://${host}`, { createConnection: () => socket, settings: { enablePush: false } });
      const fail = (): void => {
        session.destroy();
        socket.destroy();
        resolve('unreachable');
      };
      signal.addEventListener('abort', fail, { once: true });
      session.once('connect', () => {
        signal.removeEventListener('abort', fail);
        if (socket.alpnProtocol !== 'h2') return fail();
        session.setTimeout(IDLE_MS, () => session.close());
        session.unref();
        resolve({ session, bornMs: performance.now() });
      });
      session.on('goaway', () => session.close());
      session.on('error', fail);
      session.once('close', fail);
    });
  }

  #send(
    session: ClientHttp2Session,
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<ApnsReply> {
    return new Promise((resolve, reject) => {
      const stream: ClientHttp2Stream = session.request({ ':method': 'POST', ':path': url.pathname, ...headers });
      signal.addEventListener('abort', () => stream.close(constants.NGHTTP2_CANCEL), { once: true });
      let head: IncomingHttpHeaders = {};
      let text = '';
      stream.setEncoding('utf8');
      stream.on('response', (given) => {
        head = given;
      });
      stream.on('data', (part: string) => {
        text += part;
        if (text.length > REPLY_BYTES) stream.close(constants.NGHTTP2_CANCEL);
      });
      stream.on('error', reject);
      stream.on('close', () => {
        const status = Number(head[':status'] ?? 0);
        if (status === 0) return reject(new Error('no answer'));
        resolve({ status, reason: reasonOf(text), retryAfter: head['retry-after'] as string | undefined });
      });
      stream.end(body);
    });
  }
}

function reasonOf(text: string): string {
  try {
    const said = JSON.parse(text) as { reason?: unknown } | null;
    return typeof said?.reason === 'string' && /^[A-Za-z]{1,64}$/.test(said.reason) ? said.reason : '';
  } catch {
    return '';
  }
}
