/**
 * Takes out of recorded output what a terminal would answer, or hand to its clipboard: shown again later, the answer would be typed into the shell.
 * Everything else passes as it is. Pure.
 */

/** Attributes, reports, sizes, modes, kitty flags, colours, terminfo, graphics; OSC 52 whole; ENQ. */
const QUERY =
  /\x1b\[(?:[>=]?[\d;]*c|\??[\d;]*n|\??\d+\$p|\?u|>[\d;]*q|(?:1[1345689]|2[01])(?:;[\d;]*)?t|[01]?x|\?[\d;]+S)|\x1b\](?:52;[^\x07\x1b]*|[^\x07\x1b]*;\?)(?:\x07|\x1b\\)|\x1bP[+$]q[^\x1b]*\x1b\\|\x1b_[^\x1b]*\x1b\\|\x05/g;
const CUT_OFF = /\x1b(?:\[[?>=]?[\d;]*\$?|[\]P_][^\x07\x1b]*\x1b?)?$/;
/** A string that is longer is no query. */
const CARRY_BYTES = 4096;

export class QueryFilter {
  #carry = '';

  /** What of `bytes` may be shown; a sequence that is cut off waits for its rest. */
  feed(bytes: Uint8Array): Buffer {
    const text = this.#carry + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    const cut = CUT_OFF.exec(text)?.[0] ?? '';
    this.#carry = cut.length <= CARRY_BYTES ? cut : '';
    return Buffer.from(text.slice(0, text.length - this.#carry.length).replace(QUERY, ''), 'latin1');
  }
}
