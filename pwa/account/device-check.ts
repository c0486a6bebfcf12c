/**
 * The device check (WebAuthn): the phone's own lock, fingerprint or face before something risky is sent. A gate on this device only: it proves to this
 * page that whoever holds the phone can unlock it, and proves nothing to the machine (docs/security.md). Every doubt is a no.
 */
import { type Bytes, concat, equalBytes, fromBase64url, fromUtf8, randomBytes, sha256, toBase64url, utf8 } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import { type DeviceCheckRecord, vault } from '../store/database.ts';

const TIMEOUT_MS = 60_000;
const ES256 = -7;
const RS256 = -257;
const USER_VERIFIED = 0x04;

const WAY_OUT = 'Nothing was done. Try again; where its lock is gone for good, sign out and in again: that ends the check.';
const refused = (cause?: unknown): ClawError =>
  new ClawError('check_refused', 'This device did not confirm that it is you.', { hint: WAY_OUT, cause });

let asking = false;
/** One question at a time: a second tap while the first is asked is no second question. */
async function alone<T>(task: () => Promise<T>): Promise<T> {
  if (asking) throw new ClawError('check_refused', 'This device is already asking.', { hint: 'Answer it first.' });
  asking = true;
  try {
    return await task();
  } catch (error) {
    throw error instanceof ClawError ? error : refused(error);
  } finally {
    asking = false;
  }
}

/** Can this device say who holds it? */
export const canCheck = async (): Promise<boolean> =>
  (await globalThis.PublicKeyCredential?.isUserVerifyingPlatformAuthenticatorAvailable?.().catch(() => false)) ?? false;

async function needAuthenticator(hint: string): Promise<void> {
  if (/^[\d.]+$|:/.test(rpId()))
    throw new ClawError('check_unavailable', 'A page at a bare IP address cannot ask this device.', { hint: 'Open ClawTab at a name.' });
  if (!(await canCheck()))
    throw new ClawError('check_unavailable', 'This device has no screen lock, fingerprint or face that a page may ask for.', { hint });
}

/** The page's word for the site: what credentials belong to. */
const rpId = (): string => location.hostname;

/** Turns the check on: the device makes a credential for this origin and confirms its owner once. Throws `check_*`; nothing is kept then. */
export async function enrolOwner(email: string): Promise<void> {
  await alone(async () => {
    await needAuthenticator('Set a screen lock on it first.');
    const challenge = randomBytes(32);
    const made = await navigator.credentials.create({
      publicKey: {
        challenge,
        rp: { id: rpId(), name: 'ClawTab' },
        user: { id: randomBytes(16), name: email, displayName: `${email}: check on this device` },
        pubKeyCredParams: [ES256, RS256].map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { authenticatorAttachment: 'platform', userVerification: 'required', residentKey: 'discouraged' },
        attestation: 'none',
        timeout: TIMEOUT_MS,
      },
    });
    const response = (made as PublicKeyCredential | null)?.response as AuthenticatorAttestationResponse | undefined;
    const publicKey = response?.getPublicKey?.();
    if (!made || !response || !publicKey) throw refused();
    await confirm(response.clientDataJSON, response.getAuthenticatorData(), 'webauthn.create', challenge);
    await vault.set('deviceCheck', {
      credentialId: toBase64url(new Uint8Array((made as PublicKeyCredential).rawId)),
      publicKey: new Uint8Array(publicKey),
      algorithm: response.getPublicKeyAlgorithm(),
    });
  });
}

/** Resolves where the device has confirmed its owner just now. Throws `check_refused`, `check_unavailable`. */
export async function checkOwner(record: DeviceCheckRecord): Promise<void> {
  await alone(async () => {
    await needAuthenticator(WAY_OUT);
    const id = fromBase64url(record.credentialId);
    if (!id) throw refused();
    const challenge = randomBytes(32);
    const given = await navigator.credentials.get({
      publicKey: {
        challenge,
        rpId: rpId(),
        allowCredentials: [{ type: 'public-key', id, transports: ['internal'] }],
        userVerification: 'required',
        timeout: TIMEOUT_MS,
      },
    });
    const credential = given as PublicKeyCredential | null;
    if (!credential || credential.id !== record.credentialId) throw refused();
    const response = credential.response as AuthenticatorAssertionResponse;
    await confirm(response.clientDataJSON, response.authenticatorData, 'webauthn.get', challenge);
    if (!(await signedBy(record, response))) throw refused();
  });
}

/** Turns it off, which wants the check itself: who merely holds the phone cannot. Throws `check_*`. */
export async function dropOwner(record: DeviceCheckRecord): Promise<void> {
  await checkOwner(record);
  await vault.remove('deviceCheck');
  await disown(record);
}

/** Tells the platform that nobody will ask for this credential again, where it listens. */
export async function disown({ credentialId }: DeviceCheckRecord): Promise<void> {
  const platform = globalThis.PublicKeyCredential as
    | { signalUnknownCredential?(what: { rpId: string; credentialId: string }): Promise<void> }
    | undefined;
  await platform?.signalUnknownCredential?.({ rpId: rpId(), credentialId }).catch(() => undefined);
}

/** The answer is to this very challenge, from this origin, and its user was verified. */
async function confirm(clientData: ArrayBuffer, authenticatorData: ArrayBuffer, type: string, challenge: Bytes): Promise<void> {
  const said = JSON.parse(fromUtf8(new Uint8Array(clientData))) as Record<string, unknown>;
  const data = new Uint8Array(authenticatorData);
  const fits =
    said['type'] === type &&
    said['challenge'] === toBase64url(challenge) &&
    said['origin'] === location.origin &&
    data.length >= 37 &&
    equalBytes(data.subarray(0, 32), await sha256(utf8(rpId()))) &&
    (data[32]! & USER_VERIFIED) !== 0;
  if (!fits) throw refused();
}

async function signedBy({ publicKey, algorithm }: DeviceCheckRecord, response: AuthenticatorAssertionResponse): Promise<boolean> {
  const data = concat(new Uint8Array(response.authenticatorData), await sha256(new Uint8Array(response.clientDataJSON)));
  const signature = new Uint8Array(response.signature);
  if (algorithm === RS256) {
    const how = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('spki', publicKey, how, false, ['verify']);
    return crypto.subtle.verify(how, key, signature, data);
  }
  const raw = rawSignature(signature);
  if (algorithm !== ES256 || !raw) return false;
  const key = await crypto.subtle.importKey('spki', publicKey, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, raw, data);
}

/** ECDSA as ASN.1 (two integers, as long as they need to be) to the 64 bytes that WebCrypto takes; null where it is neither. */
export function rawSignature(der: Uint8Array): Bytes | null {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const out = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1];
    if (der[at] !== 0x02 || length === undefined) return null;
    let digits = der.subarray(at + 2, at + 2 + length);
    if (digits.length !== length) return null;
    while (digits.length > 32 && digits[0] === 0) digits = digits.subarray(1);
    if (digits.length > 32) return null;
    out.set(digits, end - digits.length);
    at += 2 + length;
  }
  return at === der.length ? out : null;
}
