/** What a push must be before anybody is asked, and the four words that say what became of it. */
import type * as v from 'valibot';
import { fromBase64url } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import type { PushReply, PushRequest } from '../../shared/relay-api.ts';

export type Push = v.InferOutput<typeof PushRequest>;
export type Verdict = v.InferOutput<typeof PushReply>;
export type Checked = Omit<Push, 'body' | 'endpoint'> & { body: Uint8Array };

/** What every push service must take (RFC 8030 7.2), and none needs to take more of. */
const BODY_BYTES = 4096;
const TTL_S = 28 * 24 * 3600;
const URGENCIES = ['very-low', 'low', 'normal', 'high'];
const RETRY_CAP_S = 3600;

const refuse = (code: string, message: string): never => {
  throw new ClawError(code, message);
};

/** Throws `push_bad_*` naming what is wrong. */
export function checked(push: Push): Checked {
  if (!Number.isInteger(push.ttl) || push.ttl < 0 || push.ttl > TTL_S)
    refuse('push_bad_ttl', `The field ttl is not in (0..${TTL_S}) seconds.`);
  if (!URGENCIES.includes(push.urgency)) refuse('push_bad_urgency', `The field urgency is not one of ${URGENCIES.join(', ')}.`);
  if (push.topic !== undefined && !/^[A-Za-z0-9_-]{1,32}$/.test(push.topic))
    refuse('push_bad_topic', 'The field topic is not 1 to 32 characters of base64url.');
  const body = fromBase64url(push.body) ?? refuse('push_bad_body', 'The field body is not canonical base64url.');
  if (body.length === 0 || body.length > BODY_BYTES) refuse('push_bad_body', `The field body is not 1 to ${BODY_BYTES} bytes.`);
  return { ttl: push.ttl, urgency: push.urgency, topic: push.topic, body };
}

/** Of a Retry-After header; undefined where there is none that can be read. */
export function retrySeconds(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : (Date.parse(text) - nowMs) / 1000;
  return Number.isFinite(seconds) ? Math.min(RETRY_CAP_S, Math.max(1, Math.ceil(seconds))) : undefined;
}
