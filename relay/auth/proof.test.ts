import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Bytes, randomBytes, randomId, sha256, toBase64url, utf8 } from '../../shared/bytes.ts';
import { createSigningKey, type SigningKey, thumbprint } from '../../shared/keys.ts';
import { createProof } from '../../shared/proof.ts';
import { Nonces } from './nonce.ts';
import { type ProofParts, verifyProof } from './proof.ts';
import { ReplayGuard } from './replay.ts';

const ORIGIN = 'https://relay.example.org';
const PATH = '/v1/relay-token';
const TOKEN = 'cts_token';
let now: number;
let parts: ProofParts;
let key: SigningKey;
let tokenHash: Bytes;

beforeEach(async () => {
  now = Date.parse('2026-11-24T12:00:00Z');
  parts = { origins: () => [ORIGIN], nonces: new Nonces(() => now), replays: new ReplayGuard(() => now) };
  key = await createSigningKey();
  tokenHash = await sha256(utf8(TOKEN));
});

const check = (proof: string | undefined) => verifyProof({ method: 'POST', path: PATH, proof, tokenHash }, parts);
const jwkOf = (k: SigningKey) => ({
  kty: 'EC',
  crv: 'P-256',
  x: toBase64url(k.publicRaw.subarray(1, 33)),
  y: toBase64url(k.publicRaw.subarray(33)),
});
async function good(): Promise<string> {
  return createProof(key, { method: 'POST', url: ORIGIN + PATH, nonce: await parts.nonces.current(), token: TOKEN });
}
/** A proof with anything in it changed; `undefined` takes a member away. */
async function forged(header: Record<string, unknown>, claims: Record<string, unknown> = {}): Promise<string> {
  const base = {
    htm: 'POST',
    htu: ORIGIN + PATH,
    jti: randomId(),
    nonce: await parts.nonces.current(),
    ath: toBase64url(tokenHash),
    iat: Math.floor(now / 1000),
  };
  return new SignJWT({ ...base, ...claims })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: jwkOf(key), ...header } as { alg: string })
    .sign(key.privateKey);
}
/** Header and payload with no regard for any library's rules, signed with `sig`. */
const raw = (header: unknown, claims: unknown, sig = toBase64url(randomBytes(64))): string =>
  `${toBase64url(utf8(JSON.stringify(header)))}.${toBase64url(utf8(JSON.stringify(claims)))}.${sig}`;

