/**
 * The client end of the relay socket, for daemon and page: connects, proves the key, keeps the lease, notices a dead line, comes back by
 * itself. It hands DATA frames on unread; what is inside them is the channel's business.
 */
import * as v from 'valibot';
import { Backoff } from './backoff.ts';
import { fromUtf8, toBase64url, utf8 } from './bytes.ts';
import { asClawError, ClawError, EXIT, errorRow } from './errors.ts';
import { CLASS, decodeHeader, encodeFrame, FRAME, FRAME_HEADER_BYTES, type FrameClass, type FrameType } from './frame.ts';
import { sign } from './keys.ts';
import type { LinkOptions, LinkState, Peer, SocketLike } from './link-options.ts';
import { ChallengeBody, DrainBody, ErrorFrameBody, GapBody, PresenceBody, RenewedBody, socketProofText, WelcomeBody } from './relay-api.ts';
import { FRAME_VERSION, SUBPROTOCOL } from './version.ts';

const OPEN = 1;
const PING_MS = 10_000;
const DEADLINE_MS = 15_000;

export class RelayLink {
  readonly #options: LinkOptions;
  readonly #backoff: Backoff;
  #state: LinkState = { state: 'closed' };
  #socket: SocketLike | null = null;
  #challenge: v.InferOutput<typeof ChallengeBody> | null = null;
  #peers = new Map<number, Peer>();
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #heardAtMs = 0;
  #drainMs = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#backoff = options.backoff ?? new Backoff();
  }

  get state(): LinkState {
    return this.#state;
  }
  get peers(): ReadonlyMap<number, Peer> {
    return this.#peers;
  }
  /** Bytes that the socket has not yet handed to the network. */
  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  start(): void {
    if (this.#state.state === 'closed') this.#connect();
  }

  /** Something changed for the better (network, foreground, sign-in): try now, and test a line that looks alive. */
  nudge(): void {
    if (this.#state.state === 'online') this.#ping();
    else if (this.#state.state !== 'connecting' && this.#state.state !== 'closed') this.#connect();
  }

  stop(): void {
    this.#drop(1000, 'bye');
    this.#set({ state: 'closed' });
  }

  /** False where the link is down: the frame is not kept. */
  send(peer: number, cls: FrameClass, payload: Uint8Array): boolean {
    return this.#transmit(FRAME.data, cls, peer, payload);
  }

  #transmit(type: FrameType, cls: FrameClass, peer: number, payload: Uint8Array): boolean {
    if (!this.#socket || this.#socket.readyState !== OPEN) return false;
    this.#socket.send(encodeFrame(type, cls, peer, payload));
    return true;
  }

  #set(state: LinkState): void {
    this.#state = state;
    this.#options.onState(state);
  }

  #after(ms: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, ms);
    this.#timers.add(timer);
  }

  /** Ends this attempt: its timers, its socket, its peers. Events of the old socket are no longer heard. */
  #drop(code = 1000, reason = ''): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const socket = this.#socket;
    this.#socket = null;
    this.#challenge = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      // A socket closed while it connects still reports an error, to nobody.
      socket.onerror = () => undefined;
      socket.close(code, reason);
    }
    if (this.#peers.size > 0) {
      this.#peers = new Map();
      this.#options.onPeers(this.#peers);
    }
  }

  #connect(): void {
    this.#drop();
    this.#set({ state: 'connecting' });
    // Proven before the socket opens: a device that is signed out makes no connection at all.
    const tokens = this.#options.tokens;
    tokens.session().then(
      () => this.#state.state === 'connecting' && !this.#socket && this.#open(),
      (error: unknown) => this.#state.state === 'connecting' && !this.#socket && this.#lost(asClawError(error)),
    );
  }

  #open(): void {
    const url = `${this.#options.tokens.http.origin.replace(/^http/, 'ws')}/v1/ws`;
    let socket: SocketLike;
    try {
      socket = this.#options.openSocket(url, SUBPROTOCOL);
    } catch (cause) {
      this.#lost(new ClawError('relay_unreachable', 'The relay cannot be reached.', { cause }));
      return;
    }
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onerror = () => undefined; // always followed by close, which tells more
    socket.onclose = (event) => this.#closed(event.code, event.reason);
    this.#after(this.#options.deadlineMs ?? DEADLINE_MS, () =>
      this.#lost(new ClawError('relay_unreachable', 'The relay does not finish the greeting.')),
    );
  }

  #receive(data: unknown): void {
    this.#heardAtMs = Date.now();
    try {
      if (!(data instanceof ArrayBuffer)) throw new ClawError('bad_frame', 'The relay sent text.');
      const frame = new Uint8Array(data);
      const header = decodeHeader(frame);
      const payload = frame.subarray(FRAME_HEADER_BYTES);
      if (header.type === FRAME.data) this.#options.onData(header.peer, header.class, payload);
      else this.#control(header.type, header.peer, payload);
    } catch (error) {
      this.#lost(asClawError(error));
    }
  }

  #control(type: FrameType, peer: number, payload: Uint8Array): void {
    switch (type) {
      case FRAME.challenge:
        return this.#greet(read(ChallengeBody, payload));
      case FRAME.welcome:
        return this.#welcome(read(WelcomeBody, payload));
      case FRAME.renewed:
        return this.#lease(read(RenewedBody, payload).leaseS);
      case FRAME.presence:
        return this.#presence(read(PresenceBody, payload));
      case FRAME.gap:
        return this.#options.onGap?.(peer, read(GapBody, payload));
      case FRAME.drain:
        this.#drainMs = read(DrainBody, payload).afterMs;
        return;
      case FRAME.error:
        return this.#complaint(read(ErrorFrameBody, payload));
      default:
        return; // pong, or a type of a later minor version: heard, nothing to do
    }
  }

  #greet(challenge: v.InferOutput<typeof ChallengeBody>): void {
    if (!challenge.versions.includes(FRAME_VERSION))
      throw new ClawError(
        'upgrade_required',
        `The relay speaks frame versions ${challenge.versions.join(', ')}; this client speaks ${FRAME_VERSION}.`,
      );
    this.#challenge = challenge;
    const socket = this.#socket;
    this.#proof(challenge).then(
      (proof) => {
        if (this.#socket !== socket) return;
        const hello = {
          ...proof,
          kid: this.#options.device.id,
          version: FRAME_VERSION,
          ...(this.#options.client ? { client: this.#options.client } : {}),
        };
        this.#transmit(FRAME.hello, CLASS.control, 0, utf8(JSON.stringify(hello)));
      },
      (error: unknown) => this.#socket === socket && this.#lost(asClawError(error)),
    );
  }

  async #proof(challenge: v.InferOutput<typeof ChallengeBody>): Promise<{ relayToken: string; sig: string }> {
    const relayToken = await this.#options.tokens.relayToken();
    const text = socketProofText({
      nonce: challenge.nonce,
      relayToken,
      origin: this.#options.tokens.http.origin,
      node: challenge.node,
      version: FRAME_VERSION,
    });
    return { relayToken, sig: toBase64url(await sign(this.#options.device.privateKey, 'ct-ws', utf8(text))) };
  }

  #welcome(welcome: v.InferOutput<typeof WelcomeBody>): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#backoff.reset();
    this.#peers = new Map(welcome.peers.map((p) => [p.connection, p]));
    this.#set({ state: 'online', connection: welcome.connection });
    this.#options.onPeers(this.#peers);
    this.#options.onEpoch?.(welcome.epoch);
    this.#lease(welcome.leaseS);
    this.#watch();
  }

  /** Renewed in band at four fifths of its time, so that a slow answer still comes in time. */
  #lease(leaseS: number): void {
    this.#after(leaseS * 800, () => {
      const challenge = this.#challenge;
      const socket = this.#socket;
      if (!challenge) return;
      this.#proof(challenge).then(
        (proof) => this.#socket === socket && this.#transmit(FRAME.renew, CLASS.control, 0, utf8(JSON.stringify(proof))),
        // The socket lives on until the lease ends; until then it is tried again.
        () => this.#socket === socket && this.#lease(Math.max(1, leaseS / 10)),
      );
    });
  }

  #watch(): void {
    this.#after(this.#options.pingMs ?? PING_MS, () => {
      this.#ping();
      this.#watch();
    });
  }

  /** A line that stays silent past the deadline is dead, whatever the socket says. */
  #ping(): void {
    const socket = this.#socket;
    const askedAtMs = Date.now();
    this.#transmit(FRAME.ping, CLASS.control, 0, new Uint8Array());
    this.#after(this.#options.deadlineMs ?? DEADLINE_MS, () => {
      if (this.#socket === socket && this.#heardAtMs < askedAtMs)
        this.#lost(new ClawError('relay_unreachable', 'The connection to the relay went silent.'));
    });
  }

  #presence(change: v.InferOutput<typeof PresenceBody>): void {
    if (change.join) this.#peers.set(change.join.connection, change.join);
    if (change.leave !== undefined) this.#peers.delete(change.leave);
    if (change.join || change.leave !== undefined) this.#options.onPeers(this.#peers);
    if (change.epoch !== undefined) this.#options.onEpoch?.(change.epoch);
  }

  #complaint(body: v.InferOutput<typeof ErrorFrameBody>): void {
    const error = ClawError.from({ code: body.code, message: body.message, ...(body.hint ? { hint: body.hint } : {}) });
    if (body.peer !== undefined) this.#options.onUndeliverable?.(body.peer, error);
    else if (errorRow(body.code).exit === EXIT.auth) this.#options.tokens.forget();
  }

  #closed(code: number, reason: string): void {
    const why = reason || `closed with code ${code}`;
    if (code === 4401 || code === 4403) this.#options.tokens.forget();
    if (code === 4409) return this.#stopWith('replaced', new ClawError('replaced', 'This device is connected elsewhere.'));
    if (code === 4426) return this.#stopWith('outdated', new ClawError('upgrade_required', 'The relay speaks another version.'));
    this.#lost(new ClawError('relay_unreachable', `The connection to the relay ended: ${why}.`));
  }

  #stopWith(state: 'signed_out' | 'replaced' | 'outdated', error: ClawError): void {
    this.#drop();
    this.#set({ state, error });
  }

  #lost(error: ClawError): void {
    if (this.#state.state === 'closed') return;
    if (error.code === 'upgrade_required') return this.#stopWith('outdated', error);
    // The relay’s word that this device must sign in is final; everything else is tried again.
    if (errorRow(error.code).exit === EXIT.auth && !error.code.startsWith('proof_') && error.code !== 'use_dpop_nonce')
      return this.#stopWith('signed_out', error);
    this.#drop();
    const retryAfterS = typeof error.data?.['retryAfterS'] === 'number' ? error.data['retryAfterS'] : 0;
    const waitMs = Math.max(this.#backoff.nextMs(), retryAfterS * 1000, this.#drainMs);
    this.#drainMs = 0;
    this.#set({ state: 'offline', error, retryAtMs: Date.now() + waitMs });
    this.#after(waitMs, () => this.#connect());
  }
}

function read<S extends v.GenericSchema>(schema: S, payload: Uint8Array): v.InferOutput<S> {
  try {
    return v.parse(schema, JSON.parse(fromUtf8(payload)));
  } catch (cause) {
    throw new ClawError('bad_frame', 'The relay sent a frame that is not understood.', { cause });
  }
}
