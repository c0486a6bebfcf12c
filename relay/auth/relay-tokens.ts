/**
 * Relay tokens: 30 seconds, one use, for one socket. They live in this node's memory as hashes; whoever made them knew then that the device
 * stood, and a revocation in between removes them.
 */
import { type Bytes, toHex } from '../../shared/bytes.ts';
import type { DeviceKind } from '../../shared/device-list.ts';
import { ClawError } from '../../shared/errors.ts';
import { mintToken } from './token.ts';

export interface Admission {
  account: string;
  device: string;
  kind: DeviceKind;
  pub: Bytes;
  /** Epoch of the newest device list known when the token was made. */
  epoch: number;
  /** `native`, or the page's origin: a socket must come from where its token was fetched. */
  from: string;
}

/** Tokens waiting at once: 30 s at 60 a minute for 30,000 devices. */
const WAITING = 1_000_000;

export interface RelayTokens {
  mint(admission: Admission): Promise<string>;
  /** Uses the token up. Throws `relay_token_unknown`, which also means used or expired. */
  take(hash: Bytes): Promise<Admission>;
  drop(account: string, device: string | null): void;
  /** A newer device list: who connects with a token made before is told of it. */
  noteEpoch(account: string, epoch: number): void;
}

export function memoryRelayTokens(lifeS: number, nowMs: () => number): RelayTokens {
  const waiting = new Map<string, { admission: Admission; untilMs: number }>();
  const expire = (): void => {
    for (const [hash, { untilMs }] of waiting) {
      if (untilMs > nowMs()) return; // in order of making
      waiting.delete(hash);
    }
  };
  return {
    async mint(admission) {
      expire();
      if (waiting.size >= WAITING) throw new ClawError('busy', 'Too many devices connect at once.', { data: { retryAfterS: 5 } });
      const { token, hash } = await mintToken('relay');
      waiting.set(toHex(hash), { admission, untilMs: nowMs() + lifeS * 1000 });
      return token;
    },
    async take(hash) {
      const key = toHex(hash);
      const found = waiting.get(key);
      waiting.delete(key);
      if (!found) throw new ClawError('relay_token_unknown', 'The relay token was used before, or is not known here.');
      if (found.untilMs <= nowMs()) throw new ClawError('relay_token_expired', 'The relay token has expired.');
      return found.admission;
    },
    drop(account, device) {
      for (const [hash, { admission }] of waiting)
        if (admission.account === account && (device === null || admission.device === device)) waiting.delete(hash);
    },
    noteEpoch(account, epoch) {
      for (const { admission } of waiting.values()) if (admission.account === account) admission.epoch = epoch;
    },
  };
}
