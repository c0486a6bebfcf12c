/**
 * Pushes to native iOS shells, by Apple's own protocol: the body that the daemon has encrypted travels as data of a notification that says nothing in clear; the
 * app's extension opens it and writes the real text. Same verdicts as web push, nothing kept but the connection.
 */
import { toBase64url } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import { ApnsLine, type ApnsReply } from './apns-line.ts';
import { type ApnsKey, apnsToken } from './apns-token.ts';
import { type Checked, retrySeconds, type Verdict } from './verdict.ts';
import type { PushNet } from './vetted.ts';

export const APNS_HOSTS: ReadonlySet<string> = new Set(['api.push.apple.com', 'api.sandbox.push.apple.com']);

/** Apple's bound for a notification, bytes. */
const PAYLOAD_BYTES = 4096;
/** The device will not take any more: it is gone, or the token is of the other of the two hosts. */
const GONE: ReadonlySet<string> = new Set(['Unregistered', 'ExpiredToken', 'BadDeviceToken']);

/** What stands on the screen should the extension not get to it in time. */
const ALERT = { title: 'ClawTab', body: 'Something waits for you.' };

const payloadOf = (body: Uint8Array, urgent: boolean): string =>
  JSON.stringify({ aps: { alert: ALERT, 'mutable-content': 1, ...(urgent ? { sound: 'default' } : {}) }, ct: toBase64url(body) });

/** What fits beside the notification's own words, bytes. */
export const APNS_BODY_BYTES = Math.floor(((PAYLOAD_BYTES - payloadOf(new Uint8Array(), true).length) * 3) / 4);

function verdictOf(reply: ApnsReply, nowMs: number): Verdict {
  if (reply === 'unreachable') return { outcome: 'retry' };
  if (reply === 'private_address') return { outcome: 'refused' };
  const { status, reason } = reply;
  if (status === 200) return { outcome: 'ok' };
  if (status === 410 || (status === 400 && GONE.has(reason))) return { outcome: 'gone' };
  if (status !== 429 && status < 500 && reason !== 'ExpiredProviderToken') return { outcome: 'refused' };
  const retryAfterS = retrySeconds(reply.retryAfter, nowMs);
  return { outcome: 'retry', ...(retryAfterS === undefined ? {} : { retryAfterS }) };
}

export interface ApnsSender {
  /** Throws `bad_endpoint`, `push_bad_body`. `why`: what the log may name. */
  send(url: URL, push: Checked): Promise<{ verdict: Verdict; why: string | number }>;
  close(): void;
}

export function createApns(key: ApnsKey, net: PushNet, nowMs: () => number): ApnsSender {
  const token = apnsToken(key, nowMs);
  const line = new ApnsLine(net);
  return {
    async send(url, push) {
      if (!/^\/3\/device\/[0-9a-f]{64,200}$/i.test(url.pathname) || url.search !== '' || url.hash !== '')
        throw new ClawError('bad_endpoint', 'bad_endpoint: of Apple’s service only /3/device/ and a device token in hex.');
      if (push.body.length > APNS_BODY_BYTES)
        throw new ClawError(
          'push_bad_body',
          `The field body is not 1 to ${APNS_BODY_BYTES} bytes, which is what a native app can be sent.`,
        );
      const urgent = push.urgency === 'high';
      const headers = {
        authorization: await token.authorization(),
        'apns-topic': key.topic,
        'apns-push-type': 'alert',
        'apns-priority': urgent || push.urgency === 'normal' ? '10' : '5',
        'apns-expiration': push.ttl === 0 ? '0' : String(Math.floor(nowMs() / 1000) + push.ttl),
        ...(push.topic === undefined ? {} : { 'apns-collapse-id': push.topic }),
      };
      const reply = await line.post(url, headers, payloadOf(push.body, urgent));
      if (typeof reply === 'object' && reply.reason === 'ExpiredProviderToken') token.expired();
      return { verdict: verdictOf(reply, nowMs()), why: typeof reply === 'string' ? reply : reply.reason || reply.status };
    },
    close: () => line.close(),
  };
}
