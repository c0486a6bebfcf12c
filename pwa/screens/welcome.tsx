/** The door: a new account, or one that exists. With a machine's link it also says which machine will be connected, and to what. */
import { useState } from 'preact/hooks';
import { asClawError, type ClawError } from '../../shared/errors.ts';
import { offered } from '../account/offer.ts';
import type { Strength } from '../account/strength.ts';
import { live } from '../client.ts';
import { Mark } from '../parts/icon.tsx';
import { EmailField, type NewPassword, NewPasswordField, PasswordField } from '../parts/password-fields.tsx';
import { TerminalCodeField } from '../parts/terminal-code.tsx';
import { Text } from '../parts/text.tsx';
import { onIphoneInTab } from '../platform.ts';

type Mode = 'create' | 'enter';

export function Welcome() {
  const [mode, setMode] = useState<Mode>('create');
  const [email, setEmail] = useState('');
  return (
    <main class="welcome">
      <div class="pitch stack">
        <Mark />
        <h1>Leave the desk. Keep the say.</h1>
        <p class="lead">Your coding agents ask, this page shows it, your answer is typed. Sealed from this device to your machine.</p>
        <ul class="points">
          <li>Every question in full, with the agent’s own answers.</li>
          <li>Typed once, only for the question you saw.</li>
          <li>The relay in between can read nothing.</li>
        </ul>
      </div>
      <div class="stack">
        <OfferPanel />
        {onIphoneInTab() && (
          <p class="panel small">
            On iPhone, first add this page to the home screen (Share, then “Add to Home Screen”) and sign in there: Safari forgets tabs
            after seven days, and pushes only reach the home screen.
          </p>
        )}
        {!globalThis.isSecureContext && (
          <p class="panel error-text" role="alert">
            This address is not encrypted, so the browser gives no keys. Open it as https, or on the machine itself as http://localhost.
          </p>
        )}
        {mode === 'create' ? <Create email={email} setEmail={setEmail} /> : <Enter email={email} setEmail={setEmail} />}
        <p class="switch-line">
          {mode === 'create' ? 'Have an account?' : 'New here?'}
          <button type="button" class="button plain" onClick={() => setMode(mode === 'create' ? 'enter' : 'create')}>
            {mode === 'create' ? 'Sign in' : 'Create account'}
          </button>
        </p>
      </div>
    </main>
  );
}

function OfferPanel() {
  const offer = offered.value;
  if (!offer) return null;
  return (
    <section class="panel needs" aria-label="Machine to connect">
      <p>
        This also connects the machine{' '}
        <strong>
          <Text value={offer.name} />
        </strong>{' '}
        to the account, through <strong>{location.host}</strong>. Its agents will be run from here.
      </p>
      <div>
        <button
          type="button"
          class="button slim"
          onClick={() => {
            offered.value = null;
          }}
        >
          Not my machine
        </button>
      </div>
    </section>
  );
}

interface FormProps {
  email: string;
  setEmail(email: string): void;
}

/** One act at a time, with its failure in words. */
function useAct(): { busy: boolean; error: ClawError | null; act(task: () => Promise<void>): Promise<void> } {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ClawError | null>(null);
  return {
    busy,
    error,
    async act(task) {
      if (busy) return;
      setBusy(true);
      setError(null);
      try {
        await task();
        offered.value = null;
      } catch (thrown) {
        setError(asClawError(thrown));
      } finally {
        setBusy(false);
      }
    },
  };
}

export function Failure({ error }: { error: ClawError | null }) {
  if (!error) return null;
  return (
    <p class="error-text" role="alert">
      {error.message} {error.hint}
    </p>
  );
}

function Create({ email, setEmail }: FormProps) {
  const [password, setPassword] = useState<NewPassword>({ value: '', generated: true });
  const [strength, setStrength] = useState<Strength | null>(null);
  const { busy, error, act } = useAct();
  const submit = (event: Event): void => {
    event.preventDefault();
    if (strength?.ok) void act(async () => (await live()).createAccount({ email, password: password.value }, offered.value));
  };
  return (
    <form onSubmit={submit}>
      <EmailField value={email} set={setEmail} />
      <NewPasswordField password={password} set={setPassword} email={email} onStrength={setStrength} />
      <Failure error={error} />
      <button type="submit" class="button main wide" disabled={busy || !strength?.ok}>
        {busy ? 'Making keys…' : 'Create account'}
      </button>
    </form>
  );
}

function Enter({ email, setEmail }: FormProps) {
  const [password, setPassword] = useState('');
  const [typed, setTyped] = useState('');
  const offer = offered.value;
  const { busy, error, act } = useAct();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void act(async () => (await live()).enter({ email, password }, offer && { offer, typed }));
      }}
    >
      <EmailField value={email} set={setEmail} />
      <PasswordField value={password} set={setPassword} />
      {offer && <TerminalCodeField name={offer.name} value={typed} set={setTyped} />}
      <Failure error={error} />
      <button type="submit" class="button main wide" disabled={busy}>
        {busy ? 'Opening your keys…' : 'Sign in'}
      </button>
    </form>
  );
}
