/** What the relay's rooms are given: made once in `relay.ts`, passed by argument, replaced in tests. */
import type { Nonces } from './auth/nonce.ts';
import type { PasswordHasher } from './auth/password-hash.ts';
import type { ProofParts } from './auth/proof.ts';
import type { Rates } from './auth/rate.ts';
import type { RelayTokens } from './auth/relay-tokens.ts';
import type { SessionReader } from './auth/sessions.ts';
import type { Waiters } from './auth/waiters.ts';
import type { Limits } from './limits.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Pusher } from './push/forward.ts';
import type { Store } from './store/store.ts';

export interface Parts {
  version: string;
  /** First the canonical address; more only where a loopback default has two spellings. */
  origins: () => readonly string[];
  /** Where the page may be served from besides `origins`. */
  pageOrigins: readonly string[];
  store: Store;
  limits: Limits;
  rates: Rates;
  proofs: ProofParts;
  nonces: Nonces;
  hasher: PasswordHasher;
  sessions: SessionReader;
  relayTokens: RelayTokens;
  waiters: Waiters;
  push: Pusher;
  metrics: Metrics;
  log: Log;
  nowMs: () => number;
  /** True once SIGTERM came: no new work. */
  draining: () => boolean;
}
