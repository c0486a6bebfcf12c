/**
 * Session lookups. The database is asked each time; while it is away, a session seen in the last 15 minutes still counts, so that leases of
 * live sockets can be renewed through an outage. A revocation that this node hears of ends that at once.
 */
import { type Bytes, toHex } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import type { SessionRow, Store } from '../store/store.ts';

const KEEP_MS = 15 * 60_000;
const KEPT = 20_000;

export interface SessionReader {
  /** Null for an unknown one. Throws `auth_unavailable` where the database is away and nothing recent is known. */
  find(hash: Bytes): Promise<SessionRow | null>;
  drop(account: string, device: string | null): void;
}

export function sessionReader(store: Store, nowMs: () => number): SessionReader {
  const recent = new Map<string, { row: SessionRow; seenMs: number }>();
  return {
    async find(hash) {
      const key = toHex(hash);
      try {
        const row = await store.session(hash);
        recent.delete(key);
        if (row) {
          recent.set(key, { row: { ...row, confirms: null }, seenMs: nowMs() });
          if (recent.size > KEPT) recent.delete(recent.keys().next().value!);
        }
        return row;
      } catch (error) {
        if (!(error instanceof ClawError) || error.code !== 'unavailable') throw error;
        const known = recent.get(key);
        if (known && nowMs() - known.seenMs < KEEP_MS) return known.row;
        throw new ClawError('auth_unavailable', 'The relay cannot check this sign-in: its database does not answer.', {
          data: { retryAfterS: 5 },
          cause: error,
        });
      }
    },
    drop(account, device) {
      for (const [key, { row }] of recent) if (row.account === account && (device === null || row.device === device)) recent.delete(key);
    },
  };
}
