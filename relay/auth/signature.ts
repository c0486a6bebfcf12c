/**
 * The signature of a socket's hello, checked here and now: a storm of reconnects is mostly this, and WebCrypto's two ways through another thread cost
 * half as much again. The same signatures as `verify` of shared/keys.ts.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { lengthPrefixed, toBase64url, utf8 } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import type { Purpose } from '../../shared/keys.ts';

const POINT_BYTES = 65;

/** `raw`: 65 bytes, uncompressed point on P-256. Throws `bad_key`. */
export function publicKeyOf(raw: Uint8Array): KeyObject {
  try {
    if (raw.length !== POINT_BYTES || raw[0] !== 4) throw new Error('not an uncompressed point');
    const [x, y] = [toBase64url(raw.subarray(1, 33)), toBase64url(raw.subarray(33))];
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  } catch (cause) {
    throw new ClawError('bad_key', 'The public key is not a point on P-256 (65 bytes, uncompressed).', { cause });
  }
}

/** `signature`: 64 bytes, r ‖ s. */
export const verifyNow = (key: KeyObject, purpose: Purpose, message: Uint8Array, signature: Uint8Array): boolean =>
  verify('sha256', lengthPrefixed(utf8(purpose), message), { key, dsaEncoding: 'ieee-p1363' }, signature);
