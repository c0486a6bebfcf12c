/**
 * One connection: challenge, hello within its time, welcome, frames, lease. Owns its bounds and its end; who it may speak to is the
 * hub's, who it is is greeting.ts's, the bytes on the wire are an adapter's.
 */
import { utf8 } from '../shared/bytes.ts';
import type { DeviceKind } from '../shared/device-list.ts';
import { asClawError, ClawError, errorRow } from '../shared/errors.ts';
import { CLASS, decodeHeader, encodeFrame, FRAME, FRAME_HEADER_BYTES, type FrameType, MAX_FRAME_BYTES } from '../shared/frame.ts';
import { FRAME_VERSION } from '../shared/version.ts';
import type { Admission } from './auth/relay-tokens.ts';
import { Backlog } from './backlog.ts';
import { framePolicy } from './frames.ts';
import { challengeOf, checkHello, checkRenewal, makeNonce } from './greeting.ts';
import type { Member } from './hub.ts';
import { errorFields } from './log.ts';
import type { SocketDesk } from './sockets.ts';

/** What an adapter makes of its runtime's socket. */
export interface Wire {
  /** Unsent bytes that the runtime holds. */
  readonly bufferedBytes: number;
  /** One binary message, taken as it is. */
  send(frame: Uint8Array): void;
  /** Calls once when most of what was buffered has gone. */
  whenDrained(then: () => void): void;
  close(code: number, reason: string): void;
  /** Without a farewell. */
  terminate(): void;
  /** Asks the far end for a sign of life, where the runtime can. */
  ping(): void;
  /** The largest message to take from now on. */
  limit(bytes: number): void;
  /** A frame for it was dropped: so many received bytes are garbage now. */
  dropped?(bytes: number): void;
}

const NO_SOURCE = 0;
/** A frame to nobody costs as much as so many others. */
const MISS_COST = 50;

export class RelaySocket implements Member {
  readonly #wire: Wire;
  readonly #desk: SocketDesk;
  readonly #origin: string | null;
  readonly network: string;
  #nonce = makeNonce();
  #state: 'greeting' | 'proving' | 'open' | 'ended' = 'greeting';
  #backlog: Backlog | null = null;
  #credit: number;
  #creditAtMs: number;
  #maxFrame: number = MAX_FRAME_BYTES.hello;
  /** Times in the desk's coarse clock, ms. */
  heardAtMs: number;
  leaseUntilMs = 0;
  account = '';
  device = '';
  kind: DeviceKind = 'phone';
  connection = 0;

  constructor(wire: Wire, from: { network: string; origin: string | null }, desk: SocketDesk) {
    this.#wire = wire;
    this.#desk = desk;
    this.#origin = from.origin;
    this.network = from.network;
    this.#credit = desk.parts.limits.frameBurst;
    this.heardAtMs = this.#creditAtMs = desk.nowMs;
    wire.limit(MAX_FRAME_BYTES.hello);
    this.#say(FRAME.challenge, challengeOf(this.#nonce));
  }

  get greeting(): boolean {
    return this.#state === 'greeting' || this.#state === 'proving';
  }

