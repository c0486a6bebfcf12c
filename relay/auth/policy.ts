/**
 * Who may call a route. Default deny: a route is declared with one of these policies or it does not exist. Also owns what an unexpected
 * context costs (security.md 2.5): level A ends the sessions of the device, level B bars it until its next sign-in.
 */
import type { Bytes } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import type { TokenType } from '../../shared/relay-api.ts';
import type { Parts } from '../parts.ts';
import type { SessionRow } from '../store/store.ts';
import { type ProvenKey, verifyProof } from './proof.ts';
import { readToken } from './token.ts';

export type Policy =
  | { kind: 'none'; why: string }
  /** A proof of a device key, and no token. */
  | { kind: 'proof' }
  /** Device token and proof. */
  | { kind: 'device' }
  /** Session token and proof; `listed: false` also lets in a device that has signed in and is not on the list yet. */
  | { kind: 'session'; listed?: false }
  /** As `session`, and the password was given within the last ten minutes. Listed or not. */
  | { kind: 'fresh' };

export interface Caller {
  network: string;
  /** The page's origin, or null for a native client. */
  origin: string | null;
  key: ProvenKey | null;
  /** Of the token that was shown. */
  tokenHash: Bytes | null;
  session: SessionRow | null;
}

const MAX_AUTHORIZATION = 256;

/** Throws `missing_token`, `use_dpop`, `malformed_token`. */
async function shownToken(authorization: string | null): Promise<{ type: TokenType; hash: Bytes }> {
  if (authorization === null || authorization.trim() === '') throw new ClawError('missing_token', 'The request carries no token.');
  const [scheme = '', token = '', ...rest] = authorization.slice(0, MAX_AUTHORIZATION + 1).split(' ');
  if (scheme.toLowerCase() !== 'dpop') throw new ClawError('use_dpop', 'Tokens of this relay are sent as “Authorization: DPoP …”.');
  if (rest.length > 0 || authorization.length > MAX_AUTHORIZATION)
    throw new ClawError('malformed_token', 'The token is not one of this relay.');
  return readToken(token);
}

/** The device a token belongs to, whoever shows it; null where it is nobody's. */
async function holderOf(type: TokenType, hash: Bytes, parts: Parts): Promise<{ account: string; device: string } | null> {
  if (type === 'device') return parts.store.tokenHolder(hash);
  if (type === 'session') return parts.store.session(hash);
  return parts.relayTokens.take(hash).catch(() => null);
}

/** Level A: the sessions of the device end, its sockets close, its owner is told. The device heals itself by proving its key. */
export async function misused(at: { account: string; device: string }, parts: Parts): Promise<void> {
  await parts.store.endSessions(at.account, at.device, 'signed_out');
  await parts.store.addEvent(at.account, 'token_misused', at.device, parts.nowMs());
  parts.log('warn', 'token_misused', {});
}

/** Level B: as A, and the device is barred until somebody signs in on it again. */
export async function quarantine(at: { account: string; device: string }, parts: Parts): Promise<void> {
  await parts.store.endSessions(at.account, at.device, 'quarantined');
  await parts.store.addEvent(at.account, 'device_quarantined', at.device, parts.nowMs());
  parts.log('warn', 'device_quarantined', {});
}

/** A proof that shows that the caller lacks the key; a stale nonce or another address may happen to its owner. */
const FOREIGN = new Set(['proof_missing', 'proof_signature', 'proof_key', 'proof_duplicate', 'private_key_refused']);

/** Throws the reason why not, `auth_unavailable` included. */
export async function authorize(
  request: Request,
  path: string,
  policy: Policy,
  from: Pick<Caller, 'network' | 'origin'>,
  parts: Parts,
): Promise<Caller> {
  if (policy.kind === 'none') return { ...from, key: null, tokenHash: null, session: null };
  const proof = request.headers.get('dpop') ?? undefined;
  if (policy.kind === 'proof') {
    const key = await verifyProof({ method: request.method, path, proof, tokenHash: null }, parts.proofs);
    return { ...from, key, tokenHash: null, session: null };
  }
  const wanted: TokenType = policy.kind === 'device' ? 'device' : 'session';
  const { type, hash } = await shownToken(request.headers.get('authorization'));
  const punish = async (): Promise<void> => {
    const holder = await holderOf(type, hash, parts);
    if (holder) await misused(holder, parts);
  };
  if (type !== wanted) {
    await punish();
    throw new ClawError('wrong_token_type', `wrong_token_type: expected ${wanted}, this is a ${type} token.`);
  }
  let key: ProvenKey;
  try {
    key = await verifyProof({ method: request.method, path, proof, tokenHash: hash }, parts.proofs);
  } catch (error) {
    if (error instanceof ClawError && FOREIGN.has(error.code)) await punish();
    throw error;
  }
  if (wanted === 'device') return { ...from, key, tokenHash: hash, session: null };
  return { ...from, key, tokenHash: hash, session: await readSession(hash, key, policy, from, parts) };
}

async function readSession(hash: Bytes, key: ProvenKey, policy: Policy, from: Pick<Caller, 'origin'>, parts: Parts): Promise<SessionRow> {
  const session = await parts.sessions.find(hash);
  if (!session) throw new ClawError('token_unknown', 'The session is over.');
  if (session.device !== key.id) {
    await misused(session, parts);
    throw new ClawError('proof_other_key', 'The DPoP proof is by another key than the session’s.');
  }
  const now = parts.nowMs();
  if (session.expiresAtMs <= now) throw new ClawError('token_expired', 'The session has expired.');
  if (session.confirms !== null) await parts.store.confirmToken(session.account, session.device, session.confirms);
  if (session.revoked) throw new ClawError('revoked', 'This device was removed from the account.');
  if (session.kind === 'daemon' && from.origin !== null) {
    await quarantine(session, parts);
    throw new ClawError('quarantined', 'A machine’s key was used from a web page.');
  }
  if (policy.kind === 'fresh') {
    if (session.freshUntilMs <= now) throw new ClawError('fresh_login_required', 'The password was given too long ago for this.');
    return session;
  }
  if (session.quarantined) throw new ClawError('quarantined', 'This device is barred until you sign in on it again.');
  if (session.listEpoch === 0 && !(policy.kind === 'session' && policy.listed === false))
    throw new ClawError('enrolment_incomplete', 'This device is not on the account’s device list yet.');
  return session;
}
