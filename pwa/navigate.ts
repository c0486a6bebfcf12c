/** An address that something outside the screens wants shown: a tapped notification. */
import { signal } from '@preact/signals';

export const wantedPath = signal<string | null>(null);
