/**
 * Every bound of the relay in one table: its number, and why that number. `CLAWTAB_LIMITS="name=n,…"` overrides rows for large
 * installations and benches; nothing can be switched off.
 */
export const LIMITS = {
  /** Body of an HTTP request, bytes. */
  bodyBytes: 64 * 1024,
  /** A request must have arrived whole in this time, ms. */
  requestMs: 10_000,
  /** Nesting of a JSON body. The deepest schema needs 5. */
  jsonDepth: 8,
  /** Queued for one socket beyond what the kernel and the runtime hold, bytes. security.md 3.1. */
  controlQueueBytes: 256 * 1024,
  bulkQueueBytes: 1024 * 1024,
  /** Handed to the runtime unsent before a socket counts as slow, bytes. */
  inFlightBytes: 256 * 1024,
  /** Frames one socket may send: burst, then per second. A flooding terminal makes about 1,000. */
  frameBurst: 40_000,
  framesPerSecond: 8_000,
  /** Sockets that have not said hello. */
  helloMs: 5_000,
  helloPerIp: 20,
  helloTotal: 2_000,
  /** An open socket that says nothing for so long is gone. */
  silentMs: 45_000,
  leaseS: 15 * 60,
  relayTokenS: 30,
  sessionS: 10 * 60,
  /** Device token without use. */
  deviceIdleDays: 90,
  enrolmentS: 10 * 60,
  claimWaitMs: 25_000,
  /** Long polls waiting at once. */
  claimWaiters: 2_000,
  /** Per minute and account, and per minute and network (/24, /64). */
  loginPerMinute: 5,
  loginPerHour: 30,
  loginPerIpMinute: 20,
  registerPerHour: 3,
  relayTokenPerMinute: 60,
  /** All requests of one network a minute, logins or not. */
  requestsPerMinute: 1_200,
  /** Pushes of one account a minute. */
  pushPerMinute: 60,
  pushBurst: 120,
  /** How often TLS_CERT and TLS_KEY are looked at for a change. */
  tlsCheckMs: 10_000,
  hashJobs: 2,
  hashQueue: 32,
  eventDays: 90,
} as const;
export type LimitName = keyof typeof LIMITS;
export type Limits = Readonly<Record<LimitName, number>>;
