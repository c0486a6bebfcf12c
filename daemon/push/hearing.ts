/** Does a phone still hear? What was sent to it against the receipts of what it has shown. Push services say "sent" of subscriptions that died long ago. Pure. */
import type { Hearing } from '../../shared/push-wishes.ts';
import type { DeviceEntry } from '../device-book.ts';

/** So many pushes without a receipt, the oldest so long ago, and the phone counts as deaf: a phone in a tunnel is not. */
export const DEAF_PUSHES = 3;
export const DEAF_MS = 10 * 60_000;
/** No more are remembered: what is beyond says nothing new. */
const KEEP = 20;

type Heard = Pick<DeviceEntry, 'unheard' | 'sentAt' | 'shownAt'>;

/** The push service has taken push `n`. */
export const sent = (entry: DeviceEntry, n: number, nowMs: number): Heard => ({
  sentAt: nowMs,
  unheard: [...(entry.unheard ?? []), { n, at: nowMs }].slice(-KEEP),
});

/** The phone has shown push `n`: it hears, whatever became of those before. A receipt for what was never sent says nothing. */
export const shown = (entry: DeviceEntry, n: number, nowMs: number): Heard =>
  n > (entry.pushCount ?? 0) ? {} : { shownAt: nowMs, unheard: (entry.unheard ?? []).filter((push) => push.n > n) };

export function isDeaf(entry: DeviceEntry, nowMs: number): boolean {
  const unheard = entry.unheard ?? [];
  return entry.push !== undefined && unheard.length >= DEAF_PUSHES && nowMs - unheard[0]!.at >= DEAF_MS;
}

/** As people read it; null for a phone that gets no pushes. */
export const hearing = (id: string, entry: DeviceEntry, self: string, nowMs: number): Hearing | null =>
  entry.push === undefined
    ? null
    : {
        id,
        self: id === self,
        ...(entry.name === undefined ? {} : { name: entry.name }),
        ...(entry.sentAt === undefined ? {} : { sentAt: entry.sentAt }),
        ...(entry.shownAt === undefined ? {} : { shownAt: entry.shownAt }),
        unheard: entry.unheard?.length ?? 0,
        deaf: isDeaf(entry, nowMs),
      };

/** For `daemon status`, `doctor` and the other phones. */
export const deafText = (entry: DeviceEntry): string =>
  `${entry.name ?? 'A phone'} has shown none of the last ${entry.unheard?.length ?? 0} notifications. Open ClawTab on it once; if that does not help, turn notifications off and on in its settings.`;
