/** A link in a card: it waits out the first moment as the buttons do. It stays a link meanwhile, so that the keyboard keeps its place. */
import type { ComponentChildren } from 'preact';
import type { TapGuard } from './tap-guard.ts';

interface Props {
  guard: TapGuard;
  href: string;
  class?: string;
  children: ComponentChildren;
}

export function GuardedLink({ guard, href, class: className, children }: Props) {
  const onClick = (event: MouseEvent): void => {
    if (guard.admits()) return;
    event.preventDefault();
    // The router listens at the window, and does not ask whether the browser was told to stay.
    event.stopPropagation();
  };
  return (
    <a class={className} href={href} aria-disabled={guard.closed ? 'true' : undefined} onClick={onClick}>
      {children}
    </a>
  );
}
