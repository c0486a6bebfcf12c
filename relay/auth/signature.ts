/**
 * The signature of a socket's hello, checked here and now: a storm of reconnects is mostly this, and WebCrypto's two ways through another thread cost
 * half as much again. The same signatures as `verify` of shared/keys.ts.
 */
import { createPublicKey, verify } from 'node:crypto';
import { lengthPrefixed, toBase64url, utf8 } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import type { Purpose } from '../../shared/keys.ts';

const POINT_BYTES = 65;

/** `publicRaw`: 65 bytes, uncompressed point on P-256. `signature`: 64 bytes. Throws `bad_key`. */
export function verifyNow(publicRaw: Uint8Array, purpose: Purpose, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (publicRaw.length !== POINT_BYTES || publicRaw[0] !== 4) throw new Error('not an uncompressed point');
    const [x, y] = [toBase64url(publicRaw.subarray(1, 33)), toBase64url(publicRaw.subarray(33))];
    const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
    return verify('sha256', lengthPrefixed(utf8(purpose), message), { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch (cause) {
    throw new ClawError('bad_key', 'The public key is not a point on P-256 (65 bytes, uncompressed).', { cause });
  }
}
