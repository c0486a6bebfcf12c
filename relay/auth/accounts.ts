/** Sign-up and sign-in: what a client proves, and what it gets for it. An address without an account cannot be told from one with. */
import type * as v from 'valibot';
import { type Bytes, fromBase64url, lengthPrefixed, toBase64url, utf8 } from '../../shared/bytes.ts';
import { type DeviceKind, verifyList } from '../../shared/device-list.ts';
import { ClawError } from '../../shared/errors.ts';
import { checkKdf, importPublic, KDF_DEFAULT, normalEmail } from '../../shared/keys.ts';
import type {
  DeviceKeySchema,
  LoginReply,
  LoginRequest,
  PreloginReply,
  PreloginRequest,
  RegisterRequest,
  SignedInReply,
} from '../../shared/relay-api.ts';
import type { Parts } from '../parts.ts';
import type { Caller } from './policy.ts';
import type { ProvenKey } from './proof.ts';
import { mintToken } from './token.ts';

const EMAIL = /^[!-?A-~]{1,64}@(?=.{4,253}$)([a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9][a-z0-9-]*[a-z0-9]$/;
const bad = (code: string, message: string): never => {
  throw new ClawError(code, message);
};

/** In the one spelling that the account knows. Throws `bad_email`. */
export function checkEmail(email: string): string {
  const normal = normalEmail(email);
  return EMAIL.test(normal) ? normal : bad('bad_email', 'The field email is not an e-mail address.');
}

/** Throws `bad_…` with the field's name. */
export function bytesOf(text: string, field: string, code = 'bad_field'): Bytes {
  return fromBase64url(text) ?? bad(code, `The field ${field} is not canonical base64url.`);
}

function authKeyOf(text: string): Bytes {
  const key = bytesOf(text, 'authKey', 'bad_auth_key');
  return key.some((b) => b !== 0) ? key : bad('bad_auth_key', 'The field authKey is all zeros.');
}

/** The device that the body names must be the one that the proof proves. Throws `bad_key`. */
export async function ownDevice(
  device: v.InferOutput<typeof DeviceKeySchema>,
  key: ProvenKey,
): Promise<{ id: string; kind: DeviceKind; pub: Bytes }> {
  const pub = bytesOf(device.pub, 'device.pub', 'bad_key');
  await importPublic(pub);
  if (toBase64url(pub) !== toBase64url(key.pub)) bad('bad_key', 'The field device.pub is not the key that the proof proves.');
  return { id: key.id, kind: device.kind, pub };
}

/** `generation`: of the device token that is handed out with it; null for a sign-in's. */
export async function startSession(
  of: { account: string; device: string; generation: number | null },
  fresh: boolean,
  parts: Parts,
): Promise<{ token: string; expiresInS: number }> {
  const { token, hash } = await mintToken('session');
  const now = parts.nowMs();
  const expiresAtMs = now + parts.limits.sessionS * 1000;
  await parts.store.createSession({ hash, ...of, expiresAtMs, freshUntilMs: fresh ? expiresAtMs : 0 });
  return { token, expiresInS: parts.limits.sessionS };
}

export async function prelogin(body: v.InferOutput<typeof PreloginRequest>, parts: Parts): Promise<v.InferOutput<typeof PreloginReply>> {
  const email = checkEmail(body.email);
  const [account, secret] = await Promise.all([parts.store.accountByEmail(email), parts.store.secret()]);
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const falseSalt = new Uint8Array(await crypto.subtle.sign('HMAC', key, lengthPrefixed(utf8('ct/false-salt/1'), utf8(email)))).slice(
    0,
    16,
  );
  return { salt: toBase64url(account?.salt ?? falseSalt), kdf: account?.kdf ?? KDF_DEFAULT };
}

/** Throws `exists`, `bad_*`, `list_*`, `kdf_out_of_range`, `rate_limited`, `busy`. */
export async function register(
  body: v.InferOutput<typeof RegisterRequest>,
  caller: Caller,
  parts: Parts,
): Promise<v.InferOutput<typeof SignedInReply>> {
  const email = checkEmail(body.email);
  checkKdf(body.kdf);
  const authKey = authKeyOf(body.authKey);
  const askPub = bytesOf(body.askPub, 'askPub', 'bad_key');
  await importPublic(askPub);
  const device = await ownDevice(body.device, caller.key!);
  const trusted = await verifyList(body.list, { account: body.account, ask: body.askPub });
  const listed = trusted.devices.get(device.id);
  if (trusted.list.epoch !== 1 || body.list.removals.length > 0)
    bad('list_malformed', 'The first device list has epoch 1 and no removals.');
  if (listed?.kind !== device.kind) bad('list_malformed', 'The device list does not hold the device that registers.');
  await parts.rates.register(caller.network);
  // Before the hash: the answer tells no more than the one below, and a thousand repeats cost no memory-hard work.
  if (await parts.store.accountByEmail(email)) bad('exists', 'There is an account with this e-mail address already.');
  const authHash = await parts.hasher.hash(authKey);
  const row = {
    id: body.account,
    email,
    salt: bytesOf(body.salt, 'salt'),
    kdf: body.kdf,
    authHash,
    askPub,
    wrappedKey: bytesOf(body.wrappedKey, 'wrappedKey'),
  };
  const devices = [...trusted.devices.values()].map((d) => ({ id: d.id, kind: d.kind, pub: bytesOf(d.pub, 'list') }));
  if ((await parts.store.createAccount(row, body.list, devices)) === 'exists')
    bad('exists', 'There is an account with this e-mail address already.');
  const { token: deviceToken, hash } = await mintToken('device');
  await parts.store.startToken(row.id, device.id, hash, parts.nowMs());
  const session = await startSession({ account: row.id, device: device.id, generation: null }, true, parts);
  await parts.store.addEvent(row.id, 'account_made', device.id, parts.nowMs());
  return { account: row.id, deviceToken, sessionToken: session.token, sessionExpiresInS: session.expiresInS };
}

/** Throws `wrong_password` for every way to be wrong, `revoked` for a key that was removed, `rate_limited`, `busy`. */
export async function login(
  body: v.InferOutput<typeof LoginRequest>,
  caller: Caller,
  parts: Parts,
): Promise<v.InferOutput<typeof LoginReply>> {
  const email = checkEmail(body.email);
  const authKey = authKeyOf(body.authKey);
  const device = await ownDevice(body.device, caller.key!);
  const account = await parts.store.accountByEmail(email);
  const known = async (): Promise<boolean> => account !== null && parts.store.knowsDevice(account.id, device.id);
  await parts.rates.login(caller.network, email, known);
  const right = await parts.hasher.verify(account?.authHash ?? null, authKey);
  if (!right || !account) throw new ClawError('wrong_password', 'The e-mail address or the password is wrong.');
  const row = await parts.store.noteDevice(account.id, device);
  if (row.revoked)
    throw new ClawError('revoked', 'This device was removed from the account.', {
      hint: 'It needs a new key: sign out here, then sign in again.',
    });
  if (row.kind !== device.kind) bad('bad_kind', `This key is a ${row.kind}’s.`);
  const newest = await parts.store.newestList(account.id);
  if (!newest) throw new Error('an account without a list');
  const session = await startSession({ account: account.id, device: device.id, generation: null }, true, parts);
  await parts.store.addEvent(account.id, 'signed_in', device.id, parts.nowMs());
  return {
    account: account.id,
    sessionToken: session.token,
    sessionExpiresInS: session.expiresInS,
    askPub: toBase64url(account.askPub),
    wrappedKey: toBase64url(account.wrappedKey),
    kdf: account.kdf,
    list: newest.list,
  };
}
