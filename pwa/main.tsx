/** Start of the page: what is on this device first, then the network. */
import './style/tokens.css';
import './style/base.css';
import './style/parts.css';
import './style/screens.css';
import { render } from 'preact';
import { takeOfferFromAddress } from './account/offer.ts';
import { App } from './app.tsx';
import { boot, nudge } from './client.ts';
import { flushDrafts, loadDrafts } from './store/drafts.ts';
import { showTheme } from './theme.ts';
import { registerWorker } from './update.ts';
import { listenToWorker } from './worker-link.ts';

/** Once a minute: where reloading does not bring the part, the failure is said instead. */
function mayReload(): boolean {
  const key = 'clawtab-reloaded';
  try {
    const lastMs = Number(sessionStorage.getItem(key) ?? 0);
    if (!navigator.onLine || Math.abs(Date.now() - lastMs) < 60_000) return false;
    sessionStorage.setItem(key, String(Date.now()));
    return true;
  } catch {
    return false;
  }
}

showTheme();
// Off the address before anything is drawn; read while the page starts.
void takeOfferFromAddress();
const root = document.getElementById('app');
if (root) render(<App />, root);
void boot();
void loadDrafts();

// The moment somebody looks, or the network says that it is back: ask, rather than believe.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') void flushDrafts();
  nudge();
});
addEventListener('online', nudge);
// It may lie; asking the machine does not.
addEventListener('offline', nudge);
addEventListener('pagehide', () => void flushDrafts());
addEventListener('hashchange', () => void takeOfferFromAddress());
// A part that the relay no longer has: a newer version has come. The draft is on disk; the new page takes it up.
addEventListener('vite:preloadError', (event) => {
  if (!mayReload()) return;
  event.preventDefault();
  void flushDrafts().then(() => location.reload());
});
listenToWorker();
// The worker fetches the whole page once more: not while somebody waits for the first of it.
if (import.meta.env.PROD) setTimeout(() => void registerWorker(), 1_500);
