/** One POST to a push service, at a vetted address. No redirect is followed, no body read, five seconds in all. */
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { type PushNet, vetted } from './vetted.ts';

export const POST_MS = 5_000;

export type Posted = { status: number; retryAfter: string | undefined } | 'private_address' | 'unreachable';

export async function post(url: URL, headers: Readonly<Record<string, string>>, body: Uint8Array, net: PushNet): Promise<Posted> {
  const signal = AbortSignal.timeout(POST_MS);
  const address = await vetted(url.hostname, net, signal);
  if (address === 'unreachable' || address === 'private_address') return address;
  try {
    return await send(url, headers, body, net.dial(address), signal);
  } catch {
    return 'unreachable';
  }
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
