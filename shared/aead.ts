/**
 * AES-256-GCM behind an interface of two calls, so that the daemon may use its runtime's synchronous cipher (three times as fast) and every
 * other end WebCrypto. Owns no nonce and no key schedule.
 */
import type { Bytes } from './bytes.ts';

export interface AeadKey {
  /** Ciphertext followed by the 16-byte tag. */
  seal(nonce: Bytes, aad: Bytes, plain: Uint8Array): Bytes | Promise<Bytes>;
  /** Null where the tag does not fit. */
  open(nonce: Bytes, aad: Bytes, sealed: Uint8Array): Bytes | null | Promise<Bytes | null>;
}

/** Makes a key of 32 raw bytes. */
export type Aead = (raw: Bytes) => AeadKey | Promise<AeadKey>;

export const webcryptoAead: Aead = async (raw) => {
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  return {
    async seal(iv, additionalData, plain) {
      return new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, plain as Bytes));
    },
    async open(iv, additionalData, sealed) {
      try {
        return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, sealed as Bytes));
      } catch {
        return null;
      }
    },
  };
};
