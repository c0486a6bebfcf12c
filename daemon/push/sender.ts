/**
 * One push to one phone: sealed for it, encrypted for its push service (RFC 8291), handed to the relay, which signs and forwards and can read nothing. Notes
 * what the push service took; whether it was shown is hearing.ts'. When and what is pushes.ts'.
 */
import { createHmac } from 'node:crypto';
import { fromBase64url, toBase64url } from '../../shared/bytes.ts';
import { asClawError } from '../../shared/errors.ts';
import type { ResultOf } from '../../shared/protocol.ts';
import { sealPush } from '../../shared/push-seal.ts';
import { PushReply } from '../../shared/relay-api.ts';
import type { TokenSource } from '../../shared/token-source.ts';
import type { DeviceBook } from '../device-book.ts';
import type { Log } from '../log.ts';
import { type Content, ttlS } from './contents.ts';
import { sent } from './hearing.ts';
import { checkSubscription } from './subscription.ts';

export type Outcome = ResultOf<'push.test'>['outcome'];
/** `run`: newer pushes of the same run take the place of one that still waits at the push service. */
export type Send = (device: string, content: Content, run: string) => Promise<Outcome>;

export interface SenderOptions {
  devices: DeviceBook;
  machine(): { id: string; name: string };
  /** Null before sign-in. */
  tokens(): TokenSource | null;
  log: Log;
}

export const pushSender =
  ({ devices, machine, tokens, log }: SenderOptions): Send =>
  async (device, content, run) => {
    const entry = devices.get(device);
    const source = tokens();
    const { push } = entry;
    if (!push) return 'none';
    if (!source) return 'retry';
    const n = (entry.pushCount ?? 0) + 1;
    devices.update(device, { pushCount: n });
    try {
      // It was checked when it came; what lies in a file may be another by now.
      checkSubscription(push.subscription);
      const key = fromBase64url(push.key)!;
      const sealed = await sealPush(key, { v: 1, n, machine: machine(), ...content });
      const { p256dh, auth, endpoint } = push.subscription;
      // Loaded with the first push: a daemon that starts again after a crash has more urgent things to do.
      const { default: webpush } = await import('web-push');
      // The types say string; the library takes bytes as well (encryption-helper.js).
      const body = webpush.encrypt(p256dh, auth, Buffer.from(sealed) as unknown as string, 'aes128gcm').cipherText;
      const topic = run === '' ? undefined : createHmac('sha256', key).update(run).digest('base64url').slice(0, 32);
      const reply = await source.call({
        method: 'POST',
        path: '/v1/push',
        reply: PushReply,
        body: {
          endpoint,
          ttl: ttlS(content.kind),
          urgency: content.kind === 'question' || content.kind === 'security' ? 'high' : 'normal',
          ...(topic ? { topic } : {}),
          body: toBase64url(body),
        },
      });
      log('push', { device, kind: content.kind, outcome: reply.outcome });
      // A newer one takes the place of one that still waits at the push service: only the last of a run can be missed.
      if (reply.outcome === 'ok') devices.update(device, sent(devices.get(device), n, Date.now()));
      if (reply.outcome === 'gone') devices.forget(device, 'push');
      return reply.outcome;
    } catch (error) {
      const { code } = asClawError(error);
      log('push', { device, kind: content.kind, outcome: 'error', code });
      if (code === 'bad_key' || code === 'bad_endpoint' || code === 'push_bad_endpoint') {
        devices.forget(device, 'push');
        return 'refused';
      }
      return 'retry';
    }
  };
