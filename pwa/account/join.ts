/**
 * Creating an account, signing in, and signing a machine in by its link: the three acts that need the account's own key. It is unwrapped for
 * one signature and dropped. Writes nothing to this device; session.ts does. The relay is always the origin that this page came from.
 */

import * as v from 'valibot';
import { type Bytes, fromBase64url, randomBytes, toBase64url } from '../../shared/bytes.ts';
import { createList, extendList, type NewDevice, type Pin, signInList, type TrustedList, verifyList } from '../../shared/device-list.ts';
import { type EnrolmentOffer, matchCode, sameDigits, sealEnrolment, terminalCode } from '../../shared/enrolment.ts';
import { ClawError } from '../../shared/errors.ts';
import {
  createSigningKey,
  KDF_DEFAULT,
  normalEmail,
  type SigningKey,
  thumbprint,
  unwrapAccountKey,
  wrapAccountKey,
} from '../../shared/keys.ts';
import { GetListReply, LoginReply, PreloginReply, PutListReply, SignedInReply } from '../../shared/relay-api.ts';
import { RelayHttp } from '../../shared/relay-http.ts';
import type { Identity } from '../store/database.ts';
import { passwordKeys } from './password-keys.ts';

export interface Credentials {
  email: string;
  password: string;
}

/** What a device has once it belongs to an account. */
export interface Joined {
  identity: Identity;
  trusted: TrustedList;
  email: string;
  deviceToken: string;
  /** What the machine of the offer asks for, if it asks. */
  match: string | null;
}

/** A machine's link, and what its person has read from the machine's own screen. */
export interface SeenOffer {
  offer: EnrolmentOffer;
  typed: string;
}

/** A machine joins an account that exists only where somebody sees its screen: a link alone may have been sent by anybody. Throws `enrolment_wrong_code`. */
async function checkSeen({ offer, typed }: SeenOffer): Promise<void> {
  if (sameDigits(typed, await terminalCode(offer))) return;
  throw new ClawError('enrolment_wrong_code', `These are not the six digits that ${offer.name} shows beside its link.`, {
    hint: 'If you do not sit before that machine, do not connect it.',
  });
}

const matchOf = (offer: EnrolmentOffer, trusted: TrustedList): Promise<string> | null => (offer.confirm ? matchCode(offer, trusted) : null);

const PHONE = 'phone' as const;

const bytesOf = (text: string): Bytes => {
  const bytes = fromBase64url(text);
  if (!bytes) throw new ClawError('bad_reply', 'The relay sent bytes that are not base64url.');
  return bytes;
};

async function newIdentity(): Promise<Identity> {
  const key = await createSigningKey();
  return { ...key, id: await thumbprint(key.publicRaw) };
}

const machineOf = (offer: EnrolmentOffer): NewDevice => ({ kind: offer.kind, pub: bytesOf(offer.pub) });

/** A new account with this device in it and, with an offer, the machine too. Throws `exists`, `bad_email`, `relay_unreachable`. */
export async function signUp(origin: string, who: Credentials, offer: EnrolmentOffer | null): Promise<Joined> {
  const identity = await newIdentity();
  const http = new RelayHttp({ origin, key: identity });
  const email = normalEmail(who.email);
  const account = toBase64url(randomBytes(16));
  const salt = randomBytes(16);
  const [keys, ask] = await Promise.all([
    passwordKeys({ password: who.password, email, salt, kdf: KDF_DEFAULT }),
    // Extractable this once: it has to be wrapped.
    createSigningKey(true),
  ]);
  const wrapped = await wrapAccountKey(ask, keys.wrap, account, KDF_DEFAULT);
  const own: NewDevice = { kind: PHONE, pub: identity.publicRaw };
  const first = await createList(account, ask, [own]);
  const pin: Pin = { account, ask: toBase64url(ask.publicRaw) };
  const reply = await http.call({
    method: 'POST',
    path: '/v1/register',
    reply: SignedInReply,
    body: {
      email,
      account,
      salt: toBase64url(salt),
      kdf: KDF_DEFAULT,
      authKey: toBase64url(keys.auth),
      askPub: toBase64url(ask.publicRaw),
      wrappedKey: toBase64url(wrapped),
      list: first,
      device: { kind: PHONE, pub: toBase64url(identity.publicRaw) },
    },
  });
  const trusted = await verifyList(first, pin);
  const fresh: FreshSession = { http, token: reply.sessionToken, ask, trusted };
  const enrolled = offer ? await enrol(fresh, offer) : trusted;
  return { identity, trusted: enrolled, email, deviceToken: reply.deviceToken, match: offer && (await matchOf(offer, enrolled)) };
}

