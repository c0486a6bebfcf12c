/**
 * Ends control strings (OSC, DCS, APC, PM, SOS) that do not end by themselves: a program that died inside one, or prints one on purpose, must not hide all that
 * comes behind it (security.md BAD-92). Bytes pass untouched up to the limit; then one string terminator is put in.
 */

/** Longer than any title, link or notification; pictures and clipboards of that size are not what a question is read from. */
export const STRING_LIMIT_BYTES = 64 * 1024;

const ESC = 0x1b;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const OSC = 0x5d;
/** `ESC P`, `ESC X`, `ESC ]`, `ESC ^`, `ESC _`. */
const OPENERS = new Set([0x50, 0x58, OSC, 0x5e, 0x5f]);
/** The same as one character of the C1 set, in UTF-8: this byte, and the opener's with 0x40 more. */
const C1 = 0xc2;
const TERMINATOR = Uint8Array.of(ESC, 0x5c);

export class StringGuard {
  /** The open string's opener; 0 outside of one. */
  #opener = 0;
  /** Bytes of the open string so far. */
  #length = 0;
  /** ESC or C1 where the last byte was one, else 0. */
  #lead = 0;

  /** The pieces to parse instead of `bytes`, in order. */
  pass(bytes: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    let from = 0;
    for (let at = 0; at < bytes.length; ) {
      if (this.#opener === 0) {
        at = this.#outside(bytes, at);
        continue;
      }
      at = this.#within(bytes, at);
      if (this.#opener === 0 || this.#length < STRING_LIMIT_BYTES) continue;
      out.push(bytes.subarray(from, at), TERMINATOR);
      from = at;
      this.#opener = 0;
    }
    if (from < bytes.length) out.push(bytes.subarray(from));
    return out;
  }

  /** To behind the opener of the next string, or to the end. */
  #outside(bytes: Uint8Array, from: number): number {
    let lead = this.#lead;
    let at = from;
    for (; at < bytes.length && this.#opener === 0; at++) {
      const byte = bytes[at]!;
      const opener = lead === ESC ? byte : lead === C1 ? byte - 0x40 : 0;
      if (opener !== 0 && OPENERS.has(opener)) {
        this.#opener = opener;
        this.#length = 0;
      }
      lead = byte === ESC || byte === C1 ? byte : 0;
    }
    this.#lead = this.#opener === 0 ? lead : 0;
    return at;
  }

  /** To behind the end of the string, the limit, or the end of the piece. An ESC ends a string, with a backslash behind it or without. */
  #within(bytes: Uint8Array, from: number): number {
    const limit = Math.min(bytes.length, from + STRING_LIMIT_BYTES - this.#length);
    for (let at = from; at < limit; at++) {
      const byte = bytes[at]!;
      if (byte !== ESC && byte !== CAN && byte !== SUB && (byte !== BEL || this.#opener !== OSC)) continue;
      this.#opener = 0;
      return byte === ESC ? at : at + 1;
    }
    this.#length += limit - from;
    return limit;
  }
}
