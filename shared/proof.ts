/** DPoP proofs (RFC 9449) on the client's side: possession of the device key, bound to one request. Verification is the relay's. */
import { SignJWT } from 'jose/jwt/sign';
import { randomId, sha256, toBase64url, utf8 } from './bytes.ts';
import type { SigningKey } from './keys.ts';

export interface ProofFor {
  method: string;
  /** Full URL; query and fragment are left out of `htu`. */
  url: string;
  /** The relay's newest `DPoP-Nonce`, where one is known. */
  nonce?: string | undefined;
  /** The token that goes with the proof; its hash is bound in `ath`. */
  token?: string | undefined;
}

export const tokenHash = async (token: string): Promise<string> => toBase64url(await sha256(utf8(token)));

/** A compact JWT, `typ dpop+jwt`, ES256, with the public key in its header. */
export async function createProof(key: SigningKey, request: ProofFor): Promise<string> {
  const url = new URL(request.url);
  const jwk = { kty: 'EC', crv: 'P-256', x: toBase64url(key.publicRaw.subarray(1, 33)), y: toBase64url(key.publicRaw.subarray(33, 65)) };
  const claims = {
    htm: request.method,
    htu: url.origin + url.pathname,
    jti: randomId(),
    ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
    ...(request.token === undefined ? {} : { ath: await tokenHash(request.token) }),
  };
  return new SignJWT(claims).setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk }).setIssuedAt().sign(key.privateKey);
}
