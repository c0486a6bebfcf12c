/**
 * The relay's VAPID key (RFC 8292): who it is towards push services. Made at the first start and kept, since every subscription is bound to
 * it; or given by the operator, who must where several nodes answer for the same subscriptions.
 */
import { createECDH } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose/jwt/sign';
import { importJWK } from 'jose/key/import';
import * as v from 'valibot';
import { fromBase64url, randomId, toBase64url } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';

const File = v.strictObject({ privateKey: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)) });
/** At most 24 h by the standard; renewed after the half of what we give. */
const LIFE_S = 12 * 3600;
/** Push services are few; a list that operators widened may name many. */
const KEPT = 64;

const wrong = (message: string, hint: string, cause?: unknown): never => {
  throw new ClawError('config_invalid', message, { hint, cause });
};

/** 65 bytes of the public half. Throws where the number is none that P-256 takes. */
function publicOf(privateKey: Uint8Array): Uint8Array {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey);
  return new Uint8Array(ecdh.getPublicKey());
}

function readKept(file: string): string | null {
  let text: string;
  try {
    if ((statSync(file).mode & 0o077) !== 0) wrong(`${file} can be read by others.`, `chmod 600 ${file}`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof ClawError) throw error;
    return null;
  }
  try {
    return v.parse(File, JSON.parse(text)).privateKey;
  } catch (cause) {
    return wrong(`${file} is damaged.`, 'Restore it, or remove it: a new key is made, and every phone subscribes again.', cause);
  }
}

/** The private key kept under `stateDir`, made if there is none. Throws `config_invalid` naming the file. */
export function keptVapidKey(stateDir: string): string {
  const file = join(stateDir, 'vapid.json');
  const known = readKept(file);
  if (known !== null) return known;
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  const fresh = `${file}.${randomId()}`;
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const raw = ecdh.getPrivateKey();
    const padded = new Uint8Array(32);
    padded.set(raw, 32 - raw.length);
    writeFileSync(fresh, `${JSON.stringify({ privateKey: toBase64url(padded) })}\n`, { mode: 0o600, flag: 'wx' });
    // Whole or not at all; of two relays that start together the first one's key stays.
    linkSync(fresh, file);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'))
      wrong(
        `${file} cannot be written.`,
        'Let this user write there, set CLAWTAB_STATE to another folder, or set VAPID_PRIVATE_KEY.',
        cause,
      );
  } finally {
    rmSync(fresh, { force: true });
  }
  return readKept(file) ?? wrong(`${file} cannot be read.`, `chmod 600 ${file}`);
}

export interface Vapid {
  /** base64url, 65 bytes: what a browser subscribes with. */
  readonly publicKey: string;
  /** Value of `Authorization` for a push service's origin. */
  authorization(audience: string): Promise<string>;
}

/** `subject` null: none is named, which Apple's and Mozilla's services refuse. Throws `config_invalid` for a key that is none. */
export async function createVapid(privateKey: string, subject: string | null, nowMs: () => number): Promise<Vapid> {
  const d = fromBase64url(privateKey);
  let point: Uint8Array;
  try {
    if (d?.length !== 32) throw new Error('not 32 bytes');
    point = publicOf(d);
  } catch (cause) {
    return wrong('VAPID_PRIVATE_KEY is not a P-256 key.', 'Make one: npx web-push generate-vapid-keys', cause);
  }
  const jwk = { kty: 'EC', crv: 'P-256', d: privateKey, x: toBase64url(point.subarray(1, 33)), y: toBase64url(point.subarray(33)) };
  const key = await importJWK(jwk, 'ES256');
  const publicKey = toBase64url(point);
  const made = new Map<string, { value: string; untilMs: number }>();
  return {
    publicKey,
    async authorization(audience) {
      const now = nowMs();
      const known = made.get(audience);
      if (known && known.untilMs > now) return known.value;
      const claims = { aud: audience, exp: Math.floor(now / 1000) + LIFE_S, ...(subject === null ? {} : { sub: subject }) };
      const jwt = await new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: 'ES256' }).sign(key);
      const value = `vapid t=${jwt}, k=${publicKey}`;
      if (made.size >= KEPT) made.clear();
      made.set(audience, { value, untilMs: now + (LIFE_S / 2) * 1000 });
      return value;
    },
  };
}
