/** Byte and text primitives that every runtime has; nothing here knows the product. */

/** Bytes backed by an ordinary ArrayBuffer: what WebCrypto and WebSocket take. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Bytes => encoder.encode(text) as Bytes;

/** Throws TypeError on invalid UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Each part preceded by its length (u32, big endian), so that no two lists of parts give the same bytes. */
export function lengthPrefixed(...parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((n, p) => n + 4 + p.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    out.set(part, at + 4);
    at += 4 + part.length;
  }
  return out;
}

const DIGITS = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
const VALUES = new Int8Array(128).fill(-1);
for (const [value, code] of DIGITS.entries()) VALUES[code] = value;
/** Text is made of so many codes at once: more arguments than that are too many for a call. */
const CODES = 0x8000;

export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  for (let from = 0; from < bytes.length; from += (CODES / 4) * 3) {
    const to = Math.min(bytes.length, from + (CODES / 4) * 3);
    const codes = new Uint8Array(Math.ceil(((to - from) * 4) / 3));
    for (let i = from, at = 0; i < to; i += 3) {
      const three = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
      codes[at++] = DIGITS[three >>> 18]!;
      codes[at++] = DIGITS[(three >>> 12) & 63]!;
      codes[at++] = DIGITS[(three >>> 6) & 63]!; // those past the end fall away
      codes[at++] = DIGITS[three & 63]!;
    }
    text += String.fromCharCode(...codes);
  }
  return text;
}

/** Null where the text is not canonical base64url without padding. */
export function fromBase64url(text: string): Bytes | null {
  if (text.length % 4 === 1) return null;
  const bytes = new Uint8Array((text.length * 3) >>> 2);
  let [at, bits, held] = [0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? -1;
    if (value < 0) return null;
    held = (held << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >>> bits;
    held &= (1 << bits) - 1;
  }
  return held === 0 ? bytes : null;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += HEX[byte];
  return out;
}

/** Length and content compared without an early exit. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let diff = 0;
  for (let i = 0; i < a.length; i++) diff |= a[i]! ^ b[i]!;
  return diff === 0;
}

export const randomBytes = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length));

export async function sha256(bytes: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Bytes));
}

/** 128 random bits as base64url: the form of every id that somebody could try to guess. */
export const randomId = (): string => toBase64url(randomBytes(16));
