/**
 * The push forwarder: a body that the daemon has encrypted for a phone goes to the phone's push service, with the relay's VAPID signature, and
 * what came of it goes back as one of four words. Nothing is kept, nothing is tried twice; the queue is the daemon's.
 */
import { ClawError } from '../../shared/errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { APNS_HOSTS, type ApnsSender } from './apns.ts';
import { vetEndpoint } from './endpoint.ts';
import { type Posted, post } from './post.ts';
import type { Vapid } from './vapid.ts';
import { type Checked, checked, type Push, retrySeconds, type Verdict } from './verdict.ts';
import type { PushNet } from './vetted.ts';

export interface Pusher {
  /** VAPID public key, base64url: what a browser subscribes with. */
  readonly publicKey: string;
  /** Throws `bad_endpoint`, `push_bad_*`; everything the push service says is an outcome. */
  forward(push: Push): Promise<Verdict>;
}

export interface PusherOptions {
  vapid: Vapid;
  /** Null: this relay has no key of Apple's. */
  apns: ApnsSender | null;
  hosts: readonly string[];
  net: PushNet;
  metrics: Pick<Metrics, 'pushed'>;
  log: Log;
  nowMs: () => number;
}

function verdictOf(posted: Posted, nowMs: number): Verdict {
  if (posted === 'unreachable') return { outcome: 'retry' };
  if (posted === 'private_address') return { outcome: 'refused' };
  const { status } = posted;
  if (status >= 200 && status < 300) return { outcome: 'ok' };
  if (status === 404 || status === 410) return { outcome: 'gone' };
  if (status !== 429 && status < 500) return { outcome: 'refused' };
  const retryAfterS = retrySeconds(posted.retryAfter, nowMs);
  return { outcome: 'retry', ...(retryAfterS === undefined ? {} : { retryAfterS }) };
}

export function createPusher({ vapid, apns, hosts, net, metrics, log, nowMs }: PusherOptions): Pusher {
  const byWebPush = async (url: URL, push: Checked): Promise<{ verdict: Verdict; why: string | number }> => {
    const headers = {
      Authorization: await vapid.authorization(url.origin),
      'Content-Encoding': 'aes128gcm',
      'Content-Type': 'application/octet-stream',
      TTL: String(push.ttl),
      Urgency: push.urgency,
      ...(push.topic === undefined ? {} : { Topic: push.topic }),
    };
    const posted = await post(url, headers, push.body, net);
    return { verdict: verdictOf(posted, nowMs()), why: typeof posted === 'string' ? posted : posted.status };
  };
  const byApple = (url: URL, push: Checked): ReturnType<ApnsSender['send']> => {
    if (apns) return apns.send(url, push);
    throw new ClawError('bad_endpoint', 'bad_endpoint: this relay has no key for pushes to native apps.');
  };
  return {
    publicKey: vapid.publicKey,
    async forward(push) {
      const url = vetEndpoint(push.endpoint, hosts);
      const body = checked(push);
      const { verdict, why } = await (APNS_HOSTS.has(url.hostname) ? byApple(url, body) : byWebPush(url, body));
      metrics.pushed(verdict.outcome);
      // The host is one of few and says nothing about a person; the path, which would, is not logged.
      if (verdict.outcome === 'refused') log('warn', 'push_refused', { host: url.hostname, status: why });
      return verdict;
    },
  };
}
