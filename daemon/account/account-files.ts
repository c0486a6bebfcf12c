/**
 * What the state directory holds of the account: whose it is, which relay, the newest device list, and the device token. Owns reading, checking and
 * replacing these files; nothing here talks to a relay.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as v from 'valibot';
import { type Pin, type SignedList, SignedListSchema, type TrustedList, verifyList } from '../../shared/device-list.ts';
import { ClawError } from '../../shared/errors.ts';
import type { DeviceTokenStore } from '../../shared/token-source.ts';
import { ensurePrivateDir, readPrivateFile, type State, writeFileAtomic } from '../state.ts';
import { accountDir } from './device-key.ts';

const AccountSchema = v.object({
  v: v.literal(1),
  origin: v.string(),
  account: v.string(),
  /** The account key pinned here, base64url. */
  ask: v.string(),
  list: SignedListSchema,
});

export interface Membership {
  origin: string;
  pin: Pin;
  trusted: TrustedList;
}

/** The form of a device token: its prefix, 32 random bytes and 4 of checksum (docs/security.md). */
const TOKEN = /^ctd_[\w-]{48}$/;

const accountFile = (state: State): string => path.join(accountDir(state), 'account.json');
const tokenFile = (state: State): string => path.join(accountDir(state), 'device-token');

/** Null where nobody has signed in. Throws `state_account` for a damaged or newer file, `list_*` for a list that does not hold. */
export async function readMembership(state: State): Promise<Membership | null> {
  const file = accountFile(state);
  const bytes = readPrivateFile(file, 1 << 20);
  if (bytes === null) return null;
  const stored = parse(file, bytes);
  const pin = { account: stored.account, ask: stored.ask };
  return { origin: stored.origin, pin, trusted: await verifyList(stored.list, pin) };
}

function parse(file: string, bytes: Buffer): v.InferOutput<typeof AccountSchema> {
  let raw: unknown;
  try {
    raw = JSON.parse(bytes.toString('utf8'));
    return v.parse(AccountSchema, raw);
  } catch (cause) {
    const newer = typeof raw === 'object' && raw !== null && 'v' in raw && typeof raw.v === 'number' && raw.v > 1;
    throw new ClawError('state_account', newer ? `${file} was written by a newer version.` : `${file} is damaged.`, {
      hint: newer ? 'Update clawtab.' : `Move it away (mv '${file}' '${file}.bak'), then sign in again: clawtab login.`,
      cause,
    });
  }
}

export function writeMembership(state: State, membership: { origin: string; pin: Pin; list: SignedList }): void {
  ensurePrivateDir(accountDir(state));
  const { origin, pin, list } = membership;
  writeFileAtomic(accountFile(state), JSON.stringify({ v: 1, origin, account: pin.account, ask: pin.ask, list }));
}

/** Forgets account and token; a copy of the account file stays as `.bak`. The device key stays: a removed key cannot come back anyway. */
export function removeMembership(state: State): void {
  fs.rmSync(tokenFile(state), { force: true });
  if (fs.existsSync(accountFile(state))) fs.renameSync(accountFile(state), `${accountFile(state)}.bak`);
}

export function writeDeviceToken(state: State, token: string): void {
  ensurePrivateDir(accountDir(state));
  writeFileAtomic(tokenFile(state), token);
}

/** The device token in its 0600 file, replaced atomically; one refresh at a time in this process. */
export function fileTokenStore(state: State): DeviceTokenStore {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    async load() {
      const bytes = readPrivateFile(tokenFile(state), 4096);
      if (bytes === null) return null;
      const token = bytes.toString('utf8').trim();
      // Said here, by name: a relay could only say that it does not know it.
      if (!TOKEN.test(token))
        throw new ClawError('state_token', `${tokenFile(state)} is damaged.`, { hint: 'Sign in again: clawtab login.' });
      return token;
    },
    async save(token) {
      writeDeviceToken(state, token);
    },
    exclusive(task) {
      const result = tail.then(task, task);
      tail = result.catch(() => undefined);
      return result;
    },
  };
}
