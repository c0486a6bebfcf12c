/** The service worker: the page's files for a start without network, notifications and what is tapped in them, the switch to a new version. */
import { cleanupOutdatedCaches, createHandlerBoundToURL, matchPrecache, type PrecacheEntry, precacheAndRoute } from 'workbox-precaching';
import { vault } from './store/database.ts';
import { outcomeText, putAnswer, sendFromWorker, sendReceipt } from './worker/answer.ts';
import { type NotificationData, pathOf, type ToPage } from './worker/messages.ts';
import { noticeOf, sealedBytes, tappedOption } from './worker/notices.ts';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: (PrecacheEntry | string)[] };

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();
const page = createHandlerBoundToURL('/index.html');

self.addEventListener('fetch', (event) => {
  if (event.request.mode !== 'navigate') return;
  const url = new URL(event.request.url);
  if (url.origin !== location.origin || url.pathname.startsWith('/v1/') || /^\/(?:healthz|readyz|metrics)$/.test(url.pathname)) return;
  event.respondWith(
    page({ event, request: event.request, url }).catch(async () => (await matchPrecache('/index.html')) ?? fetch(event.request)),
  );
});

self.addEventListener('message', (event) => {
  if (event.data?.type === 'SKIP_WAITING') void self.skipWaiting();
});
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

const pages = () => self.clients.matchAll({ type: 'window', includeUncontrolled: true });

async function tell(message: ToPage): Promise<number> {
  const all = await pages();
  for (const client of all) client.postMessage(message);
  return all.length;
}

async function badge(): Promise<void> {
  const waiting = (await self.registration.getNotifications()).filter((n) => (n.data as NotificationData | null)?.options).length;
  // Not every platform has one.
  if ('setAppBadge' in navigator) await navigator.setAppBadge(waiting).catch(() => undefined);
}

/** Another machine has told what happened to the account: this one's takes its place without a sound. */
async function saidByAnother(tag: string, machine: string): Promise<boolean> {
  const [before] = await self.registration.getNotifications({ tag });
  return before !== undefined && (before.data as NotificationData | null)?.machine !== machine;
}

self.addEventListener('push', (event) => {
  const sealed = sealedBytes(new Uint8Array(event.data?.arrayBuffer() ?? new ArrayBuffer(0)));
  event.waitUntil(
    (async () => {
      const maxActions = (Notification as { maxActions?: number }).maxActions ?? 0;
      const shown = await noticeOf(sealed, maxActions, Date.now()).catch(() => null);
      if (shown?.message?.kind === 'security' && (await saidByAnother(shown.options.tag!, shown.message.machine.id)))
        Object.assign(shown.options, { silent: true, renotify: false });
      // Whatever went wrong, something is shown.
      await self.registration.showNotification(
        shown?.title ?? 'ClawTab',
        shown?.options ?? { body: 'Open to see what is waiting.', tag: 'clawtab' },
      );
      await badge();
      if (!shown?.message) return;
      const { kind, n, machine } = shown.message;
      if ((await tell({ type: 'push.arrived', kind, machine: machine.id })) > 0) return;
      // What takes its place soon after needs no receipt of its own: the next one counts for both.
      if (kind !== 'settled') await sendReceipt(location.origin, machine.id, n).catch(() => undefined);
    })(),
  );
});

async function show(path: string): Promise<void> {
  const [first] = await pages();
  if (!first) {
    await self.clients.openWindow(path);
    return;
  }
  first.postMessage({ type: 'open', path } satisfies ToPage);
  await first.focus().catch(() => undefined);
}

async function answered(
  notification: Notification,
  data: NotificationData,
  option: NonNullable<NotificationData['options']>[number],
): Promise<void> {
  const item = await putAnswer(data, option);
  if (!item) return show(pathOf(data));
  const look = {
    body: `Sending “${option.label}”…`,
    tag: notification.tag,
    silent: true,
    icon: '/icons/icon-192.png',
    badge: '/icons/badge-96.png',
  };
  const rest = { machine: data.machine, run: data.run, qid: data.qid } satisfies NotificationData;
  await self.registration.showNotification(notification.title, { ...look, data: rest });
  if ((await tell({ type: 'outbox' })) > 0) return;
  const verdict = await sendFromWorker(location.origin, item.answerId);
  await self.registration.showNotification(notification.title, { ...look, body: outcomeText(verdict, option.label), data: rest });
  await badge();
}

self.addEventListener('notificationclick', (event) => {
  const { notification, action } = event;
  const data = (notification.data ?? { machine: '' }) as NotificationData;
  notification.close();
  const option = tappedOption(action, data);
  event.waitUntil(option ? answered(notification, data, option) : show(pathOf(data)));
});

/** The browser has changed the subscription behind our back: make a new one, and let every machine be told at the next open. */
self.addEventListener('pushsubscriptionchange', ((event: ExtendableEvent & { oldSubscription?: PushSubscription }) => {
  event.waitUntil(
    (async () => {
      const options = event.oldSubscription?.options;
      if (options) await self.registration.pushManager.subscribe(options).catch(() => undefined);
      await vault.set('pushKeys', {});
    })(),
  );
}) as EventListener);
