/** From the database's rows to the store's words. */
import type { Bytes } from '../../shared/bytes.ts';
import type { DeviceKind } from '../../shared/device-list.ts';
import type { TokenState } from '../auth/rotation.ts';
import type { AccountRow, DeviceRow } from './store.ts';

export const bytes = (buffer: Uint8Array): Bytes => new Uint8Array(buffer);

export interface AccountRecord {
  id: string;
  email: string;
  salt: Uint8Array;
  kdf_memory_kib: number;
  kdf_iterations: number;
  auth_hash: string;
  ask_pub: Uint8Array;
  wrapped_account_key: Uint8Array;
}

export const asAccount = (r: AccountRecord): AccountRow => ({
  id: r.id,
  email: r.email,
  salt: bytes(r.salt),
  kdf: { algorithm: 'argon2id', memoryKiB: r.kdf_memory_kib, iterations: r.kdf_iterations },
  authHash: r.auth_hash,
  askPub: bytes(r.ask_pub),
  wrappedKey: bytes(r.wrapped_account_key),
});

export interface DeviceRecord {
  account: string;
  id: string;
  kind: DeviceKind;
  sign_pub: Uint8Array;
  list_epoch: number;
  token_hash: Uint8Array | null;
  prev_hash: Uint8Array | null;
  retired_hashes: Uint8Array;
  generation: number;
  rotated_at: Date | null;
  replacements: number;
  last_seen_hour: number | null;
  revoked_at: Date | null;
  quarantined_at: Date | null;
}

export const asDevice = (r: DeviceRecord): DeviceRow => ({
  account: r.account,
  id: r.id,
  kind: r.kind,
  pub: bytes(r.sign_pub),
  listEpoch: r.list_epoch,
  hasToken: r.token_hash !== null,
  lastSeenHour: r.last_seen_hour,
  revoked: r.revoked_at !== null,
  quarantined: r.quarantined_at !== null,
});

const HASH_BYTES = 32;

export function tokenState(r: DeviceRecord): TokenState {
  const retired = bytes(r.retired_hashes);
  return {
    current: r.token_hash && bytes(r.token_hash),
    previous: r.prev_hash && bytes(r.prev_hash),
    retired: Array.from({ length: retired.length / HASH_BYTES }, (_, i) => retired.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
    generation: r.generation,
    rotatedAtMs: r.rotated_at?.getTime() ?? 0,
    replacements: r.replacements,
  };
}
