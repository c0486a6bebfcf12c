/**
 * Server nonces for proofs: a MAC of the minute, so nothing is stored and clocks of clients do not matter. The one before the present one
 * is still taken. The key is made at start: no proof outlives a restart, which is what forgets the `jti`s.
 */
import { type Bytes, randomBytes, toBase64url, utf8 } from '../../shared/bytes.ts';

const PERIOD_MS = 60_000;

export class Nonces {
  readonly #nowMs: () => number;
  readonly #key: Promise<CryptoKey>;
  readonly #made = new Map<number, Promise<string>>();

  constructor(nowMs: () => number = Date.now, secret: Bytes = randomBytes(32)) {
    this.#nowMs = nowMs;
    this.#key = crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  }

  #of(period: number): Promise<string> {
    const known = this.#made.get(period);
    if (known) return known;
    const made = this.#key.then(async (key) =>
      toBase64url(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(`ct/nonce/${period}`))).slice(0, 16)),
    );
    this.#made.set(period, made);
    for (const old of this.#made.keys()) if (old < period - 2) this.#made.delete(old);
    return made;
  }

  current(): Promise<string> {
    return this.#of(Math.floor(this.#nowMs() / PERIOD_MS));
  }

  async accepts(nonce: string): Promise<boolean> {
    const now = Math.floor(this.#nowMs() / PERIOD_MS);
    return nonce === (await this.#of(now)) || nonce === (await this.#of(now - 1));
  }
}
