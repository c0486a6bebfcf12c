/**
 * What a committed change does on this node: sockets end, cached sessions and waiting tokens go, lists are announced. Heard through the
 * database within milliseconds; a sweep every 15 s finds what was not heard.
 */
import { asClawError } from '../shared/errors.ts';
import type { Hub } from './hub.ts';
import type { Parts } from './parts.ts';
import type { Change } from './store/store.ts';

const SWEEP_MS = 15_000;
const TIDY_MS = 3_600_000;
/** Clocks of database and node may differ so much, ms. */
const OVERLAP_MS = 60_000;

const ENDS = {
  revoked: ['revoked', 'This device was removed from the account.'],
  signed_out: ['token_revoked', 'The sign-in of this device has ended.'],
  quarantined: ['quarantined', 'This device is barred until you sign in on it again.'],
} as const;

export function applyChange(change: Change, parts: Parts, hub: Hub): void {
  const { account, device, what } = change;
  if (what === 'list') {
    if (change.epoch === undefined) return;
    parts.relayTokens.noteEpoch(account, change.epoch);
    hub.setEpoch(account, change.epoch);
  } else if (what === 'enrolment') {
    if (device !== null) parts.waiters.wake(device);
  } else {
    parts.relayTokens.drop(account, device);
    parts.sessions.drop(account, device);
    const [code, message] = ENDS[what];
    hub.end(account, device, code, message);
  }
}

/** Hears and sweeps until `stop`. `tell`: passes on what was heard, to nodes that may not have heard it. */
export async function followChanges(parts: Parts, hub: Hub, tell: (change: Change) => void = () => undefined): Promise<{ stop(): void }> {
  let sweptMs = parts.nowMs();
  let sweeping: Promise<void> | null = null;
  const sweep = (): Promise<void> => {
    sweeping ??= (async () => {
      const from = sweptMs - OVERLAP_MS;
      const now = parts.nowMs();
      for (const change of await parts.store.changedSince(from)) applyChange(change, parts, hub);
      sweptMs = now;
    })()
      .catch((error: unknown) => parts.log('warn', 'sweep_failed', { code: asClawError(error).code }))
      .finally(() => {
        sweeping = null;
      });
    return sweeping;
  };
  const sweeper = setInterval(() => void sweep(), SWEEP_MS);
  const tidier = setInterval(
    () =>
      void parts.store.tidy(parts.nowMs()).catch((error: unknown) => parts.log('warn', 'tidy_failed', { code: asClawError(error).code })),
    TIDY_MS,
  );
  await parts.store.listen((change) => {
    if (change) {
      applyChange(change, parts, hub);
      tell(change);
    } else {
      parts.waiters.wakeAll();
      void sweep();
    }
  });
  return {
    stop() {
      clearInterval(sweeper);
      clearInterval(tidier);
    },
  };
}
