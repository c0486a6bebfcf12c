/** Push subscriptions that no push service could have given out: BAD-87 and, as far as the daemon sees it, BAD-80 of the contract. */
import { createECDH } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../shared/bytes.ts';
import { checkSubscription } from './subscription.ts';

const ecdh = createECDH('prime256v1');
ecdh.generateKeys();
const point = new Uint8Array(ecdh.getPublicKey());
const good = { endpoint: 'https://push.example/x', p256dh: toBase64url(point), auth: toBase64url(new Uint8Array(16)) };
const offCurve = point.slice();
offCurve[64]! ^= 1;

describe('a push subscription', () => {
  it('is taken with a point on the curve and a secret of 16 bytes', () => {
    expect(() => checkSubscription(good)).not.toThrow();
  });

  it.each([
    ['a point of 64 bytes', { p256dh: toBase64url(point.subarray(0, 64)) }],
    ['a point of 66 bytes', { p256dh: toBase64url(Uint8Array.of(...point, 0)) }],
    ['a point that is not on the curve', { p256dh: toBase64url(offCurve) }],
    ['a compressed point', { p256dh: toBase64url(new Uint8Array(ecdh.getPublicKey(null, 'compressed'))) }],
    ['the point at infinity', { p256dh: toBase64url(Uint8Array.of(0)) }],
    ['zeros for a point', { p256dh: toBase64url(Uint8Array.of(4, ...new Uint8Array(64))) }],
    ['a point that is no base64url', { p256dh: `${good.p256dh.slice(0, -1)}*` }],
    ['a secret of 15 bytes', { auth: toBase64url(new Uint8Array(15)) }],
    ['a secret of 17 bytes', { auth: toBase64url(new Uint8Array(17)) }],
  ])('BAD-87: with %s is bad_key', (_name, change) => {
    expect(() => checkSubscription({ ...good, ...change })).toThrow(
      expect.objectContaining({ code: 'bad_key', message: expect.stringContaining('bad_key') }),
    );
  });

  it.each([
    'http://push.example/x',
    'ftp://push.example/x',
    'file:///x',
    'data:,x',
    '//push.example/x',
    'push',
    'https://a@push.example/',
    'https://push.example\\x',
    'https://push.example/\nx',
  ])('BAD-80: at %j is bad_endpoint', (endpoint) => {
    expect(() => checkSubscription({ ...good, endpoint })).toThrow(expect.objectContaining({ code: 'bad_endpoint' }));
  });
});