/** A session younger than ten minutes, with the account key at hand: it may add devices. */
interface FreshSession {
  http: RelayHttp;
  token: string;
  ask: SigningKey;
  trusted: TrustedList;
}

/** Throws `wrong_password`, `kdf_out_of_range`, `list_*`, `relay_unreachable`. */
async function open(origin: string, who: Credentials, identity: Identity, known: TrustedList | null): Promise<FreshSession> {
  const http = new RelayHttp({ origin, key: identity });
  const email = normalEmail(who.email);
  const { salt, kdf } = await http.call({ method: 'POST', path: '/v1/prelogin', reply: PreloginReply, body: { email } });
  const keys = await passwordKeys({ password: who.password, email, salt: bytesOf(salt), kdf });
  const reply = await http.call({
    method: 'POST',
    path: '/v1/login',
    reply: LoginReply,
    body: { email, authKey: toBase64url(keys.auth), device: { kind: PHONE, pub: toBase64url(identity.publicRaw) } },
  });
  if (known && (reply.account !== known.list.account || reply.askPub !== known.list.ask))
    throw new ClawError('list_wrong_account_key', 'The relay shows another identity of this account than the one known here.', {
      hint: 'If you have reset the password yourself, sign out on this device first.',
    });
  const ask = await unwrapAccountKey(bytesOf(reply.wrappedKey), bytesOf(reply.askPub), keys.wrap, reply.account, reply.kdf);
  return {
    http,
    token: reply.sessionToken,
    ask,
    trusted: await signInList(known, reply.list, { account: reply.account, ask: reply.askPub }),
  };
}

/** Puts devices on the list. Another device may have changed it meanwhile: then that list is extended. */
async function addDevices(session: FreshSession, devices: readonly NewDevice[], tries = 4) {
  const { http, token, ask, trusted } = session;
  const list = await extendList(trusted, ask, devices);
  const pin = { account: trusted.list.account, ask: trusted.list.ask };
  try {
    const { deviceToken } = await http.call({ method: 'POST', path: '/v1/list', reply: PutListReply, token, body: { list } });
    return { trusted: await verifyList(list, pin), deviceToken };
  } catch (error) {
    if (!(error instanceof ClawError) || error.code !== 'list_conflict' || tries <= 1) throw error;
    const newest = await http.call({ method: 'GET', path: '/v1/list', reply: GetListReply, token });
    return addDevices({ ...session, trusted: await signInList(trusted, newest.list, pin) }, devices, tries - 1);
  }
}

/** Signs the machine into the list and leaves what it needs to trust this account. */
async function enrol(session: FreshSession, offer: EnrolmentOffer): Promise<TrustedList> {
  const { trusted } = session.trusted.devices.has(offer.id) ? session : await addDevices(session, [machineOf(offer)]);
  await leave(session, offer, trusted);
  return trusted;
}

async function leave({ http, token }: FreshSession, offer: EnrolmentOffer, trusted: TrustedList): Promise<void> {
  await http.call({
    method: 'POST',
    path: '/v1/enrolments',
    reply: v.unknown(),
    token,
    body: { device: offer.id, sealed: await sealEnrolment(offer, trusted) },
  });
}

/** Signs this device in under a fresh key and, with an offer, the machine too: one list, one signature. Throws as `signUp`, and `enrolment_wrong_code`. */
export async function signIn(origin: string, who: Credentials, seen: SeenOffer | null): Promise<Joined> {
  if (seen) await checkSeen(seen);
  const offer = seen?.offer;
  const identity = await newIdentity();
  const session = await open(origin, who, identity, null);
  const devices: NewDevice[] = [{ kind: PHONE, pub: identity.publicRaw }];
  if (offer && !session.trusted.devices.has(offer.id)) devices.push(machineOf(offer));
  const { trusted, deviceToken } = await addDevices(session, devices);
  if (deviceToken === null) throw new ClawError('bad_reply', 'The relay took the device list but gave no token.');
  if (offer) await leave(session, offer, trusted);
  return { identity, trusted, email: normalEmail(who.email), deviceToken, match: offer ? await matchOf(offer, trusted) : null };
}

/** A signed-in device adds a machine by its link. The password is asked for again: only it opens the account key. */
export async function addMachine(
  origin: string,
  who: Credentials,
  identity: Identity,
  known: TrustedList,
  seen: SeenOffer,
): Promise<{ trusted: TrustedList; match: string | null }> {
  await checkSeen(seen);
  const trusted = await enrol(await open(origin, who, identity, known), seen.offer);
  return { trusted, match: await matchOf(seen.offer, trusted) };
}
