/**
 * Follows which modes an agent has switched on at the local terminal, so that leaving it (detach, or an agent that was killed) can switch
 * off exactly those. Pure. It reads only what changes modes; the picture is the terminal's own business.
 */

/** DEC private modes that a shell would suffer from, where set. 25 and 7 are on by default and matter when off. */
const UNWANTED = new Set([
  1, 5, 6, 9, 47, 66, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016, 1047, 1049, 2004, 2026, 2031, 2048,
]);
const ALTERNATE = [47, 1047, 1049];
/** An escape sequence cut off at the end of a chunk is kept until the next one, up to this. */
const CARRY_BYTES = 64;

const SEQUENCE = /\x1b(?:\[([?>=<!]?)([\d;:]*)([ $"']?)([@-~])|([=>c]))/g;
const CUT_OFF = /\x1b(?:\[[?>=<!]?[\d;:]*[ $"']?)?$/;

export class TerminalModes {
  readonly #set = new Set<number>();
  #cursorHidden = false;
  #wrapOff = false;
  #kittyDepth = 0;
  #modifyOtherKeys = false;
  #keypad = false;
  #cursorStyle = false;
  #region = false;
  #carry = '';

  feed(bytes: Uint8Array): void {
    if (this.#carry === '' && bytes.indexOf(0x1b) < 0) return;
    const text = this.#carry + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    for (const [, prefix, params, intermediate, final, short] of text.matchAll(SEQUENCE)) {
      if (short !== undefined) this.#short(short);
      else this.#control(`${prefix}${intermediate}`, params ?? '', final ?? '');
    }
    const cut = CUT_OFF.exec(text)?.[0] ?? '';
    this.#carry = cut.length <= CARRY_BYTES ? cut : '';
  }

  /** A full-screen program has the screen: what it drew goes with it. */
  get onAlternate(): boolean {
    return ALTERNATE.some((mode) => this.#set.has(mode));
  }

  /** What brings the terminal back to how a shell wants it; '' where nothing is out of place. */
  restore(): string {
    let out = '';
    if (this.#kittyDepth > 0) out += `\x1b[<${this.#kittyDepth}u`;
    if (this.#modifyOtherKeys) out += '\x1b[>4;0m';
    if (this.#keypad) out += '\x1b>';
    if (this.#region) out += '\x1b7\x1b[r\x1b8';
    for (const mode of this.#set) if (!ALTERNATE.includes(mode)) out += `\x1b[?${mode}l`;
    if (this.#wrapOff) out += '\x1b[?7h';
    if (this.#cursorStyle) out += '\x1b[0 q';
    const alternate = ALTERNATE.find((mode) => this.#set.has(mode));
    if (alternate !== undefined) out += `\x1b[?${alternate}l`;
    if (this.#cursorHidden) out += '\x1b[?25h';
    return out === '' ? '' : `\x1b[0m${out}`;
  }

  #short(final: string): void {
    if (final === 'c') this.#reset();
    else this.#keypad = final === '=';
  }

  #control(kind: string, params: string, final: string): void {
    if (kind === '?' && (final === 'h' || final === 'l')) {
      for (const mode of params.split(';').map(Number)) this.#mode(mode, final === 'h');
    } else if (kind === '>' && final === 'u') {
      this.#kittyDepth++;
    } else if (kind === '<' && final === 'u') {
      this.#kittyDepth = Math.max(0, this.#kittyDepth - (Number(params) || 1));
    } else if (kind === '>' && final === 'm' && params.startsWith('4')) {
      this.#modifyOtherKeys = /^4;[12]/.test(params);
    } else if (kind === ' ' && final === 'q') {
      this.#cursorStyle = params !== '' && params !== '0';
    } else if (kind === '' && final === 'r') {
      this.#region = params !== '';
    } else if (kind === '!' && final === 'p') {
      this.#reset();
    }
  }

  #mode(mode: number, on: boolean): void {
    if (mode === 25) this.#cursorHidden = !on;
    else if (mode === 7) this.#wrapOff = !on;
    else if (on && UNWANTED.has(mode)) this.#set.add(mode);
    else if (ALTERNATE.includes(mode)) for (const each of ALTERNATE) this.#set.delete(each);
    else this.#set.delete(mode);
  }

  #reset(): void {
    this.#set.clear();
    this.#cursorHidden = false;
    this.#wrapOff = false;
    this.#kittyDepth = 0;
    this.#modifyOtherKeys = false;
    this.#keypad = false;
    this.#cursorStyle = false;
    this.#region = false;
  }
}
