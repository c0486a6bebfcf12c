/** The six digits that stand beside the link on the machine's own screen. */
import { useEffect, useId, useRef } from 'preact/hooks';
import { Text } from './text.tsx';

export function TerminalCodeField({
  name,
  value,
  set,
  autofocus = false,
}: {
  name: string;
  value: string;
  set(value: string): void;
  autofocus?: boolean;
}) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (autofocus) field.current?.focus();
  }, [autofocus]);
  return (
    <div class="field">
      <label for={id}>Code of the machine</label>
      <input
        id={id}
        class="mono"
        inputMode="numeric"
        autocomplete="off"
        placeholder="000 000"
        pattern="[0-9]{3}[ \-]?[0-9]{3}"
        maxLength={7}
        required
        aria-describedby={`${id}-hint`}
        ref={field}
        value={value}
        onInput={(event) => set(event.currentTarget.value)}
      />
      <p id={`${id}-hint`} class="hint">
        Six digits, beside the link in the terminal of <Text value={name} />. Never type some that were sent to you.
      </p>
    </div>
  );
}
