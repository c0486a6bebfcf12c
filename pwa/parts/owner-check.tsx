/** The switch of the device check: on with the device's own lock, off only with it too. What it stands before is account/risk.ts's. */
import { useEffect, useState } from 'preact/hooks';
import { asClawError } from '../../shared/errors.ts';
import { canCheck, dropOwner, enrolOwner } from '../account/device-check.ts';
import { app, report } from '../state.ts';
import { vault } from '../store/database.ts';

type Look = 'unknown' | 'unavailable' | 'off' | 'on';

async function look(): Promise<Look> {
  if (await vault.get('deviceCheck')) return 'on';
  return (await canCheck()) ? 'off' : 'unavailable';
}

export function OwnerCheck() {
  const [state, setState] = useState<Look>('unknown');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    void look().then(setState, () => setState('unavailable'));
  }, []);
  const turn = async (on: boolean): Promise<void> => {
    if (busy) return;
    setBusy(true);
    try {
      const record = await vault.get('deviceCheck');
      if (on) await enrolOwner(app.value.account?.email ?? 'ClawTab');
      else if (record) await dropOwner(record);
    } catch (error) {
      report(asClawError(error));
    }
    setState(await look().catch((): Look => 'unavailable'));
    setBusy(false);
  };
  return (
    <section class="group">
      <h2>Device check</h2>
      <div class="panel">
        <p>
          {state === 'on'
            ? 'On. This device asks for its lock, fingerprint or face before what is risky is sent.'
            : 'This device’s lock, fingerprint or face before anything risky is sent.'}
        </p>
        <p class="hint">
          Risky: answers like “always” or “don’t ask again”, a rule that allows or is taken away, a saved job, a command line of your own.
          It guards a phone that lies open; the machine itself does not see it.
        </p>
        {state === 'unavailable' ? (
          <p class="hint">This device offers none to a page. Set a screen lock on it, then come back.</p>
        ) : (
          <button type="button" class="button" disabled={busy || state === 'unknown'} onClick={() => void turn(state !== 'on')}>
            {busy ? 'Asking this device…' : state === 'on' ? 'Turn off' : 'Turn on'}
          </button>
        )}
      </div>
    </section>
  );
}
