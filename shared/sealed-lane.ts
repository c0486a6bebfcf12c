/**
 * One direction of one class of a channel: key, counter, padding, rekey. `ver(1) type(1) flags(1) seq(8) | ciphertext | tag(16)`, nonce
 * = 4 zero bytes ‖ seq, AAD = header ‖ binding. Handshake and dispatch are in channel.ts.
 */
import type { Aead, AeadKey } from './aead.ts';
import { type Bytes, concat, utf8 } from './bytes.ts';
import { ClawError } from './errors.ts';
import { CHANNEL_VERSION } from './version.ts';

export const SEALED_HEADER_BYTES = 11;
const TAG_BYTES = 16;
const FLAG_REKEY = 1;

/** When the sender ratchets its key: whichever comes first. security.md 2.B.3. */
export const REKEY = { frames: 2 ** 20, bytes: 2 ** 30, ms: 15 * 60_000 } as const;

/** Payload type of a sealed frame; the first bytes of handshake messages are in channel.ts. */
export const SEALED = 4;

/** Padded size of `n` bytes of plaintext: steps of 256 B below 4 KiB, of 1 KiB above, so that a yes and a no look alike. */
export function paddedBytes(n: number): number {
  const step = n <= 4096 ? 256 : 1024;
  return Math.max(step, Math.ceil(n / step) * step);
}

async function ratchet(raw: Bytes): Promise<Bytes> {
  const base = await crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveBits']);
  const next = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8('ct/rekey/1') },
    base,
    256,
  );
  raw.fill(0);
  return new Uint8Array(next);
}

function header(flags: number, seq: number): Bytes {
  const out = new Uint8Array(SEALED_HEADER_BYTES);
  const view = new DataView(out.buffer);
  out[0] = CHANNEL_VERSION;
  out[1] = SEALED;
  out[2] = flags;
  view.setBigUint64(3, BigInt(seq));
  return out;
}

function nonceOf(head: Uint8Array): Bytes {
  const nonce = new Uint8Array(12);
  nonce.set(head.subarray(3, 11), 4);
  return nonce;
}

function pad(plain: Uint8Array): Bytes {
  const out = new Uint8Array(paddedBytes(plain.length + 4));
  new DataView(out.buffer).setUint32(0, plain.length);
  out.set(plain, 4);
  return out;
}

function unpad(padded: Uint8Array): Uint8Array | null {
  if (padded.length < 4) return null;
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  return length <= padded.length - 4 ? padded.subarray(4, 4 + length) : null;
}

export class SealingLane {
  #seq = 0;
  #frames = 0;
  #bytes = 0;
  #keyedAtMs: number;
  #rekeyNow = false;
  #key: AeadKey;
  #raw: Bytes;
  readonly #aead: Aead;
  readonly #binding: Bytes;
  readonly #nowMs: () => number;

  private constructor(aead: Aead, raw: Bytes, key: AeadKey, binding: Bytes, nowMs: () => number) {
    this.#aead = aead;
    this.#raw = raw;
    this.#key = key;
    this.#binding = binding;
    this.#nowMs = nowMs;
    this.#keyedAtMs = nowMs();
  }

  static async create(aead: Aead, raw: Bytes, binding: Bytes, nowMs: () => number): Promise<SealingLane> {
    return new SealingLane(aead, raw, await aead(raw), binding, nowMs);
  }

  /** Ratchets at the next frame, whatever the counters say. */
  requestRekey(): void {
    this.#rekeyNow = true;
  }

  /** Calls must not overlap: the next one starts when the last one has settled. Synchronous where the cipher is and no rekey is due. */
  seal(plain: Uint8Array): Bytes | Promise<Bytes> {
    const due = this.#rekeyNow || this.#frames >= REKEY.frames || this.#bytes >= REKEY.bytes || this.#nowMs() - this.#keyedAtMs >= REKEY.ms;
    return due ? this.#rekey().then(() => this.#sealWith(plain, FLAG_REKEY)) : this.#sealWith(plain, 0);
  }

  #sealWith(plain: Uint8Array, flags: number): Bytes | Promise<Bytes> {
    const head = header(flags, ++this.#seq);
    const padded = pad(plain);
    this.#frames += 1;
    this.#bytes += padded.length;
    const sealed = this.#key.seal(nonceOf(head), concat(head, this.#binding), padded);
    return sealed instanceof Promise ? sealed.then((s) => concat(head, s)) : concat(head, sealed);
  }

  async #rekey(): Promise<void> {
    this.#raw = await ratchet(this.#raw);
    this.#key = await this.#aead(this.#raw);
    this.#frames = 0;
    this.#bytes = 0;
    this.#keyedAtMs = this.#nowMs();
    this.#rekeyNow = false;
  }
}

export class OpeningLane {
  #seq = 0;
  #key: AeadKey;
  #raw: Bytes;
  readonly #aead: Aead;
  readonly #binding: Bytes;
  readonly #gapsAllowed: boolean;

  private constructor(aead: Aead, raw: Bytes, key: AeadKey, binding: Bytes, gapsAllowed: boolean) {
    this.#aead = aead;
    this.#raw = raw;
    this.#key = key;
    this.#binding = binding;
    this.#gapsAllowed = gapsAllowed;
  }

  /** `gapsAllowed`: the relay may drop bulk frames (offsets inside show the gap); a replay is refused on every lane. */
  static async create(aead: Aead, raw: Bytes, binding: Bytes, gapsAllowed: boolean): Promise<OpeningLane> {
    return new OpeningLane(aead, raw, await aead(raw), binding, gapsAllowed);
  }

  /** The plaintext of the next frame. Throws `e2e_bad_frame`, which ends the channel. Calls must not overlap. */
  open(frame: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const bad = (why: string): never => {
      throw new ClawError('e2e_bad_frame', `e2e_bad_frame: ${why}.`);
    };
    if (frame.length < SEALED_HEADER_BYTES + TAG_BYTES || frame[0] !== CHANNEL_VERSION || frame[1] !== SEALED) bad('not a sealed frame');
    const head = frame.slice(0, SEALED_HEADER_BYTES);
    const flags = head[2]!;
    if (flags > FLAG_REKEY) bad('unknown flags');
    const seq = Number(new DataView(head.buffer).getBigUint64(3));
    if (this.#gapsAllowed ? seq <= this.#seq : seq !== this.#seq + 1) bad(`sequence ${seq} after ${this.#seq}`);

    const finish = (padded: Bytes | null): Uint8Array => {
      const plain = padded && unpad(padded);
      if (!plain) return bad('it does not open');
      this.#seq = seq;
      return plain;
    };
    const sealed = frame.subarray(SEALED_HEADER_BYTES);
    const aad = concat(head, this.#binding);
    if (flags === FLAG_REKEY) return this.#openRekeyed(nonceOf(head), aad, sealed).then(finish);
    const opened = this.#key.open(nonceOf(head), aad, sealed);
    return opened instanceof Promise ? opened.then(finish) : finish(opened);
  }

  /** The new key replaces the old one only once a frame has opened under it. */
  async #openRekeyed(nonce: Bytes, aad: Bytes, sealed: Uint8Array): Promise<Bytes | null> {
    const raw = await ratchet(new Uint8Array(this.#raw));
    const key = await this.#aead(raw);
    const opened = await key.open(nonce, aad, sealed);
    if (!opened) return null;
    this.#raw.fill(0);
    this.#raw = raw;
    this.#key = key;
    return opened;
  }
}
