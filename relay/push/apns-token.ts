/** The provider token with which Apple's service knows this relay (ES256, RFC 7519): made from the operator's key, kept for as long as Apple wants it kept. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SignJWT } from 'jose/jwt/sign';
import { ClawError } from '../../shared/errors.ts';

export interface ApnsKey {
  key: KeyObject;
  keyId: string;
  teamId: string;
  /** Bundle id of the app. */
  topic: string;
}

/** Apple refuses tokens older than an hour, and more than one new one in twenty minutes. */
const KEEP_MS = 40 * 60_000;
const RENEW_AT_MOST_MS = 20 * 60_000;

const wrong = (message: string, hint: string, cause?: unknown): never => {
  throw new ClawError('config_invalid', message, { hint, cause });
};
const APPLE_ID = /^[A-Z0-9]{10}$/;

/** From the four variables, all or none. Throws `config_invalid` naming the one that is wrong. */
export function readApnsKey(set: (name: string) => string | null): ApnsKey | null {
  const names = ['APNS_KEY', 'APNS_KEY_ID', 'APNS_TEAM_ID', 'APNS_TOPIC'] as const;
  const values = names.map(set);
  if (values.every((value) => value === null)) return null;
  for (const [i, name] of names.entries())
    if (values[i] === null) wrong(`${name} is not set, but others of APNS_* are.`, `Set all of ${names.join(', ')}, or none.`);
  const [file, keyId, teamId, topic] = values as [string, string, string, string];
  if (!APPLE_ID.test(keyId))
    wrong('APNS_KEY_ID is not ten capital letters and digits.', 'It stands beside the key at developer.apple.com.');
  if (!APPLE_ID.test(teamId))
    wrong('APNS_TEAM_ID is not ten capital letters and digits.', 'It stands under Membership at developer.apple.com.');
  if (!/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(topic) || topic.length > 155)
    wrong('APNS_TOPIC is not the bundle id of an app.', 'For example APNS_TOPIC=org.example.clawtab');
  return { key: readKeyFile(file), keyId, teamId, topic };
}

function readKeyFile(file: string): KeyObject {
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error';
    return wrong(`APNS_KEY: ${file} cannot be read (${code}).`, 'Set APNS_KEY to the .p8 file from Apple, readable by this user.', cause);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    return wrong(`APNS_KEY: ${file} holds no private key.`, 'It is the .p8 file as Apple gave it.', cause);
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    wrong(`APNS_KEY: the key in ${file} is not on P-256.`, 'It is the .p8 file as Apple gave it.');
  return key;
}

export interface ApnsToken {
  authorization(): Promise<string>;
  /** Apple says that the newest has run out. A new one is made if that is allowed yet. */
  expired(): void;
}

export function apnsToken({ key, keyId, teamId }: ApnsKey, nowMs: () => number): ApnsToken {
  let made: { value: string; atMs: number } | null = null;
  return {
    async authorization() {
      const now = nowMs();
      if (made === null || now - made.atMs >= KEEP_MS || now < made.atMs) {
        const claims = new SignJWT({}).setIssuer(teamId).setIssuedAt(Math.floor(now / 1000));
        made = { value: await claims.setProtectedHeader({ alg: 'ES256', kid: keyId }).sign(key), atMs: now };
      }
      return `bearer ${made.value}`;
    },
    expired() {
      if (made && nowMs() - made.atMs >= RENEW_AT_MOST_MS) made = null;
    },
  };
}
