/**
 * All sockets of this process: how many may greet at once, the coarse clock, and the sweep that ends what is silent, late or past its
 * lease. Between sweeps no socket has a timer of its own.
 */
import { ClawError } from '../shared/errors.ts';
import type { Hub, Member } from './hub.ts';
import type { Parts } from './parts.ts';
import { RelaySocket, type Wire } from './socket.ts';

/** Resolution of every bound of this file, ms. */
const SWEEP_MS = 500;
/** A socket that does not answer its close is cut after this, ms. */
const FAREWELL_MS = 2_000;

export class SocketDesk {
  readonly parts: Parts;
  readonly hub: Hub;
  /** Monotonic, as of the last sweep or event of note, ms. */
  nowMs = performance.now();
  readonly #greeting = new Map<RelaySocket, number>();
  readonly #perNetwork = new Map<string, number>();
  readonly #open = new Set<RelaySocket>();
  readonly #closing = new Map<RelaySocket, number>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(parts: Parts, hub: Hub) {
    this.parts = parts;
    this.hub = hub;
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS);
    parts.metrics.readHub(() => ({ ...hub.figures, sockets: this.#open.size, greeting: this.#greeting.size }));
  }

  get size(): number {
    return this.#open.size + this.#greeting.size;
  }

  /** Before the upgrade: may one more socket greet from there? Throws `rate_limited`, `draining`. */
  admit(network: string): void {
    const { helloPerIp, helloTotal } = this.parts.limits;
    if (this.parts.draining()) throw new ClawError('draining', 'The relay is stopping.', { data: { retryAfterS: 2 } });
    if (this.#greeting.size >= helloTotal || (this.#perNetwork.get(network) ?? 0) >= helloPerIp)
      throw new ClawError('rate_limited', 'Too many sockets without a hello.', { data: { retryAfterS: 5 } });
  }

  /** A socket has opened. */
  open(wire: Wire, from: { network: string; origin: string | null }): RelaySocket {
    const socket = new RelaySocket(wire, from, this);
    this.#greeting.set(socket, performance.now() + this.parts.limits.helloMs);
    this.#perNetwork.set(from.network, (this.#perNetwork.get(from.network) ?? 0) + 1);
    return socket;
  }

  #greeted(socket: RelaySocket): void {
    if (!this.#greeting.delete(socket)) return;
    const left = (this.#perNetwork.get(socket.network) ?? 1) - 1;
    if (left > 0) this.#perNetwork.set(socket.network, left);
    else this.#perNetwork.delete(socket.network);
  }

  welcomed(socket: RelaySocket, epoch: number): { peers: Member[]; epoch: number } {
    this.#greeted(socket);
    this.#open.add(socket);
    return this.hub.join(socket, epoch, this.nowMs);
  }

  /** It has said farewell: for the hub it is gone, its wire has a moment to go as well. */
  closing(socket: RelaySocket): void {
    this.#greeted(socket);
    this.#open.delete(socket);
    this.#closing.set(socket, performance.now() + FAREWELL_MS);
    if (socket.account !== '') this.hub.leave(socket);
  }

  gone(socket: RelaySocket): void {
    this.#greeted(socket);
    this.#open.delete(socket);
    this.#closing.delete(socket);
    if (socket.account !== '') this.hub.leave(socket);
  }

  sweep(): void {
    const now = performance.now();
    this.nowMs = now;
    const { silentMs } = this.parts.limits;
    for (const [socket, untilMs] of this.#greeting) if (untilMs < now) socket.end('hello_timeout', 'No hello came in time.');
    for (const [socket, untilMs] of this.#closing) if (untilMs < now) socket.terminate();
    for (const socket of this.#open) {
      const silent = now - socket.heardAtMs;
      if (silent > silentMs) socket.terminate();
      else if (socket.leaseUntilMs < now) socket.end('token_expired', 'The lease has ended.');
      else if (silent > silentMs / 2) socket.ping();
    }
  }

  /** Tells every socket to come back later, spread over `overMs`. */
  drain(overMs: number): void {
    for (const socket of this.#open) socket.drain(Math.floor(Math.random() * overMs));
  }

  close(): void {
    clearInterval(this.#timer);
    for (const socket of [...this.#greeting.keys(), ...this.#open]) socket.end('draining', 'The relay is stopping.');
  }

  terminateAll(): void {
    for (const socket of [...this.#greeting.keys(), ...this.#open, ...this.#closing.keys()]) socket.terminate();
  }
}
