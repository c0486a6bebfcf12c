/**
 * The bus between relays of one installation: at most once, in order, never stored. What is said on it is cluster.ts's; bus.nats.ts is the one there is besides none
 * at all. Whoever can publish on it is trusted as a relay is: it belongs on a private network or behind credentials in NATS_URL.
 */
export interface Bus {
  /** Dropped in silence while the bus is down: nothing waits for it. */
  publish(subject: string, payload: Uint8Array | string): void;
  /** Until the returned function is called. The bytes are the callee's to keep. */
  subscribe(subject: string, heard: (payload: Uint8Array, reply: (payload: string) => void) => void): () => void;
  /** The first answer, or null where none comes in time. */
  ask(subject: string, payload: string, timeoutMs: number): Promise<Uint8Array | null>;
  /** Whether it is up, at once and at each change. */
  onState(told: (up: boolean) => void): void;
  close(): Promise<void>;
}
