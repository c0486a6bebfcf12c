/**
 * Signing this machine in with e-mail and password (pairing mode A): the password becomes keys here and never leaves; the account key signs this
 * device into the list and is dropped. Runs in the CLI's process; the daemon reads the result from the account files.
 */
import * as v from 'valibot';
import { fromBase64url, randomBytes, toBase64url } from '../../shared/bytes.ts';
import {
  createList,
  extendList,
  type Pin,
  type SignedList,
  signInList,
  signRemoval,
  type TrustedList,
  verifyList,
} from '../../shared/device-list.ts';
import { ClawError } from '../../shared/errors.ts';
import {
  createSigningKey,
  derivePasswordKeys,
  KDF_DEFAULT,
  normalEmail,
  type SigningKey,
  unwrapAccountKey,
  wrapAccountKey,
} from '../../shared/keys.ts';
import { GetListReply, LoginReply, PreloginReply, PutListReply, SignedInReply } from '../../shared/relay-api.ts';
import { type Fetch, RelayHttp } from '../../shared/relay-http.ts';
import type { DeviceKey } from './device-key.ts';

export interface Credentials {
  email: string;
  password: string;
}
export interface SignedIn {
  trusted: TrustedList;
  deviceToken: string;
}

const pinOf = (account: string, ask: Uint8Array): Pin => ({ account, ask: toBase64url(ask) });
const need = (text: string): ReturnType<typeof randomBytes> => {
  const bytes = fromBase64url(text);
  if (!bytes) throw new ClawError('bad_reply', 'The relay sent bytes that are not base64url.');
  return bytes;
};

/** A new account whose first device is this machine. Throws `exists`, `bad_*`, `relay_unreachable`. */
export async function register(origin: string, who: Credentials, device: DeviceKey, fetch?: Fetch): Promise<SignedIn> {
  const http = new RelayHttp({ origin, key: device, ...(fetch ? { fetch } : {}) });
  const account = toBase64url(randomBytes(16));
  const salt = randomBytes(16);
  const keys = await derivePasswordKeys(who.password, who.email, salt, KDF_DEFAULT);
  const ask = await createSigningKey(true);
  const wrapped = await wrapAccountKey(ask, keys.wrap, account, KDF_DEFAULT);
  const list = await createList(account, ask, [{ kind: 'daemon', pub: device.publicRaw }]);
  const reply = await http.call({
    method: 'POST',
    path: '/v1/register',
    reply: SignedInReply,
    body: {
      email: normalEmail(who.email),
      account,
      salt: toBase64url(salt),
      kdf: KDF_DEFAULT,
      authKey: toBase64url(keys.auth),
      askPub: toBase64url(ask.publicRaw),
      wrappedKey: toBase64url(wrapped),
      list,
      device: { kind: 'daemon', pub: toBase64url(device.publicRaw) },
    },
  });
  return { trusted: await verifyList(list, pinOf(account, ask.publicRaw)), deviceToken: reply.deviceToken };
}

export interface LoginOptions {
  /** What this machine trusts by now: another account key, or an older list, is refused. Null: nothing yet. */
  known: TrustedList | null;
  /** Makes a new key where the present one has lost its token, or was removed from the account. */
  renewKey(): Promise<DeviceKey>;
  fetch?: Fetch;
}

/** Signs in to an account that exists and puts this machine on its list. Throws `wrong_password`, `kdf_out_of_range`, `list_*`, … */
export async function login(origin: string, who: Credentials, device: DeviceKey, options: LoginOptions): Promise<SignedIn> {
  const session = await openSession(origin, who, device, options).catch((error: unknown) => {
    if (error instanceof ClawError && error.code === 'revoked') return null; // taken off the list, which takes no key back
    throw error;
  });
  if (session && !session.trusted.devices.has(device.id)) return addDevice(session, session.trusted, device);
  if (session) {
    // The key that stands on the list has lost its token. A new key takes its place; the old one takes itself off.
    const removal = await signRemoval(session.trusted.list.account, device.id, device);
    const { http, token } = session;
    await http.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), token, body: { removal } });
  }
  const fresh = await options.renewKey();
  const again = await openSession(origin, who, fresh, { ...options, known: session?.trusted ?? options.known });
  return addDevice(again, again.trusted, fresh);
}

interface Session {
  http: RelayHttp;
  token: string;
  ask: SigningKey;
  trusted: TrustedList;
}

async function openSession(origin: string, who: Credentials, device: DeviceKey, options: LoginOptions): Promise<Session> {
  const http = new RelayHttp({ origin, key: device, ...(options.fetch ? { fetch: options.fetch } : {}) });
  const email = normalEmail(who.email);
  const { salt, kdf } = await http.call({ method: 'POST', path: '/v1/prelogin', reply: PreloginReply, body: { email } });
  const keys = await derivePasswordKeys(who.password, email, need(salt), kdf);
  const body = { email, authKey: toBase64url(keys.auth), device: { kind: 'daemon', pub: toBase64url(device.publicRaw) } };
  const reply = await http.call({ method: 'POST', path: '/v1/login', reply: LoginReply, body });
  const pin = pinOf(reply.account, need(reply.askPub));
  if (options.known?.list.account === pin.account && options.known.list.ask !== pin.ask)
    throw new ClawError('list_wrong_account_key', 'The account has another identity than the one this machine trusts.', {
      hint: 'If you have reset the password yourself: clawtab devices trust, then clawtab login.',
    });
  const ask = await unwrapAccountKey(need(reply.wrappedKey), need(reply.askPub), keys.wrap, reply.account, reply.kdf);
  return { http, token: reply.sessionToken, ask, trusted: await signInList(options.known, reply.list, pin) };
}

/** Another device may have changed the list meanwhile: then its list is extended instead. */
async function addDevice(session: Session, known: TrustedList, device: DeviceKey, tries = 3): Promise<SignedIn> {
  const { http, token, ask } = session;
  const pin = { account: known.list.account, ask: known.list.ask };
  const list: SignedList = await extendList(known, ask, [{ kind: 'daemon', pub: device.publicRaw }]);
  try {
    const { deviceToken } = await http.call({ method: 'POST', path: '/v1/list', reply: PutListReply, token, body: { list } });
    if (deviceToken === null) throw new ClawError('bad_reply', 'The relay took the device list but gave no token.');
    return { trusted: await verifyList(list, pin), deviceToken };
  } catch (error) {
    if (!(error instanceof ClawError) || error.code !== 'list_conflict' || tries <= 1) throw error;
    const newest = await http.call({ method: 'GET', path: '/v1/list', reply: GetListReply, token });
    return addDevice(session, await signInList(known, newest.list, pin), device, tries - 1);
  }
}