describe('proofs of possession', () => {
  it('show the key and its thumbprint', async () => {
    expect(await check(await good())).toEqual({ id: await thumbprint(key.publicRaw), pub: key.publicRaw });
  });

  it('do not depend on the client’s clock', async () => {
    for (const years of [-10, 10]) {
      const iat = Math.floor(now / 1000) + years * 365 * 86_400;
      await expect(check(await forged({}, { iat, exp: iat, nbf: iat }))).resolves.toBeTruthy();
    }
  });

  it('are good once', async () => {
    const proof = await good();
    await check(proof);
    await expect(check(proof)).rejects.toMatchObject({ code: 'proof_replayed' });
  });

  it('with a nonce of two minutes ago ask for a new one', async () => {
    const proof = await good();
    now += 120_000;
    await expect(check(proof)).rejects.toMatchObject({ code: 'use_dpop_nonce' });
  });

  it('are refused with any byte of the signature changed', async () => {
    const [header, claims, sig = ''] = (await good()).split('.');
    for (const at of [0, 20, 40, 80]) {
      const changed = sig.slice(0, at) + (sig[at] === 'A' ? 'B' : 'A') + sig.slice(at + 1);
      await expect(check(`${header}.${claims}.${changed}`)).rejects.toMatchObject({ code: 'proof_signature' });
    }
  });

  const rows: [string, string, () => Promise<string | undefined>][] = [
    ['proof_missing', 'none at all', async () => undefined],
    ['proof_missing', 'an empty one', async () => ''],
    ['proof_malformed', 'no JWT', async () => 'hello'],
    ['proof_malformed', 'a header that is no JSON', async () => 'AAAA.AAAA.AAAA'],
    ['proof_malformed', 'one of 5,000 characters', async () => 'a'.repeat(5000)],
    ['proof_duplicate', 'two in one header', async () => `${await good()}, ${await good()}`],
    ['proof_alg', 'alg none', async () => raw({ typ: 'dpop+jwt', alg: 'none', jwk: jwkOf(key) }, { htm: 'POST' }, '')],
    ['proof_alg', 'alg HS256', async () => raw({ typ: 'dpop+jwt', alg: 'HS256', jwk: jwkOf(key) }, {})],
    ['proof_alg', 'alg RS256', async () => raw({ typ: 'dpop+jwt', alg: 'RS256', jwk: jwkOf(key) }, {})],
    ['proof_alg', 'alg ES384', async () => raw({ typ: 'dpop+jwt', alg: 'ES384', jwk: jwkOf(key) }, {})],
    ['proof_typ', 'typ JWT', async () => forged({ typ: 'JWT' })],
    ['proof_typ', 'no typ', async () => forged({ typ: undefined })],
    ['proof_key', 'no key', async () => forged({ jwk: undefined })],
    ['proof_key', 'a key by reference', async () => forged({ jwk: undefined, kid: 'x', jku: 'https://evil.example/' })],
    ['proof_key', 'an RSA key', async () => raw({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty: 'RSA', n: 'AQ', e: 'AQAB' } }, {})],
    [
      'proof_key',
      'a key on P-384',
      async () => raw({ typ: 'dpop+jwt', alg: 'ES256', jwk: await exportJWK((await generateKeyPair('ES384')).publicKey) }, {}),
    ],
    ['proof_key', 'a point that is not on the curve', async () => forged({ jwk: { ...jwkOf(key), y: toBase64url(randomBytes(32)) } })],
    [
      'proof_key',
      'a point at infinity',
      async () => forged({ jwk: { ...jwkOf(key), x: toBase64url(new Uint8Array(32)), y: toBase64url(new Uint8Array(32)) } }),
    ],
    ['proof_key', 'a coordinate of 31 bytes', async () => forged({ jwk: { ...jwkOf(key), x: toBase64url(randomBytes(31)) } })],
    ['private_key_refused', 'the private key as well', async () => forged({ jwk: { ...jwkOf(key), d: toBase64url(randomBytes(32)) } })],
    [
      'proof_signature',
      'another’s signature',
      async () => {
        const stranger = await createSigningKey();
        const [, , sig] = (await createProof(stranger, { method: 'POST', url: ORIGIN + PATH })).split('.');
        const [header, claims] = (await good()).split('.');
        return `${header}.${claims}.${sig}`;
      },
    ],
    ['proof_htm', 'another method', async () => forged({}, { htm: 'GET' })],
    ['proof_htm', 'the method in lower case', async () => forged({}, { htm: 'post' })],
    ['proof_htu', 'another host', async () => forged({}, { htu: `https://evil.example${PATH}` })],
    ['proof_htu', 'another path', async () => forged({}, { htu: `${ORIGIN}/v1/session` })],
    ['proof_htu', 'a path with two slashes', async () => forged({}, { htu: `${ORIGIN}/${PATH}` })],
    ['proof_htu', 'a query', async () => forged({}, { htu: `${ORIGIN}${PATH}?a=1` })],
    ['proof_htu', 'http', async () => forged({}, { htu: `http://relay.example.org${PATH}` })],
    ['proof_htu', 'a name in it', async () => forged({}, { htu: `https://a@relay.example.org${PATH}` })],
    ['proof_claims', 'no htu', async () => forged({}, { htu: undefined })],
    ['proof_claims', 'no jti', async () => forged({}, { jti: undefined })],
    ['proof_claims', 'a jti of three characters', async () => forged({}, { jti: 'abc' })],
    ['proof_claims', 'a jti of 65 characters', async () => forged({}, { jti: 'a'.repeat(65) })],
    ['proof_claims', 'a number for htm', async () => forged({}, { htm: 5 })],
    ['use_dpop_nonce', 'no nonce', async () => forged({}, { nonce: undefined })],
    ['use_dpop_nonce', 'a nonce of its own', async () => forged({}, { nonce: 'mine' })],
    ['proof_ath', 'no hash of the token', async () => forged({}, { ath: undefined })],
    ['proof_ath', 'another token’s hash', async () => forged({}, { ath: toBase64url(randomBytes(32)) })],
  ];
  it.each(rows)('BAD-21 are refused as %s with %s', async (code, _name, make) => {
    await expect(check(await make())).rejects.toMatchObject({ code });
  });

  it('for a request without a token must not claim one', async () => {
    const proof = await forged({});
    await expect(verifyProof({ method: 'POST', path: PATH, proof, tokenHash: null }, parts)).rejects.toMatchObject({ code: 'proof_ath' });
  });
});
