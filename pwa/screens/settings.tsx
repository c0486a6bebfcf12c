/** This device and this account: name, fingerprint, look, notifications with their test, signing out. */
import { useEffect, useState } from 'preact/hooks';
import { fromBase64url } from '../../shared/bytes.ts';
import { signOut } from '../client.ts';
import { rename } from '../live.ts';
import { ConnectionBanner } from '../parts/connection.tsx';
import { HearingDevices } from '../parts/hearing.tsx';
import { Icon } from '../parts/icon.tsx';
import { OwnerCheck } from '../parts/owner-check.tsx';
import { PushWishesFields } from '../parts/push-wishes.tsx';
import { Sheet } from '../parts/sheet.tsx';
import { Text } from '../parts/text.tsx';
import { canInstall, install, onIphoneInTab } from '../platform.ts';
import { disablePush, enablePush, type PushState, pushState } from '../push.ts';
import { app } from '../state.ts';
import { setTheme, type Theme, theme } from '../theme.ts';

export function Settings() {
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>Settings</h1>
      </header>
      <ConnectionBanner />
      <div class="stack loose">
        <Account />
        <Notifications />
        <OwnerCheck />
        <Look />
        <Leave />
      </div>
    </div>
  );
}

function Account() {
  const { account } = app.value;
  const [name, setName] = useState(account?.deviceName ?? '');
  const [words, setWords] = useState<readonly string[]>([]);
  const ask = account?.ask;
  useEffect(() => {
    const key = ask ? fromBase64url(ask) : null;
    if (key) void import('../../shared/words.ts').then(({ fingerprintWords }) => fingerprintWords(key)).then(setWords);
  }, [ask]);
  if (!account) return null;
  return (
    <section class="group">
      <h2>Account</h2>
      <div class="panel">
        <p class="line">
          <span class="grow cut">
            <Text value={account.email} />
          </span>
        </p>
        <div class="field">
          <label for="device-name">Name of this device</label>
          <input
            id="device-name"
            maxLength={60}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            onChange={() => name.trim() && void rename(name.trim())}
          />
          <span class="hint">Your machines show it when you answer. The relay never learns it.</span>
        </div>
        <div class="stack tight">
          <p class="label">Fingerprint</p>
          <ol class="words" aria-label="Fingerprint of the account key">
            {words.map((word, i) => (
              <li key={`${i}`}>{word}</li>
            ))}
          </ol>
          <p class="hint">
            <code class="mono">clawtab devices</code> prints the same six words. If they differ, somebody stands between.
          </p>
        </div>
      </div>
    </section>
  );
}

function Notifications() {
  const [state, setState] = useState<PushState | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    void pushState().then(setState);
  }, []);
  const turn = async (on: boolean): Promise<void> => {
    setBusy(true);
    if (on) await enablePush();
    else await disablePush();
    setState(await pushState());
    setBusy(false);
  };
  return (
    <section class="group">
      <h2>Notifications</h2>
      <div class="panel">
        {state === 'unsupported' && (
          <p>
            {onIphoneInTab()
              ? 'On iPhone they work from the home screen only: Share, then “Add to Home Screen”, and sign in there.'
              : 'This browser has no push notifications.'}
          </p>
        )}
        {state === 'denied' && <p>Blocked for this page. Allow them in the browser’s settings for this site, then come back.</p>}
        {state === 'ask' && (
          <>
            <p>Hear questions with the page closed. Your machine seals each notification for this device.</p>
            <button type="button" class="button main" disabled={busy} onClick={() => void turn(true)}>
              <Icon name="bell" small />
              Notify me
            </button>
          </>
        )}
        {state === 'on' && (
          <>
            <PushWishesFields />
            <button type="button" class="button" disabled={busy} onClick={() => void turn(false)}>
              Turn off here
            </button>
          </>
        )}
        {[...app.value.machines.values()].map((machine) => (
          <HearingDevices key={`${machine.id} ${state}`} machine={machine} />
        ))}
        {canInstall() && (
          <button type="button" class="button" onClick={() => void install()}>
            Install the app
          </button>
        )}
      </div>
    </section>
  );
}

const THEMES: readonly { value: Theme; label: string }[] = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

function Look() {
  return (
    <section class="group">
      <h2>Look</h2>
      <fieldset class="segments" aria-label="Theme">
        {THEMES.map(({ value, label }) => (
          <button key={value} type="button" aria-pressed={theme.value === value} onClick={() => setTheme(value)}>
            {label}
          </button>
        ))}
      </fieldset>
    </section>
  );
}

function Leave() {
  const [asking, setAsking] = useState(false);
  return (
    <section class="group">
      <h2>Sign out</h2>
      <div class="panel">
        <p class="dim">Removes keys, answers, drafts and everything else from this device.</p>
        <button type="button" class="button danger" onClick={() => setAsking(true)}>
          Sign out
        </button>
      </div>
      {asking && (
        <Sheet title="Sign out on this device?" close={() => setAsking(false)}>
          <p class="dim">You need the password to come back: nobody can reset it without a new identity.</p>
          <div class="line">
            <button type="button" class="button danger grow" onClick={() => void signOut()}>
              Sign out and wipe
            </button>
            <button type="button" class="button" onClick={() => setAsking(false)}>
              Stay
            </button>
          </div>
        </Sheet>
      )}
    </section>
  );
}
