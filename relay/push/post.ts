/**
 * One POST to a push service: the host is resolved once, every address vetted, and the connection made to the vetted address itself, so that
 * no second answer of the resolver can lead elsewhere. No redirect is followed, no body read, five seconds in all.
 */
import { lookup } from 'node:dns/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { isPublicAddress } from './address.ts';

export const POST_MS = 5_000;

/** The way to the internet; tests put a server of this machine behind public addresses. */
export interface PushNet {
  /** All addresses of a host. */
  resolve(host: string): Promise<readonly string[]>;
  /** Where to connect for a vetted address, and whom to trust there. */
  dial(address: string): { host: string; port: number; ca?: string };
}
export const internet: PushNet = {
  resolve: async (host) => (await lookup(host, { all: true })).map((a) => a.address),
  dial: (address) => ({ host: address, port: 443 }),
};

export type Posted = { status: number; retryAfter: string | undefined } | 'private_address' | 'unreachable';

export async function post(url: URL, headers: Readonly<Record<string, string>>, body: Uint8Array, net: PushNet): Promise<Posted> {
  const signal = AbortSignal.timeout(POST_MS);
  let addresses: readonly string[];
  try {
    addresses = await within(net.resolve(url.hostname), signal);
  } catch {
    return 'unreachable';
  }
  const [first] = addresses;
  if (first === undefined) return 'unreachable';
  // One private address among public ones is an attack or a mistake: neither is asked.
  if (!addresses.every(isPublicAddress)) return 'private_address';
  try {
    return await send(url, headers, body, net.dial(first), signal);
  } catch {
    return 'unreachable';
  }
}

function within<T>(task: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    task.then(resolve, reject);
  });
}

function send(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  to: ReturnType<PushNet['dial']>,
  signal: AbortSignal,
): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const asked = request({
      ...to,
      servername: url.hostname,
      method: 'POST',
      path: url.pathname + url.search,
      headers: { ...headers, Host: url.host, 'Content-Length': body.length },
      agent: false,
      minVersion: 'TLSv1.2',
      maxHeaderSize: 16 * 1024,
      signal,
    });
    asked.on('error', reject);
    asked.on('response', (reply) => {
      resolve({ status: reply.statusCode ?? 0, retryAfter: retryAfterOf(reply.headers) });
      reply.on('error', () => undefined);
      asked.destroy(); // whatever it says is not read
    });
    asked.end(body);
  });
}

const retryAfterOf = (headers: IncomingHttpHeaders): string | undefined => headers['retry-after'];
