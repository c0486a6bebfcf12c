/**
 * A signed-in device was given a machine's link: the machine is named, its code and the password are asked for, and only then is it signed in. Then, where the machine
 * wants it, the match code.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { EnrolmentOffer } from '../../shared/enrolment.ts';
import { asClawError, type ClawError } from '../../shared/errors.ts';
import { matching, offered } from '../account/offer.ts';
import { live } from '../client.ts';
import { app, apply } from '../state.ts';
import { PasswordField } from './password-fields.tsx';
import { Sheet } from './sheet.tsx';
import { TerminalCodeField } from './terminal-code.tsx';
import { Text } from './text.tsx';

export function MachineOffer({ offer }: { offer: EnrolmentOffer }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [password, setPassword] = useState('');
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ClawError | null>(null);
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  const leave = (): void => {
    offered.value = null;
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await (await live()).takeMachine(password, { offer, typed });
      apply({ type: 'notice', level: 'info', text: `${offer.name} is connected to your account.` });
      leave();
    } catch (thrown) {
      setError(asClawError(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="offer-title" onCancel={leave}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <h2 class="title" id="offer-title">
          Connect <Text value={offer.name} />?
        </h2>
        <p class="dim">
          The machine <Text value={offer.name} /> asks to join the account {app.value.account?.email} through {location.host}. Do this only
          if you have just printed the link on that machine yourself.
        </p>
        <TerminalCodeField name={offer.name} value={typed} set={setTyped} autofocus />
        <PasswordField value={password} set={setPassword} />
        {error && (
          <p class="error-text" role="alert">
            {error.message} {error.hint}
          </p>
        )}
        <div class="line">
          <button type="submit" class="button main grow" disabled={busy}>
            {busy ? 'Signing it in…' : 'Connect machine'}
          </button>
          <button type="button" class="button" onClick={leave}>
            Not now
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** A machine has been signed in and asks its person for these digits. Goes by itself when the machine is there. */
export function MatchCode({ machine, name, code }: { machine: string; name: string; code: string }) {
  const there = app.value.machines.get(machine)?.status.state === 'connected';
  const close = (): void => {
    matching.value = null;
  };
  useEffect(() => {
    if (there) close();
  }, [there]);
  return (
    <Sheet title="One more step, at the machine" close={close}>
      <p>
        The terminal of <Text value={name} /> now asks for six digits. Type these there:
      </p>
      <output class="match-code mono" aria-label="Match code">
        {code}
      </output>
      <p class="hint">
        If it refuses them, somebody else has used the link. Remove the machine under Devices, and print a new link where nobody looks.
      </p>
      <button type="button" class="button wide" onClick={close}>
        Close
      </button>
    </Sheet>
  );
}
