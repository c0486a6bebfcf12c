/**
 * What comes from a person's terminal, told apart: keys that were typed, replies the terminal itself gives to an agent's queries, the rest
 * (mouse, focus), and the detach key. Pure; terminal.ts reads and sends.
 */

export type InputKind = 'typed' | 'reply' | 'other';
export interface InputPart {
  kind: InputKind;
  bytes: Buffer;
}

/** Replies to queries: device attributes, cursor and mode reports, kitty flags, window reports, OSC colours, DCS and APC strings. */
const REPLY =
  /^(?:\x1b\[[?>=][\d;:]*c|\x1b\[\??\d+;\d+(?:;\d+)?R|\x1b\[\??[\d;]*n|\x1b\[\??\d+;\d+\$y|\x1b\[\?\d+u|\x1b\[\d+;\d+;\d+t|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[P_^][^\x1b]*\x1b\\)/;
/** Pointer, focus and the window's size in band: sent to the agent, but no sign that someone answers. */
const OTHER = /^(?:\x1b\[<\d+;\d+;\d+[Mm]|\x1b\[M[\s\S]{3}|\x1b\[[IO]|\x1b\[48;[\d;:]*t)/;

/** Cuts `bytes` into runs of one kind, in order. A sequence cut off at the end counts as typed. */
export function partsOf(bytes: Buffer): InputPart[] {
  const text = bytes.toString('latin1');
  const parts: InputPart[] = [];
  const add = (kind: InputKind, piece: string): void => {
    const last = parts.at(-1);
    const more = Buffer.from(piece, 'latin1');
    if (last?.kind === kind) last.bytes = Buffer.concat([last.bytes, more]);
    else parts.push({ kind, bytes: more });
  };
  for (let at = 0; at < text.length; ) {
    const esc = text.indexOf('\x1b', at);
    if (esc !== at) {
      add('typed', text.slice(at, esc < 0 ? text.length : esc));
      at = esc < 0 ? text.length : esc;
      continue;
    }
    const rest = text.slice(at);
    const reply = REPLY.exec(rest)?.[0];
    const other = reply === undefined ? OTHER.exec(rest)?.[0] : undefined;
    add(reply !== undefined ? 'reply' : other !== undefined ? 'other' : 'typed', reply ?? other ?? '\x1b');
    at += (reply ?? other ?? '\x1b').length;
  }
  return parts;
}

/** Arrow keys as terminals send them, also by the kitty keyboard protocol; with a modifier they may mean anything. */
const ARROWS = /^(?:\x1b(?:O|\[|\[1;1(?::\d)?)[A-D])+$/;

/** Do these bytes hold arrow keys and nothing else? They move a highlight, and answer no list. */
export function onlyMoves(bytes: Uint8Array | string): boolean {
  return ARROWS.test(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1'));
}

/** How long Ctrl-\ waits for the `d` behind it, ms; then it goes to the agent alone. */
export const DETACH_WAIT_MS = 1000;

/** As terminals send them: plainly, by the kitty keyboard protocol, by xterm's modifyOtherKeys. */
const PREFIX = ['\x1c', '\x1b[92;5u', '\x1b[92;5:1u', '\x1b[27;5;92~'];
const SECOND = ['d', '\x1b[100u', '\x1b[100;1u', '\x1b[100;1:1u'];
/** Keys going up, which the kitty protocol may report between the two. */
const RELEASE = /^\x1b\[\d+;\d+:3u/;

/**
 * Finds the detach key, Ctrl-\ and then d, also where its parts come apart. The first part is held back, and comes out with the next key or
 * by `flush` when DETACH_WAIT_MS are over, so that a Ctrl-\ alone still reaches the agent.
 */
export class DetachKey {
  #held = '';

  get holding(): boolean {
    return this.#held !== '';
  }

  /** Bytes to pass on, and whether the detach key came; what stands behind it is dropped. */
  feed(bytes: Buffer): { pass: Buffer; detach: boolean } {
    let text = bytes.toString('latin1');
    let pass = '';
    while (text !== '') {
      if (this.#held !== '') {
        const release = RELEASE.exec(text)?.[0];
        if (release !== undefined) {
          this.#held += release;
          text = text.slice(release.length);
          continue;
        }
        const detach = SECOND.some((key) => text.startsWith(key));
        if (!detach) pass += this.#held;
        this.#held = '';
        if (detach) return { pass: Buffer.from(pass, 'latin1'), detach: true };
      }
      const at = firstOf(PREFIX, text);
      const press = PREFIX.find((key) => text.startsWith(key, at)) ?? '';
      pass += text.slice(0, at);
      this.#held = press;
      text = text.slice(at + press.length);
    }
    return { pass: Buffer.from(pass, 'latin1'), detach: false };
  }

  /** What was held back, to be passed on. */
  flush(): Buffer {
    const held = Buffer.from(this.#held, 'latin1');
    this.#held = '';
    return held;
  }
}

/** Where the first of `keys` stands in `text`; its length where none does. */
function firstOf(keys: readonly string[], text: string): number {
  return Math.min(text.length, ...keys.map((key) => text.indexOf(key)).filter((at) => at >= 0));
}
