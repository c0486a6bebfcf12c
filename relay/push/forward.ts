/**
 * The push forwarder: a body that the daemon has encrypted for a phone goes to the phone's push service, with the relay's VAPID signature, and
 * what came of it goes back as one of four words. Nothing is kept, nothing is tried twice; the queue is the daemon's.
 */
import type * as v from 'valibot';
import { fromBase64url } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import type { PushReply, PushRequest } from '../../shared/relay-api.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { vetEndpoint } from './endpoint.ts';
import { type Posted, type PushNet, post } from './post.ts';
import type { Vapid } from './vapid.ts';

type Push = v.InferOutput<typeof PushRequest>;
type Verdict = v.InferOutput<typeof PushReply>;

/** What every push service must take (RFC 8030 7.2), and none needs to take more of. */
const BODY_BYTES = 4096;
const TTL_S = 28 * 24 * 3600;
const URGENCIES = ['very-low', 'low', 'normal', 'high'];
const RETRY_CAP_S = 3600;

export interface Pusher {
  /** VAPID public key, base64url: what a browser subscribes with. */
  readonly publicKey: string;
  /** Throws `bad_endpoint`, `push_bad_*`; everything the push service says is an outcome. */
  forward(push: Push): Promise<Verdict>;
}

export interface PusherOptions {
  vapid: Vapid;
  hosts: readonly string[];
  net: PushNet;
  metrics: Pick<Metrics, 'pushed'>;
  log: Log;
  nowMs: () => number;
}

const refuse = (code: string, message: string): never => {
  throw new ClawError(code, message);
};

/** The body's bytes. Throws `push_bad_*` naming what is wrong. */
function checked(push: Push): Uint8Array {
  if (!Number.isInteger(push.ttl) || push.ttl < 0 || push.ttl > TTL_S)
    refuse('push_bad_ttl', `The field ttl is not in (0..${TTL_S}) seconds.`);
  if (!URGENCIES.includes(push.urgency)) refuse('push_bad_urgency', `The field urgency is not one of ${URGENCIES.join(', ')}.`);
  if (push.topic !== undefined && !/^[A-Za-z0-9_-]{1,32}$/.test(push.topic))
    refuse('push_bad_topic', 'The field topic is not 1 to 32 characters of base64url.');
  const body = fromBase64url(push.body) ?? refuse('push_bad_body', 'The field body is not canonical base64url.');
  if (body.length === 0 || body.length > BODY_BYTES) refuse('push_bad_body', `The field body is not 1 to ${BODY_BYTES} bytes.`);
  return body;
}

function retrySeconds(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : (Date.parse(text) - nowMs) / 1000;
  return Number.isFinite(seconds) ? Math.min(RETRY_CAP_S, Math.max(1, Math.ceil(seconds))) : undefined;
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

export function createPusher({ vapid, hosts, net, metrics, log, nowMs }: PusherOptions): Pusher {
  return {
    publicKey: vapid.publicKey,
    async forward(push) {
      const url = vetEndpoint(push.endpoint, hosts);
      const body = checked(push);
      const headers = {
        Authorization: await vapid.authorization(url.origin),
        'Content-Encoding': 'aes128gcm',
        'Content-Type': 'application/octet-stream',
        TTL: String(push.ttl),
        Urgency: push.urgency,
        ...(push.topic === undefined ? {} : { Topic: push.topic }),
      };
      const posted = await post(url, headers, body, net);
      const verdict = verdictOf(posted, nowMs());
      metrics.pushed(verdict.outcome);
      // The host is one of few and says nothing about a person; the path, which would, is not logged.
      if (verdict.outcome === 'refused')
        log('warn', 'push_refused', { host: url.hostname, status: typeof posted === 'string' ? posted : posted.status });
      return verdict;
    },
  };
}
