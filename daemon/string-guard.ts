/**
 * Takes the harm out of terminal output before it is parsed, and leaves everything else as it is. Control strings (OSC, DCS, APC, PM, SOS) that do not end by
 * themselves are ended, so that a program which died inside one does not hide all that comes behind it (security.md BAD-92). Numbers of control sequences are
 * cut to four digits: the parser does “scroll up 999999999 times” that often, and would stand still for minutes (BAD-95).
 */

/** Longer than any title, link or notification; pictures and clipboards of that size are not what a question is read from. */
export const STRING_LIMIT_BYTES = 64 * 1024;

/** No row, column, mode or colour has more. */
const MAX_DIGITS = 4;

const ESC = 0x1b;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const OSC = 0x5d;
const CSI = 0x5b;
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
  /** Digits of the number that is being read inside a control sequence; -1 outside of one. */
  #digits = -1;

  /** The pieces to parse instead of `bytes`, in order. */
  pass(bytes: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    let from = 0;
    /** What was passed up to `to`, and on from `next`. */
    const cut = (to: number, next: number): void => {
      if (to > from) out.push(bytes.subarray(from, to));
      from = next;
    };
    for (let at = 0; at < bytes.length; ) {
      if (this.#opener === 0) {
        at = this.#outside(bytes, at, cut);
        continue;
      }
      at = this.#within(bytes, at);
      if (this.#opener === 0 || this.#length < STRING_LIMIT_BYTES) continue;
      cut(at, at);
      out.push(TERMINATOR);
      this.#opener = 0;
    }
    cut(bytes.length, bytes.length);
    return out;
  }

  /** To behind the opener of the next string, or to the end. */
  #outside(bytes: Uint8Array, from: number, cut: (to: number, next: number) => void): number {
    let lead = this.#lead;
    let at = from;
    for (; at < bytes.length && this.#opener === 0; at++) {
      const byte = bytes[at]!;
      if (lead !== 0) this.#opens(lead === ESC ? byte : byte - 0x40);
      else if (this.#digits >= 0 && this.#tooLong(byte)) cut(at, at + 1);
      lead = byte === ESC || byte === C1 ? byte : 0;
    }
    this.#lead = this.#opener === 0 ? lead : 0;
    return at;
  }

  /** The byte behind ESC, or the same of a C1 character. */
  #opens(opener: number): void {
    this.#digits = opener === CSI ? 0 : -1;
    if (!OPENERS.has(opener)) return;
    this.#opener = opener;
    this.#length = 0;
  }

  /** A byte inside a control sequence: true for a digit that its number does not need. */
  #tooLong(byte: number): boolean {
    if (byte >= 0x30 && byte <= 0x39) return ++this.#digits > MAX_DIGITS;
    // Behind a separator begins another number, a final byte ends the sequence, CAN and SUB call it off; what else stands in one is passed over.
    if (byte >= 0x20 && byte < 0x40) this.#digits = 0;
    else if (byte >= 0x40 || byte === CAN || byte === SUB) this.#digits = -1;
    return false;
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
