/** E-mail and password, for a new account or one that exists. A new one is offered a phrase that nobody can guess; an own password is weighed. */
import { useEffect, useId, useState } from 'preact/hooks';
import { MIN_LENGTH, type Strength, strengthOf } from '../account/strength.ts';

const WEIGH_MS = 250;

export function EmailField({ value, set }: { value: string; set(value: string): void }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>E-mail</label>
      <input
        id={id}
        type="email"
        name="email"
        autocomplete="username"
        inputMode="email"
        autocapitalize="none"
        spellcheck={false}
        required
        value={value}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </div>
  );
}

export function PasswordField({ value, set, autofocus = false }: { value: string; set(value: string): void; autofocus?: boolean }) {
  const id = useId();
  const [shown, setShown] = useState(false);
  return (
    <div class="field">
      <label for={id}>Password</label>
      <div class="joined">
        <input
          id={id}
          class="input"
          {...(shown ? { type: 'text' as const } : { type: 'password' as const })}
          name="password"
          autocomplete="current-password"
          autocapitalize="none"
          spellcheck={false}
          required
          {...(autofocus ? { ref: (element: HTMLInputElement | null) => element?.focus() } : {})}
          value={value}
          onInput={(event) => set(event.currentTarget.value)}
        />
        <button type="button" class="button" onClick={() => setShown(!shown)}>
          {shown ? 'Hide' : 'Show'}
        </button>
      </div>
    </div>
  );
}

export interface NewPassword {
  value: string;
  /** Made here, not by a person: nothing to weigh. */
  generated: boolean;
}

/** Visible on purpose: it has to be written down, and nobody stands behind a phone. */
export function NewPasswordField({
  password,
  set,
  email,
  onStrength,
}: {
  password: NewPassword;
  set(password: NewPassword): void;
  email: string;
  onStrength(strength: Strength | null): void;
}) {
  const id = useId();
  const [strength, setStrength] = useState<Strength | null>(null);
  const [copied, setCopied] = useState(false);
  const another = async (): Promise<void> => {
    const { generatePhrase } = await import('../../shared/words.ts');
    setCopied(false);
    set({ value: await generatePhrase(), generated: true });
  };
  useEffect(() => {
    if (!password.value) void another();
  }, []);
  useEffect(() => {
    const tell = (next: Strength | null): void => {
      setStrength(next);
      onStrength(next);
    };
    if (password.value === '') return tell(null);
    if (password.generated) return tell({ bits: 64, ok: true, advice: '' });
    tell(null);
    let current = true;
    const timer = setTimeout(() => {
      void strengthOf(password.value, [email, ...email.split(/[@.]/), 'clawtab']).then((next) => current && tell(next));
    }, WEIGH_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [password, email]);

  return (
    <div class="field">
      <label for={id}>Password</label>
      <input
        id={id}
        class="mono"
        type="text"
        name="password"
        autocomplete="new-password"
        autocapitalize="none"
        spellcheck={false}
        required
        minLength={MIN_LENGTH}
        aria-describedby={`${id}-hint`}
        value={password.value}
        onInput={(event) => set({ value: event.currentTarget.value, generated: false })}
      />
      {password.generated && (
        <p class="phrase-words" aria-hidden="true">
          {password.value.split('-').map((word, i) => (
            <span key={`${i}:${word}`}>{word}</span>
          ))}
        </p>
      )}
      <p id={`${id}-hint`} class={strength && !strength.ok ? 'error-text' : 'hint'} aria-live="polite">
        {password.value === ''
          ? 'Making a phrase…'
          : password.generated
            ? 'A phrase made on this device. Keep it: nobody, not even the relay, can give it back to you.'
            : strength === null
              ? 'Weighing…'
              : strength.ok
                ? 'Strong enough. Keep it: nobody can give it back to you.'
                : strength.advice}
      </p>
      <div class="phrase">
        <button
          type="button"
          class="button slim"
          onClick={() => void navigator.clipboard.writeText(password.value).then(() => setCopied(true))}
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
        <button type="button" class="button slim" onClick={() => void another()}>
          {password.generated ? 'Another phrase' : 'Use a phrase'}
        </button>
      </div>
    </div>
  );
}
