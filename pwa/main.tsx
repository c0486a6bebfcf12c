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

showTheme();
const offer = takeOfferFromAddress();
const root = document.getElementById('app');
if (root) render(<App />, root);
void offer.then(() => Promise.all([boot(), loadDrafts()]));

// The moment somebody looks, or the network says that it is back: ask, rather than believe.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') void flushDrafts();
  nudge();
});
addEventListener('online', nudge);
addEventListener('pagehide', () => void flushDrafts());
addEventListener('hashchange', () => void takeOfferFromAddress());
// A part that the relay no longer has: a newer version has come. The draft is on disk; the new page takes it up.
addEventListener('vite:preloadError', (event) => {
  event.preventDefault();
  void flushDrafts().then(() => location.reload());
});
listenToWorker();
// The worker fetches the whole page once more: not while somebody waits for the first of it.
if (import.meta.env.PROD) setTimeout(() => void registerWorker(), 1_500);
