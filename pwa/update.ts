/**
 * The service worker's registration and its updates. A new version waits until the person says so, or until nobody has anything open; what is
 * being written is on disk before the page reloads.
 */
import type { Workbox } from 'workbox-window';
import { apply } from './state.ts';
import { flushDrafts } from './store/drafts.ts';
import { serviceWorkerUrl } from './trusted.ts';

const CHECK_MS = 30 * 60_000;
let workbox: Workbox | null = null;

export async function registerWorker(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const { Workbox: WorkboxWindow } = await import('workbox-window');
  const wb = new WorkboxWindow(serviceWorkerUrl());
  workbox = wb;
  wb.addEventListener('waiting', () => apply({ type: 'update_ready' }));
  try {
    const registration = await wb.register();
    setInterval(() => void registration?.update().catch(() => undefined), CHECK_MS);
  } catch {
    // Without a worker there is no offline start and no push; the page itself works.
    workbox = null;
  }
}

export async function applyUpdate(): Promise<void> {
  await flushDrafts();
  workbox?.addEventListener('controlling', () => location.reload());
  workbox?.messageSkipWaiting();
}
