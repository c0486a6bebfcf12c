/**
 * The keys of security.md 2.B.2: what the password becomes, the account signing key (ASK), the device key. Every signature carries its
 * purpose, so that one made for a socket is worth nothing in a handshake.
 */
import { type Bytes, concat, lengthPrefixed, sha256, toBase64url, utf8 } from './bytes.ts';
import { ClawError } from './errors.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGN = { name: 'ECDSA', hash: 'SHA-256' } as const;

export interface KdfParams {
  algorithm: 'argon2id';
  memoryKiB: number;
  iterations: number;
}
/** What new accounts get. Measured 663 ms in WASM on the reference machine. */
export const KDF_DEFAULT: KdfParams = { algorithm: 'argon2id', memoryKiB: 64 * 1024, iterations: 3 };
/** Compiled into the client: a relay that offers less is refused before anything is derived. */
export const KDF_FLOOR = { memoryKiB: 19 * 1024, iterations: 2 } as const;
const KDF_CEILING = { memoryKiB: 1024 * 1024, iterations: 16 } as const;

/** Throws `kdf_out_of_range` for parameters that a hostile relay could use to weaken or stall the client. */
export function checkKdf(kdf: KdfParams): void {
  const ok =
    kdf.algorithm === 'argon2id' &&
    kdf.memoryKiB >= KDF_FLOOR.memoryKiB &&
    kdf.iterations >= KDF_FLOOR.iterations &&
    kdf.memoryKiB <= KDF_CEILING.memoryKiB &&
    kdf.iterations <= KDF_CEILING.iterations;
  if (!ok)
    throw new ClawError(
      'kdf_out_of_range',
      `The relay offers key derivation below what this client accepts (${kdf.algorithm}, ${kdf.memoryKiB} KiB, ${kdf.iterations}).`,
    );
}

export interface PasswordKeys {
  /** 32 bytes, sent to the relay over TLS: proves the password without showing it. */
  auth: Bytes;
  /** Wraps the account signing key; stays on the device. */
  wrap: CryptoKey;
}

/** E-mail as the account knows it: NFKC, trimmed, lower case. */
export const normalEmail = (email: string): string => email.normalize('NFKC').trim().toLowerCase();

/** Splits the password into the two keys. `relaySalt`: the account's 16 public bytes. Takes about 0.7 s; memory `kdf.memoryKiB`. */
export async function derivePasswordKeys(password: string, email: string, relaySalt: Uint8Array, kdf: KdfParams): Promise<PasswordKeys> {
  checkKdf(kdf);
  const { argon2id } = await import('hash-wasm');
  const salt = await sha256(concat(utf8('ct/salt/1'), utf8(normalEmail(email)), relaySalt));
  const master = await argon2id({
    password: password.normalize('NFKC'),
    salt,
    parallelism: 1,
    iterations: kdf.iterations,
    memorySize: kdf.memoryKiB,
    hashLength: 32,
    outputType: 'binary',
  });
  const base = await crypto.subtle.importKey('raw', master as Bytes, 'HKDF', false, ['deriveBits', 'deriveKey']);
  master.fill(0);
  const params = (info: string) => ({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8(info) });
  const auth = new Uint8Array(await crypto.subtle.deriveBits(params('ct/auth/1'), base, 256));
  const wrap = await crypto.subtle.deriveKey(params('ct/wrap/1'), base, { name: 'AES-GCM', length: 256 }, false, [
    'wrapKey',
    'unwrapKey',
    'encrypt',
    'decrypt',
  ]);
  return { auth, wrap };
}

export interface SigningKey {
  privateKey: CryptoKey;
  /** 65 bytes, uncompressed point. */
  publicRaw: Bytes;
}

/** A device key pair; the private half cannot be exported unless `extractable` (a daemon must keep it in a file). */
export async function createSigningKey(extractable = false): Promise<SigningKey> {
  const pair = await crypto.subtle.generateKey(P256, extractable, ['sign', 'verify']);
  return { privateKey: pair.privateKey, publicRaw: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) };
}

