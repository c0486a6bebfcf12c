/** A modal sheet: from below on a phone, in the middle on a desk. Esc and a tap outside close it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';
import { Text } from './text.tsx';

export function Sheet({ title, close, children }: { title: string; close(): void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    const outside = (event: MouseEvent): void => {
      if (event.target === element) close();
    };
    element?.addEventListener('click', outside);
    return () => element?.removeEventListener('click', outside);
  }, []);
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby={id} onCancel={close} onClose={close}>
      <div class="stack">
        <div class="line">
          <h2 id={id} class="title grow">
            <Text value={title} />
          </h2>
          <button type="button" class="button plain square" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
