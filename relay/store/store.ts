/**
 * What the relay keeps, in the relay's own words. security.md 2.10 is the complete list; `postgres.ts` is the only implementation, on the
 * embedded server and on an external one alike (`store.suite.ts`). Hashes are SHA-256 of tokens; no raw token ever comes in here.
 * Every method may throw `unavailable` where the database does not answer.
 */
import type { Bytes } from '../../shared/bytes.ts';
import type { DeviceKind, Removal, SignedList } from '../../shared/device-list.ts';
import type { KdfParams } from '../../shared/keys.ts';
import type { Rotation } from '../auth/rotation.ts';

export interface AccountRow {
  id: string;
  email: string;
  salt: Bytes;
  kdf: KdfParams;
  /** Argon2id of the auth key, PHC text. */
  authHash: string;
  askPub: Bytes;
  wrappedKey: Bytes;
}

export interface DeviceRow {
  account: string;
  /** Thumbprint of `pub`. */
  id: string;
  kind: DeviceKind;
  pub: Bytes;
  /** Epoch of the newest list in which it stands; 0 for one that has signed in and is not listed yet. */
  listEpoch: number;
  hasToken: boolean;
  lastSeenHour: number | null;
  revoked: boolean;
  quarantined: boolean;
}

export interface ListDevice {
  id: string;
  kind: DeviceKind;
  pub: Bytes;
}

export interface SessionRow {
  account: string;
  device: string;
  kind: DeviceKind;
  pub: Bytes;
  expiresAtMs: number;
  freshUntilMs: number;
  listEpoch: number;
  /** Of the account's newest list. */
  accountEpoch: number;
  revoked: boolean;
  quarantined: boolean;
  /** Generation of the device's token that this session's first use confirms; null where nothing waits for that. */
  confirms: number | null;
}

export interface NewSession {
  hash: Bytes;
  account: string;
  device: string;
  /** Of the device token that was handed out with it; null for a sign-in's. */
  generation: number | null;
  expiresAtMs: number;
  freshUntilMs: number;
}

export type EventKind =
  | 'account_made'
  | 'signed_in'
  | 'device_added'
  | 'device_removed'
  | 'device_quarantined'
  | 'token_misused'
  | 'proof_replayed'
  | 'password_changed'
  | 'account_reset'
  | 'wrong_password';

export interface Change {
  account: string;
  /** All sockets of the account where null. */
  device: string | null;
  what: 'revoked' | 'signed_out' | 'quarantined' | 'list' | 'enrolment';
  /** Of the newest list, where that is what changed. */
  epoch?: number | undefined;
}

export interface Store {
  /** Throws `unavailable`. */
  ping(): Promise<void>;
  /** The secret behind false salts, the same on every node. */
  secret(): Promise<Bytes>;

  createAccount(account: AccountRow, list: SignedList, devices: readonly ListDevice[]): Promise<'created' | 'exists'>;
  accountByEmail(email: string): Promise<AccountRow | null>;
  account(id: string): Promise<AccountRow | null>;

  newestList(account: string): Promise<{ epoch: number; list: SignedList } | null>;
  /**
   * Takes `list` if `epoch` is the stored one + 1 and that one has as many removals as whoever checked `list` knew of; its devices stand, all others of the account are
   * revoked.
   */
  putList(
    account: string,
    epoch: number,
    list: SignedList,
    devices: readonly ListDevice[],
    removals: number,
  ): Promise<'stored' | 'conflict'>;
  /** Appends the removal and revokes the device, in one step. False where the device is not of this account. */
  removeDevice(account: string, device: string, removal: Removal): Promise<boolean>;

  /** A device that has proven password and key, listed or not. Clears nothing. */
  noteDevice(account: string, device: ListDevice): Promise<DeviceRow>;
  device(account: string, id: string): Promise<DeviceRow | null>;
  devices(account: string): Promise<DeviceRow[]>;
  /** True where any account knows this key: it may pass the per-account login limit. */
  knowsDevice(account: string, id: string): Promise<boolean>;
  /** Gives the device its first token, or a new first one: ends quarantine and older tokens. */
  startToken(account: string, device: string, hash: Bytes, nowMs: number): Promise<void>;
  /** Decides and carries out a rotation under the row's lock. Null where no device with that key holds such a token. */
  rotate(device: string, presented: Bytes, successor: Bytes, nowMs: number): Promise<Rotation | null>;
  /** The device that holds this current token, whoever shows it. */
  tokenHolder(hash: Bytes): Promise<{ account: string; device: string; kind: DeviceKind } | null>;
  /** Ends all sessions of the device and tells every node; `quarantine` also bars it until its next sign-in. */
  endSessions(account: string, device: string, why: 'signed_out' | 'quarantined'): Promise<void>;
  /** Forgets the device's token as well. */
  signOut(account: string, device: string): Promise<void>;

  createSession(session: NewSession): Promise<void>;
  session(hash: Bytes): Promise<SessionRow | null>;
  /** The device has the token of that generation: the one before is retired. */
  confirmToken(account: string, device: string, generation: number): Promise<void>;

  leaveEnrolment(account: string, device: string, sealed: string, expiresAtMs: number): Promise<boolean>;
  enrolment(device: string, nowMs: number): Promise<{ account: string; sealed: string } | null>;
  endEnrolment(account: string, device: string): Promise<void>;

  addEvent(account: string, kind: EventKind, device: string | null, nowMs: number): Promise<void>;
  events(account: string, sinceHour: number, limit: number): Promise<{ kind: string; device: string | null; hour: number }[]>;

  /** Calls back for each change that any node commits, and once more after each gap in hearing (`null`: sweep now). */
  listen(heard: (change: Change | null) => void): Promise<void>;
  /** Devices revoked or quarantined since then: the net under `listen`. */
  changedSince(sinceMs: number): Promise<Change[]>;
  /** Deletes what has run out. */
  tidy(nowMs: number): Promise<void>;
  close(): Promise<void>;
}
