/** What the link asks of its owner and tells it: types only, for daemon and page alike. */
import type { Backoff } from './backoff.ts';
import type { Bytes } from './bytes.ts';
import type { ClawError } from './errors.ts';
import type { FrameClass } from './frame.ts';
import type { SigningKey } from './keys.ts';
import type { TokenSource } from './token-source.ts';

/** The part of the standard WebSocket that is used; the `ws` package has it too. */
export interface SocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: Bytes): void;
  close(code?: number, reason?: string): void;
}

export interface Peer {
  connection: number;
  device: string;
  kind: 'phone' | 'daemon';
}

/** `signed_out`, `replaced` and `outdated` last until `nudge` or a new sign-in; the others heal by themselves. */
export type LinkState =
  | { state: 'offline'; error: ClawError; retryAtMs: number }
  | { state: 'connecting' }
  | { state: 'online'; connection: number }
  | { state: 'signed_out' | 'replaced' | 'outdated'; error: ClawError }
  | { state: 'closed' };

export interface LinkEvents {
  onState(state: LinkState): void;
  /** The whole set at welcome, then one at a time. */
  onPeers(peers: ReadonlyMap<number, Peer>): void;
  onData(peer: number, cls: FrameClass, payload: Uint8Array): void;
  /** The relay dropped bulk frames that came from `peer`. */
  onGap?(peer: number, lost: { frames: number; bytes: number }): void;
  /** The relay has a device list of this epoch. */
  onEpoch?(epoch: number): void;
  /** The relay could not deliver to `peer`. */
  onUndeliverable?(peer: number, error: ClawError): void;
}

export interface LinkOptions extends LinkEvents {
  tokens: TokenSource;
  device: SigningKey & { id: string };
  openSocket(url: string, subprotocol: string): SocketLike;
  /** Shown to nobody but the relay's operator: "daemon/0.1.0". */
  client?: string;
  /** How often the line is tried, and how long an answer may take, ms. */
  pingMs?: number;
  deadlineMs?: number;
  backoff?: Backoff;
}
