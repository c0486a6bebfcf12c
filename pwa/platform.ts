/** What kind of place the page runs in, where it makes a difference for the person. */

export const isStandalone = (): boolean =>
  matchMedia('(display-mode: standalone)').matches || (navigator as { standalone?: boolean }).standalone === true;

const isIphone = (): boolean =>
  /iPhone|iPad|iPod/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);

/** iOS without the home screen: storage is lost after a week, and there are no pushes. */
export const onIphoneInTab = (): boolean => isIphone() && !isStandalone();

interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}
let prompt: InstallPrompt | null = null;
if (typeof addEventListener === 'function')
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    prompt = event as InstallPrompt;
  });

export const canInstall = (): boolean => prompt !== null && !isStandalone();

export async function install(): Promise<void> {
  const asked = prompt;
  prompt = null;
  await asked?.prompt();
}
