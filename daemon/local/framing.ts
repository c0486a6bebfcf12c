/** Messages on the daemon's unix socket: `length u32 BE · wire bytes` (shared/wire.ts). Owns cutting and joining, nothing else. */
import { ClawError } from '../../shared/errors.ts';

/** A screen with scrollback and a long history fit; anything larger is a broken peer. */
export const MAX_LOCAL_BYTES = 8 << 20;

export function frameLocal(message: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(4 + message.length);
  out.writeUInt32BE(message.length, 0);
  out.set(message, 4);
  return out;
}

export class LocalFrames {
  #rest: Buffer = Buffer.alloc(0);

  /** Whole messages in `chunk` and what came before. Throws `bad_frame` for one that is empty or too large. */
  push(chunk: Buffer, each: (message: Uint8Array) => void): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (data.length >= 4) {
      const length = data.readUInt32BE(0);
      if (length < 1 || length > MAX_LOCAL_BYTES)
        throw new ClawError('bad_frame', `A message of ${length} bytes came over the local socket.`);
      if (data.length < 4 + length) break;
      each(data.subarray(4, 4 + length));
      data = data.subarray(4 + length);
    }
    this.#rest = data.length === 0 ? data : Buffer.from(data);
  }
}
