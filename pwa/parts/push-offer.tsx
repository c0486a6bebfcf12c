/** Asks for notifications where they make sense: once a first card has been here. */
import { useEffect, useState } from 'preact/hooks';
import { settled } from '../state.ts';
import { Icon } from './icon.tsx';

const KEY = 'clawtab-push-asked';

const push = () => import('../push.ts');

const askedBefore = (): boolean => {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
};

export function PushOffer() {
  const [gone, setGone] = useState(askedBefore);
  const [possible, setPossible] = useState(false);
  useEffect(() => {
    if (!gone) void push().then(async ({ pushState }) => setPossible((await pushState()) === 'ask'));
  }, []);
  if (gone || !possible || settled.value.length === 0) return null;
  const close = (): void => {
    setGone(true);
    try {
      localStorage.setItem(KEY, '1');
    } catch {
      // It will be asked again at the next start; no harm.
    }
  };
  return (
    <section class="panel" aria-label="Notifications">
      <div class="line top">
        <Icon name="bell" />
        <p class="grow">
          <strong>Hear the next one with the page closed?</strong> Your machine seals each notification for this device; nobody between can
          read it.
        </p>
      </div>
      <div class="line">
        <button
          type="button"
          class="button main slim"
          onClick={() =>
            void push()
              .then(({ enablePush }) => enablePush())
              .then(close)
          }
        >
          Notify me
        </button>
        <button type="button" class="button plain slim" onClick={close}>
          Not now
        </button>
      </div>
    </section>
  );
}
