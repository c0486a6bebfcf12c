/**
 * What is inside a push: a small message sealed with a key that only the phone and one daemon share, inside the encryption that web push itself has
 * (which authenticates nobody). Sealed by the daemon, opened by the service worker. `iv(12) · AES-256-GCM(json, padded with spaces)`.
 */
import * as v from 'valibot';
import { type Bytes, concat, fromUtf8, randomBytes, utf8 } from './bytes.ts';
import { ClawError } from './errors.ts';

/** A push service takes 4,096 bytes; RFC 8291 uses 103, the seal 28. */
export const PUSH_PLAIN_BYTES = 3900;
const PAD_BYTES = 512;
const AAD = utf8('ct/push/1');

export const PushMessageSchema = v.object({
  v: v.literal(1),
  /** Grows with each push of this daemon to this phone: one that is not larger than the last is dropped. */
  n: v.number(),
  /** Milliseconds since 1970 after which it is not shown as a question any more. */
  exp: v.number(),
  machine: v.object({ id: v.string(), name: v.string() }),
  /** `question` asks; `settled` takes its place when it was answered or went away; `ended`: a run is over; `security`: of the account, not of a run. */
  kind: v.picklist(['question', 'settled', 'ended', 'test', 'security']),
  /** Same tag, same notification: a newer one replaces the older. */
  tag: v.string(),
  title: v.string(),
  body: v.string(),
  run: v.optional(v.string()),
  qid: v.optional(v.string()),
  rev: v.optional(v.number()),
  digest: v.optional(v.string()),
  /** At most the first few; absent where a button cannot answer it. */
  options: v.optional(
    v.array(v.object({ index: v.number(), label: v.string(), labelDigest: v.string(), dangerous: v.optional(v.boolean()) })),
  ),
});
export type PushMessage = v.InferOutput<typeof PushMessageSchema>;

const importKey = (raw: Uint8Array): Promise<CryptoKey> => {
  if (raw.length !== 32) throw new ClawError('bad_key', 'The push key must have 32 bytes.');
  return crypto.subtle.importKey('raw', raw as Bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
};

/** Throws `bad_key`, or `too_large` for a message that no push service would take. */
export async function sealPush(rawKey: Uint8Array, message: PushMessage): Promise<Bytes> {
  const json = utf8(JSON.stringify(message));
  if (json.length > PUSH_PLAIN_BYTES) throw new ClawError('too_large', `The push has ${json.length} bytes; ${PUSH_PLAIN_BYTES} fit.`);
  const padded = new Uint8Array(Math.min(PUSH_PLAIN_BYTES, Math.ceil(json.length / PAD_BYTES) * PAD_BYTES)).fill(0x20);
  padded.set(json);
  const iv = randomBytes(12);
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: AAD }, await importKey(rawKey), padded);
  return concat(iv, new Uint8Array(sealed));
}

/** The message, or null where it was not sealed with this key. `key`: 32 bytes, or the phone's non-extractable AES-GCM key. */
export async function openPush(key: Uint8Array | CryptoKey, sealed: Uint8Array): Promise<PushMessage | null> {
  try {
    const aes = key instanceof Uint8Array ? await importKey(key) : key;
    const iv = sealed.slice(0, 12) as Bytes;
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: AAD }, aes, sealed.slice(12) as Bytes);
    return v.parse(PushMessageSchema, JSON.parse(fromUtf8(new Uint8Array(plain))));
  } catch {
    return null;
  }
}