export async function exportPrivate(key: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey('pkcs8', key));
}

/** Throws `bad_key` for bytes that are no P-256 private key. */
export async function importPrivate(pkcs8: Uint8Array): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('pkcs8', pkcs8 as Bytes, P256, false, ['sign']);
  } catch (cause) {
    throw new ClawError('bad_key', 'The stored key is not a P-256 private key.', { cause });
  }
}

/** Throws `bad_key` for anything but a 65-byte point on P-256. */
export async function importPublic(raw: Uint8Array): Promise<CryptoKey> {
  try {
    if (raw.length !== 65 || raw[0] !== 4) throw new Error('not an uncompressed point');
    return await crypto.subtle.importKey('raw', raw as Bytes, P256, true, ['verify']);
  } catch (cause) {
    throw new ClawError('bad_key', 'The public key is not a point on P-256 (65 bytes, uncompressed).', { cause });
  }
}

/** RFC 7638 thumbprint of a public key: the device's id everywhere. */
export async function thumbprint(publicRaw: Uint8Array): Promise<string> {
  const x = toBase64url(publicRaw.subarray(1, 33));
  const y = toBase64url(publicRaw.subarray(33, 65));
  return toBase64url(await sha256(utf8(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`)));
}

/** What a signature is for. One made for a purpose verifies for no other. */
export type Purpose = 'ct-ws' | 'ct-e2e' | 'ct/list/1' | 'ct/removal/1' | 'ct/cross/1';

export async function sign(key: CryptoKey, purpose: Purpose, message: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign(SIGN, key, lengthPrefixed(utf8(purpose), message)));
}

export async function verify(publicRaw: Uint8Array, purpose: Purpose, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const key = await importPublic(publicRaw);
  return crypto.subtle.verify(SIGN, key, signature as Bytes, lengthPrefixed(utf8(purpose), message));
}

const wrapAad = (account: string, askPublic: Uint8Array, kdf: KdfParams): Bytes =>
  lengthPrefixed(utf8('ct/wrapped/1'), utf8(account), askPublic, utf8(`${kdf.algorithm}/${kdf.memoryKiB}/${kdf.iterations}`));

/** The account signing key sealed for the relay to keep: iv(12) ‖ AES-256-GCM(pkcs8). Bound to account, public half and KDF. */
export async function wrapAccountKey(ask: SigningKey, wrap: CryptoKey, account: string, kdf: KdfParams): Promise<Bytes> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.wrapKey('pkcs8', ask.privateKey, wrap, {
    name: 'AES-GCM',
    iv,
    additionalData: wrapAad(account, ask.publicRaw, kdf),
  });
  return concat(iv, new Uint8Array(sealed));
}

/** Opens what `wrapAccountKey` sealed, straight into a key that cannot be exported. Throws `list_wrong_account_key` where anything differs. */
export async function unwrapAccountKey(
  wrapped: Uint8Array,
  askPublic: Bytes,
  wrap: CryptoKey,
  account: string,
  kdf: KdfParams,
): Promise<SigningKey> {
  try {
    const privateKey = await crypto.subtle.unwrapKey(
      'pkcs8',
      wrapped.subarray(12) as Bytes,
      wrap,
      { name: 'AES-GCM', iv: wrapped.subarray(0, 12) as Bytes, additionalData: wrapAad(account, askPublic, kdf) },
      P256,
      false,
      ['sign'],
    );
    const key = { privateKey, publicRaw: askPublic };
    // The relay also sends the public half: it must be the one that belongs to the private half.
    const probe = utf8('probe');
    if (!(await verify(askPublic, 'ct/list/1', probe, await sign(privateKey, 'ct/list/1', probe)))) throw new Error('public half differs');
    return key;
  } catch (cause) {
    throw new ClawError('list_wrong_account_key', 'The relay sent an account key that this password does not open.', {
      hint: 'If the password was reset, the account has a new identity: run `clawtab trust` at each machine.',
      cause,
    });
  }
}
