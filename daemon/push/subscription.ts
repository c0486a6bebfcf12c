/** Is a push subscription one that can be used at all? The relay's list of hosts decides where it may go; this refuses nonsense before it is kept. */
import { createPublicKey } from 'node:crypto';
import { fromBase64url, toBase64url } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import type { ArgsOf } from '../../shared/protocol.ts';

/** Throws `bad_endpoint`, `bad_key`. */
export function checkSubscription(subscription: ArgsOf<'push.subscribe'>['subscription']): void {
  const { endpoint, p256dh, auth } = subscription;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url?.protocol !== 'https:') throw new ClawError('bad_endpoint', 'bad_endpoint: https only.');
  if (url.username !== '' || url.password !== '' || /[\s\\]/.test(endpoint))
    throw new ClawError('bad_endpoint', 'bad_endpoint: it holds what an address must not hold.');
  if (fromBase64url(auth)?.length !== 16) throw new ClawError('bad_key', 'bad_key: the authentication secret must have 16 bytes.');
  const point = fromBase64url(p256dh);
  if (point?.length !== 65 || point[0] !== 4) throw new ClawError('bad_key', 'bad_key: p256dh must be an uncompressed point of 65 bytes.');
  try {
    createPublicKey({
      key: { kty: 'EC', crv: 'P-256', x: toBase64url(point.subarray(1, 33)), y: toBase64url(point.subarray(33)) },
      format: 'jwk',
    });
  } catch (cause) {
    throw new ClawError('bad_key', 'bad_key: p256dh is not a point on P-256.', { cause });
  }
}
