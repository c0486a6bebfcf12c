/**
 * Checks a DPoP proof (RFC 9449): the caller holds the private half of a P-256 key, for this request, now. The clock of the client plays no
 * part; the server's nonce does. Whose key it is, the policies decide.
 */
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import { JWSSignatureVerificationFailed } from 'jose/errors';
import { jwtVerify } from 'jose/jwt/verify';
import * as v from 'valibot';
import { type Bytes, concat, fromBase64url, toBase64url } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import { importPublic, thumbprint } from '../../shared/keys.ts';
import type { Nonces } from './nonce.ts';
import type { ReplayGuard } from './replay.ts';

const Jwk = v.looseObject({ kty: v.literal('EC'), crv: v.literal('P-256'), x: v.string(), y: v.string() });
const Claims = v.looseObject({
  htm: v.string(),
  htu: v.pipe(v.string(), v.maxLength(2048)),
  jti: v.pipe(v.string(), v.minLength(16), v.maxLength(64)),
  nonce: v.optional(v.string()),
  ath: v.optional(v.string()),
});
const PROOF_CHARS = 4096;

export interface ProofRequest {
  method: string;
  path: string;
  /** Value of the `DPoP` header. */
  proof: string | undefined;
  /** SHA-256 of the token that came along. */
  tokenHash: Bytes | null;
}
export interface ProvenKey {
  /** Thumbprint: the device's id. */
  id: string;
  pub: Bytes;
}
export interface ProofParts {
  /** The configured addresses of this relay; never what the request says of itself. */
  origins: () => readonly string[];
  nonces: Nonces;
  replays: ReplayGuard;
}

const fail = (code: string, message: string): never => {
  throw new ClawError(code, message);
};

function publicOf(proof: string): Bytes {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(proof);
  } catch (cause) {
    throw new ClawError('proof_malformed', 'The DPoP proof is not a JWT.', { cause });
  }
  if (header.alg !== 'ES256') fail('proof_alg', 'The DPoP proof must be signed with ES256.');
  if (header.typ !== 'dpop+jwt') fail('proof_typ', 'The DPoP proof must have typ dpop+jwt.');
  if (header.jwk && 'd' in header.jwk) fail('private_key_refused', 'The DPoP proof carries a private key.');
  const jwk = v.safeParse(Jwk, header.jwk);
  const x = jwk.success && fromBase64url(jwk.output.x);
  const y = jwk.success && fromBase64url(jwk.output.y);
  if (!x || !y || x.length !== 32 || y.length !== 32) return fail('proof_key', 'The DPoP proof does not carry a P-256 public key.');
  return concat(Uint8Array.of(4), x, y);
}

async function claimsOf(proof: string, key: CryptoKey): Promise<v.InferOutput<typeof Claims>> {
  let payload: unknown;
  try {
    // No claim about time is demanded, and any that comes is beside the point: the nonce dates the proof.
    payload = (await jwtVerify(proof, key, { typ: 'dpop+jwt', algorithms: ['ES256'], currentDate: new Date(0), clockTolerance: 1e12 }))
      .payload;
  } catch (cause) {
    const code = cause instanceof JWSSignatureVerificationFailed ? 'proof_signature' : 'proof_malformed';
    throw new ClawError(code, code === 'proof_signature' ? 'The DPoP proof’s signature is wrong.' : 'The DPoP proof is not valid.', {
      cause,
    });
  }
  const claims = v.safeParse(Claims, payload);
  return claims.success ? claims.output : fail('proof_claims', 'The DPoP proof lacks htm, htu or jti.');
}

/** The key that was proven. Throws `proof_*`, `use_dpop_nonce`, `private_key_refused`. */
export async function verifyProof(request: ProofRequest, parts: ProofParts): Promise<ProvenKey> {
  const { proof, method, path, tokenHash } = request;
  if (proof === undefined || proof === '') return fail('proof_missing', 'The request carries no DPoP proof.');
  if (proof.includes(',')) return fail('proof_duplicate', 'The request carries more than one DPoP proof.');
  if (proof.length > PROOF_CHARS) return fail('proof_malformed', 'The DPoP proof is too long.');
  const pub = publicOf(proof);
  const key = await importPublic(pub).catch((cause) => {
    throw new ClawError('proof_key', 'The DPoP proof’s key is not a point on P-256.', { cause });
  });
  const claims = await claimsOf(proof, key);
  if (claims.htm !== method) fail('proof_htm', `The DPoP proof is for ${claims.htm.slice(0, 16)}, not ${method}.`);
  if (!parts.origins().some((origin) => claims.htu === origin + path))
    fail('proof_htu', 'The DPoP proof is for another address than this relay’s.');
  if (tokenHash === null ? claims.ath !== undefined : claims.ath !== toBase64url(tokenHash))
    fail('proof_ath', 'The DPoP proof is not bound to the token that came with it.');
  if (claims.nonce === undefined || !(await parts.nonces.accepts(claims.nonce)))
    fail('use_dpop_nonce', 'The DPoP proof needs the newest nonce of this relay.');
  const id = await thumbprint(pub);
  const use = parts.replays.use(id, claims.jti);
  if (use === 'replayed') fail('proof_replayed', 'The DPoP proof was used before.');
  if (use === 'crowded') throw new ClawError('rate_limited', 'This device makes too many requests.', { data: { retryAfterS: 30 } });
  return { id, pub };
}
