/** A field for an answer in one's own words, with its draft kept. Sends on the button, or Enter (with Ctrl or Cmd where lines are allowed). */
import { useEffect, useId, useRef } from 'preact/hooks';
import { draft, setDraft } from '../store/drafts.ts';
import { Icon } from './icon.tsx';

export interface FreeTextProps {
  draftKey: string;
  label: string;
  placeholder?: string;
  multiline: boolean;
  closed: boolean;
  focus?: boolean;
  /** Shown as dots, never kept. */
  secret?: boolean;
  send(text: string): void;
}

const MAX_TEXT = 16_000;

export function FreeText({ draftKey, label, placeholder, multiline, closed, focus = false, secret = false, send }: FreeTextProps) {
  const id = useId();
  const field = useRef<HTMLTextAreaElement | HTMLInputElement>(null);
  const text = draft(draftKey);
  useEffect(() => {
    if (focus) field.current?.focus();
  }, [focus]);

  const submit = (): void => {
    const value = secret ? (field.current?.value ?? '') : text.value;
    if (closed || value === '') return;
    send(value);
    if (secret && field.current) field.current.value = '';
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.isComposing) return;
    if (multiline && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    submit();
  };
  return (
    <div class="reply">
      <label class="hidden-text" for={id}>
        {label}
      </label>
      {secret ? (
        <input ref={field as never} id={id} class="input" type="password" autocomplete="off" maxLength={MAX_TEXT} onKeyDown={onKeyDown} />
      ) : (
        <textarea
          ref={field as never}
          id={id}
          class="input"
          rows={multiline ? 3 : 1}
          maxLength={MAX_TEXT}
          placeholder={placeholder ?? 'Type your answer'}
          value={text.value}
          onInput={(event) => setDraft(draftKey, event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      )}
      <button type="button" class="button main square" aria-label="Send" aria-disabled={closed ? 'true' : undefined} onClick={submit}>
        <Icon name="send" />
      </button>
    </div>
  );
}
