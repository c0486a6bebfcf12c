/** The page's ear for its service worker: addresses to show, answers from notifications to send, receipts; and notifications cleared when stale. */
import { effect, signal } from '@preact/signals';
import { live } from './client.ts';
import { wantedPath } from './navigate.ts';
import { asked } from './state.ts';
import type { NotificationData, ToPage } from './worker/messages.ts';

/** When a push of that machine last arrived here, ms. */
export const lastPush = signal<ReadonlyMap<string, number>>(new Map());

export function listenToWorker(): void {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<ToPage>) => {
    if (data.type === 'open' && data.path.startsWith('/')) wantedPath.value = data.path;
    if (data.type === 'outbox') void live().then(({ takeUpOutbox }) => takeUpOutbox());
    if (data.type === 'push.arrived') {
      lastPush.value = new Map(lastPush.value).set(data.machine, Date.now());
      // A receipt that cannot go now goes when the machine is back.
      void import('./push.ts').then(({ tellReceipt }) => tellReceipt(data.machine)).catch(() => undefined);
    }
  });
  // What is no longer asked needs no notification on this device.
  effect(() => {
    const closed = new Set(asked.value.filter((a) => a.question.state.state !== 'open').map((a) => a.question.qid));
    if (closed.size > 0) void clear(closed);
  });
}

async function clear(closed: ReadonlySet<string>): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  for (const shown of (await registration?.getNotifications().catch(() => [])) ?? []) {
    const { qid } = (shown.data ?? {}) as Partial<NotificationData>;
    if (qid && closed.has(qid)) shown.close();
  }
}