  /** One binary message. The frame is the runtime's own buffer: it is changed in place and handed on. */
  receive(frame: Uint8Array): void {
    this.heardAtMs = this.#desk.nowMs;
    if (--this.#credit < 0 && !this.#refill()) return;
    if (
      this.#state === 'open' &&
      frame[1] === FRAME.data &&
      frame[0] === FRAME_VERSION &&
      frame[2]! <= CLASS.bulk &&
      frame.length > FRAME_HEADER_BYTES
    ) {
      if (frame.length > this.#maxFrame) this.fail(tooLarge(this.#maxFrame));
      else if (!this.#desk.hub.route(this, frame, frame[2]!)) this.#undeliverable(frame);
      return;
    }
    if (this.#state === 'ended') return;
    try {
      this.#other(frame);
    } catch (error) {
      this.fail(asClawError(error));
    }
  }

  receiveText(): void {
    if (this.#state !== 'ended') this.fail(new ClawError('binary_only', 'This relay takes binary frames only.'));
  }

  heard(): void {
    this.heardAtMs = this.#desk.nowMs;
  }
  /** The runtime has answered a ping of the far end: it costs as a frame does. */
  pinged(): void {
    this.heard();
    if (--this.#credit < 0) this.#refill();
  }

  /** The wire has ended, for whatever reason. */
  closed(code: number): void {
    this.#desk.parts.metrics.closed(code);
    this.#state = 'ended';
    this.#backlog = null;
    this.#desk.gone(this);
  }

  deliver(frame: Uint8Array, cls: number, source: number): void {
    if (this.#backlog === null) {
      if (this.#wire.bufferedBytes <= this.#desk.parts.limits.inFlightBytes) {
        this.#wire.send(frame);
        return;
      }
      this.#backlog = new Backlog(this.#desk.parts.limits);
      this.#wire.whenDrained(() => this.#drain());
    }
    const kept = this.#backlog.push(frame, cls, source);
    if (kept === 'overflow') this.end('slow_consumer', 'This end reads too slowly.');
    else if (kept === 'dropped') {
      this.#desk.hub.figures.droppedFrames++;
      this.#desk.hub.figures.droppedBytes += frame.length;
      this.#wire.dropped?.(frame.length);
    }
  }

  #drain(): void {
    const backlog = this.#backlog;
    if (!backlog) return;
    const half = this.#desk.parts.limits.inFlightBytes / 2;
    while (this.#wire.bufferedBytes <= half) {
      const frame = backlog.shift();
      if (!frame) {
        this.#backlog = null;
        return;
      }
      this.#wire.send(frame);
    }
    this.#wire.whenDrained(() => this.#drain());
  }

  end(code: string, message: string): void {
    this.fail(new ClawError(code, message));
  }

  /** Says why, closes with the code's number, and is gone for the hub at once. */
  fail(error: ClawError): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    if (error.code === 'internal') this.#desk.parts.log('error', 'socket_failed', errorFields(error.cause));
    this.#desk.parts.metrics.refused(error.code);
    this.#backlog = null;
    if (this.#wire.bufferedBytes <= this.#desk.parts.limits.inFlightBytes) this.#say(FRAME.error, complaint(error));
    this.#wire.close(errorRow(error.code).close, error.code);
    this.#desk.closing(this);
  }

  terminate(): void {
    this.#wire.terminate();
  }
  ping(): void {
    this.#wire.ping();
  }
  drain(afterMs: number): void {
    if (this.#state === 'open') this.#say(FRAME.drain, { afterMs });
  }

  /** Credit comes back with time; who has used up the burst and more than the rate since is told off. */
  #refill(): boolean {
    const { framesPerSecond, frameBurst } = this.#desk.parts.limits;
    const now = performance.now();
    this.#credit = Math.min(frameBurst, this.#credit + Math.floor(((now - this.#creditAtMs) * framesPerSecond) / 1000));
    this.#creditAtMs = now;
    if (this.#credit >= 0) return true;
    this.end('rate_limited', `More than ${framesPerSecond} frames a second.`);
    return false;
  }

  #other(frame: Uint8Array): void {
    const header = decodeHeader(frame);
    const policy = framePolicy(header.type);
    if (this.#state === 'greeting') {
      if (policy !== 'stranger') throw new ClawError('hello_expected', 'The first frame must be a hello.');
      if (frame.length > MAX_FRAME_BYTES.hello) throw tooLarge(MAX_FRAME_BYTES.hello);
      this.#state = 'proving';
      this.#prove(frame.slice(FRAME_HEADER_BYTES));
      return;
    }
    if (policy === 'stranger') throw new ClawError('already_authenticated', 'A second hello on the same socket.');
    if (this.#state !== 'open') throw new ClawError('hello_expected', 'Wait for the welcome.');
    if (policy !== 'member') throw new ClawError('bad_envelope', `bad_envelope: type ${header.type} only goes from the relay to a client.`);
    switch (header.type) {
      case FRAME.ping:
        if (frame.length > FRAME_HEADER_BYTES + 125) throw new ClawError('bad_envelope', 'bad_envelope: a ping carries at most 125 bytes.');
        this.deliver(encodeFrame(FRAME.pong, CLASS.control, 0, frame.subarray(FRAME_HEADER_BYTES)), CLASS.control, NO_SOURCE);
        return;
      case FRAME.pong:
        return;
      case FRAME.renew:
        this.#renew(frame.slice(FRAME_HEADER_BYTES));
        return;
      case FRAME.data:
        throw new ClawError('bad_envelope', 'bad_envelope: a data frame without a payload.');
    }
  }

  #prove(payload: Uint8Array): void {
    checkHello(payload, this.#nonce, this.#origin, this.#desk.parts).then(
      (admission) => this.#state === 'proving' && this.#welcome(admission),
      (error: unknown) => this.fail(asClawError(error)),
    );
  }

  #welcome(admission: Admission): void {
    const { limits } = this.#desk.parts;
    this.account = admission.account;
    this.device = admission.device;
    this.kind = admission.kind;
    this.connection = this.#desk.hub.freeConnection(admission.account);
    this.#maxFrame = MAX_FRAME_BYTES[admission.kind];
    this.#wire.limit(this.#maxFrame);
    this.#state = 'open';
    this.leaseUntilMs = this.#desk.nowMs + limits.leaseS * 1000;
    const { peers, epoch } = this.#desk.welcomed(this, admission.epoch);
    this.#say(FRAME.welcome, {
      connection: this.connection,
      leaseS: limits.leaseS,
      maxFrameBytes: this.#maxFrame,
      epoch,
      peers: peers.map((p) => ({ connection: p.connection, device: p.device, kind: p.kind })),
    });
  }

  #renew(payload: Uint8Array): void {
    checkRenewal(payload, this.#nonce, this.#origin, this.device, this.#desk.parts).then(
      () => {
        if (this.#state !== 'open') return;
        const { leaseS } = this.#desk.parts.limits;
        this.leaseUntilMs = this.#desk.nowMs + leaseS * 1000;
        this.#say(FRAME.renewed, { leaseS });
      },
      (error: unknown) => this.fail(asClawError(error)),
    );
  }

  #undeliverable(frame: Uint8Array): void {
    this.#credit -= MISS_COST;
    const peer = ((frame[3]! << 24) | (frame[4]! << 16) | (frame[5]! << 8) | frame[6]!) >>> 0;
    this.#say(FRAME.error, { code: 'peer_offline', message: 'There is no such connection now.', peer });
  }

  #say(type: FrameType, body: unknown): void {
    const frame = encodeFrame(type, CLASS.control, 0, utf8(JSON.stringify(body)));
    if (this.#state === 'ended') this.#wire.send(frame);
    else this.deliver(frame, CLASS.control, NO_SOURCE);
  }
}

export const tooLarge = (limit: number): ClawError =>
  new ClawError('too_large', `The frame is larger than ${limit} bytes.`, { data: { limit } });
const complaint = (error: ClawError) => ({ code: error.code, message: error.message, ...(error.hint ? { hint: error.hint } : {}) });
