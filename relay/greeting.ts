/**
 * Who a socket is: the challenge it gets, and the check of its hello or renewal. All authentication of a socket is here; nothing was
 * decided at the upgrade. Role and account come from the token's row, never from the message.
 */
import * as v from 'valibot';
import { fromBase64url, fromUtf8, randomBytes, toBase64url, utf8 } from '../shared/bytes.ts';
import { ClawError } from '../shared/errors.ts';
import { HelloBody, RenewBody, socketProofText } from '../shared/relay-api.ts';
import { FRAME_VERSION } from '../shared/version.ts';
import { misused, quarantine } from './auth/policy.ts';
import type { Admission } from './auth/relay-tokens.ts';
import { publicKeyOf, verifyNow } from './auth/signature.ts';
import { readToken } from './auth/token.ts';
import type { Parts } from './parts.ts';

/** This process, in the signed text: a hello made for one node is worth nothing at another. */
export const NODE = toBase64url(randomBytes(9));
export const makeNonce = (): string => toBase64url(randomBytes(32));

export const challengeOf = (nonce: string) => ({ nonce, node: NODE, versions: [FRAME_VERSION] });

function parse<S extends v.GenericSchema>(schema: S, payload: Uint8Array, what: string): v.InferOutput<S> {
  try {
    return v.parse(schema, JSON.parse(fromUtf8(payload)));
  } catch (cause) {
    throw new ClawError('bad_frame', `The ${what} is not understood.`, { cause });
  }
}

/** The admission behind the token, if key and signature are right. */
async function admit(proof: { relayToken: string; sig: string }, nonce: string, origin: string | null, parts: Parts): Promise<Admission> {
  const { type, hash } = await readToken(proof.relayToken);
  if (type !== 'relay') {
    const holder = type === 'device' ? await parts.store.tokenHolder(hash) : await parts.store.session(hash);
    if (holder) await misused(holder, parts);
    throw new ClawError('wrong_token_type', `wrong_token_type: expected relay, this is a ${type} token.`);
  }
  const admission = await parts.relayTokens.take(hash);
  const sig = fromBase64url(proof.sig);
  const key = publicKeyOf(admission.pub);
  let signed = false;
  for (const own of parts.origins()) {
    const text = socketProofText({ nonce, relayToken: proof.relayToken, origin: own, node: NODE, version: FRAME_VERSION });
    if (sig && verifyNow(key, 'ct-ws', utf8(text), sig)) signed = true;
    if (signed) break;
  }
  if (!signed) {
    await misused(admission, parts);
    throw new ClawError('bad_signature', 'The signature is not by the device’s key, or is for another socket.');
  }
  if (admission.kind === 'daemon' && origin !== null) {
    await quarantine(admission, parts);
    throw new ClawError('quarantined', 'A machine’s key was used from a web page.');
  }
  // Browsers always name their origin; what does not is no page, and a page's key is not used outside one.
  if (admission.kind === 'phone' && origin === null) throw new ClawError('origin_not_allowed', 'A page’s socket must name its origin.');
  if (admission.from !== (origin ?? 'native'))
    throw new ClawError('origin_not_allowed', 'The relay token was fetched from another origin.');
  return admission;
}

/** Throws `bad_frame`, `upgrade_required`, `relay_token_*`, `wrong_token_type`, `bad_signature`, `origin_not_allowed`, `quarantined`. */
export async function checkHello(payload: Uint8Array, nonce: string, origin: string | null, parts: Parts): Promise<Admission> {
  const hello = parse(HelloBody, payload, 'hello');
  if (hello.version !== FRAME_VERSION)
    throw new ClawError('upgrade_required', `Frame version ${hello.version} is not spoken here; this relay speaks ${FRAME_VERSION}.`);
  const admission = await admit(hello, nonce, origin, parts);
  if (hello.kid !== admission.device) {
    await misused(admission, parts);
    throw new ClawError('relay_token_other_device', 'The relay token is another device’s.');
  }
  return admission;
}

/** Throws as `checkHello`, and `relay_token_other_device` where the token is not the socket's own device's. */
export async function checkRenewal(
  payload: Uint8Array,
  nonce: string,
  origin: string | null,
  device: string,
  parts: Parts,
): Promise<Admission> {
  const admission = await admit(parse(RenewBody, payload, 'renewal'), nonce, origin, parts);
  if (admission.device !== device) throw new ClawError('relay_token_other_device', 'The relay token is another device’s.');
  return admission;
}
