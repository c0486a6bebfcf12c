/** Both ends of a push beside the browser's own service: a subscription whose keys are the test's, and the browser's tools, which deliver and show what stands. */
import { createDecipheriv, createECDH, hkdfSync } from 'node:crypto';
import type { Worker } from 'playwright-core';
import { randomBytes, toBase64url } from '../../shared/bytes.ts';
import type { Phone } from './page-rig.ts';

export interface Receiver {
  p256dh: string;
  auth: string;
  /** Undoes RFC 8291, as the browser would. Throws for a body that is not for these keys. */
  open(body: Buffer): Buffer;
}

export function makeReceiver(): Receiver {
  const ecdh = createECDH('prime256v1');
  const own = ecdh.generateKeys();
  const auth = randomBytes(16);
  const derive = (secret: Uint8Array, salt: Uint8Array, info: Buffer, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, salt, info, bytes));
  return {
    p256dh: toBase64url(new Uint8Array(own)),
    auth: toBase64url(auth),
    open(body) {
      // salt(16) · record size(4) · length of the sender's key(1) · the key · one record, with 0x02 and zeros behind the text (RFC 8188)
      const salt = body.subarray(0, 16);
      const from = 21 + body[20]!;
      const theirs = body.subarray(21, from);
      const info = Buffer.concat([Buffer.from('WebPush: info\0'), own, theirs]);
      const secret = derive(ecdh.computeSecret(theirs), auth, info, 32);
      const key = derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
      const cipher = createDecipheriv('aes-128-gcm', key, derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12));
      cipher.setAuthTag(body.subarray(-16));
      const padded = Buffer.concat([cipher.update(body.subarray(from, -16)), cipher.final()]);
      return padded.subarray(0, padded.lastIndexOf(2));
    },
  };
}

export interface ShownNotice {
  title: string;
  body: string;
  tag: string;
  actions: string[];
}

export interface PushTools {
  deliver(body: string): Promise<void>;
  shown(): Promise<ShownNotice[]>;
  /** On the button with that name, or on the notification itself. */
  tap(tag: string, button?: string): Promise<void>;
}

/** For a phone whose worker is ready. */
export async function pushTools({ context }: Phone, origin: string): Promise<PushTools> {
  const tools = await context.newCDPSession(await context.newPage());
  const known = new Promise<string>((resolve) => {
    tools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const own = registrations.find((r) => r.scopeURL.startsWith(origin));
      if (own) resolve(own.registrationId);
    });
  });
  await tools.send('ServiceWorker.enable');
  const registrationId = await known;
  const worker = (): Worker => context.serviceWorkers()[0]!;
  return {
    async deliver(body) {
      await tools.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data: body });
    },
    shown: () =>
      worker().evaluate(async () => {
        const scope = self as unknown as ServiceWorkerGlobalScope;
        const all = await scope.registration.getNotifications();
        return all.map((n) => ({
          title: n.title,
          body: n.body,
          tag: n.tag,
          actions: ((n as unknown as { actions?: { title: string }[] }).actions ?? []).map((a) => a.title),
        }));
      }),
    tap: (tag, button) =>
      worker().evaluate(
        async ([wantedTag, wantedTitle]) => {
          const scope = self as unknown as ServiceWorkerGlobalScope;
          const notification = (await scope.registration.getNotifications({ tag: wantedTag! }))[0]!;
          const actions = (notification as unknown as { actions: { action: string; title: string }[] }).actions;
          const action = wantedTitle === undefined ? '' : actions.find((a) => a.title === wantedTitle)!.action;
          try {
            scope.dispatchEvent(new NotificationEvent('notificationclick', { notification, action }));
          } catch {
            // An event that no finger made may not prolong the worker's life; the browser's tools do that here.
          }
        },
        [tag, button],
      ),
  };
}
