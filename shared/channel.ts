/**
 * The sealed channel between a phone and a daemon, over whatever carries frames. Owns the handshake's state and the order of frames; knows no
 * relay and no product message. The phone always initiates. A channel ends at the first frame that does not fit; its owner makes a new one.
 */
import { type Aead, webcryptoAead } from './aead.ts';
import { type Bytes, concat, fromUtf8, utf8 } from './bytes.ts';
import type { DeviceKind, ListedDevice, SignedList, TrustedList } from './device-list.ts';
import { asClawError, ClawError } from './errors.ts';
import { CLASS, type FrameClass } from './frame.ts';
import {
  type ChannelSecrets,
  checkProof,
  createEphemeral,
  deriveSecrets,
  type Ephemeral,
  HANDSHAKE,
  type Hello,
  helloBytes,
  prove,
  type Role,
  readHello,
  refused,
} from './handshake.ts';
import { Ordered } from './ordered.ts';
import { OpeningLane, SEALED, SealingLane } from './sealed-lane.ts';
import { CHANNEL_VERSION } from './version.ts';

/** What a channel needs of the device it runs on. */
export interface ChannelSelf {
  id: string;
  kind: DeviceKind;
  privateKey: CryptoKey;
  /** The list as this device trusts it now. */
  trusted(): TrustedList;
  /**
   * Offered the peer's list: adopts it if it is newer, keeps its own if it is older, throws `list_fork` and the like if it cannot be.
   * This is how two honest devices see through a relay that hides an addition or a removal.
   */
  offer(list: SignedList): Promise<TrustedList>;
}

export interface ChannelOptions {
  self: ChannelSelf;
  /** Device id expected at the other end, as the relay announced it; proven by the handshake. */
  peer: string;
  /** Relay connection ids: own, peer's. */
  connections: [number, number];
  transmit(cls: FrameClass, payload: Bytes): void;
  onOpen(peer: ListedDevice): void;
  onMessage(plain: Uint8Array, cls: FrameClass): void;
  /** Once, for any reason; nothing is delivered afterwards. */
  onClose(error: ClawError): void;
  aead?: Aead;
  nowMs?: () => number;
}

const EXPECTED_PEER: Record<DeviceKind, DeviceKind> = { phone: 'daemon', daemon: 'phone' };

interface OpenLanes {
  out: Record<FrameClass, SealingLane>;
  in: Record<FrameClass, OpeningLane>;
}

export class Channel {
  readonly #options: ChannelOptions;
  readonly #role: Role;
  readonly #aead: Aead;
  readonly #fail = (error: unknown): void => this.close(asClawError(error));
  readonly #handshakes = new Ordered(this.#fail);
  readonly #inbox = { [CLASS.control]: new Ordered(this.#fail), [CLASS.bulk]: new Ordered(this.#fail) };
  readonly #outbox = { [CLASS.control]: new Ordered(this.#fail), [CLASS.bulk]: new Ordered(this.#fail) };
  #closed = false;
  #ephemeral: Ephemeral | null = null;
  #initBytes: Bytes | null = null;
  #pending: { secrets: ChannelSecrets; peer: ListedDevice } | null = null;
  #lanes: OpenLanes | null = null;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#role = options.self.kind === 'phone' ? 'i' : 'r';
    this.#aead = options.aead ?? webcryptoAead;
    if (this.#role === 'i') this.#handshakes.run(() => this.#start());
  }

  get isOpen(): boolean {
    return this.#lanes !== null && !this.#closed;
  }

  /** Seals and transmits in order of calls. Throws `e2e_not_open` before the handshake is done or after the end. */
  send(plain: Uint8Array, cls: FrameClass = CLASS.control): void {
    const lane = this.#lanes?.out[cls];
    if (!lane || this.#closed) throw new ClawError('e2e_not_open', 'The sealed channel is not open.');
    this.#outbox[cls].run(() => {
      const sealed = lane.seal(plain);
      if (sealed instanceof Promise) return sealed.then((s) => this.#transmit(cls, s));
      this.#transmit(cls, sealed);
    });
  }

  /** A DATA payload from the peer's connection. Never throws: a bad one closes the channel. */
  receive(payload: Uint8Array, cls: FrameClass): void {
    if (this.#closed) return;
    const kind = payload[1];
    if (kind === SEALED && this.#lanes) this.#receiveSealed(payload, cls, this.#lanes.in[cls]);
    else this.#handshakes.run(() => (kind === SEALED ? this.#earlySealed(payload, cls) : this.#handshake(payload)));
  }

  close(error: ClawError): void {
    if (this.#closed) return;
    this.#closed = true;
    if (error.code !== 'e2e_closed' && error.code !== 'e2e_peer_refused')
      this.#options.transmit(
        CLASS.control,
        this.#message(HANDSHAKE.refuse, utf8(JSON.stringify({ code: error.code, message: error.message }))),
      );
    this.#options.onClose(error);
  }

  #transmit(cls: FrameClass, payload: Bytes): void {
    if (!this.#closed) this.#options.transmit(cls, payload);
  }

  #message(kind: number, body: Uint8Array): Bytes {
    return concat(Uint8Array.of(CHANNEL_VERSION, kind), body);
  }

  #receiveSealed(payload: Uint8Array, cls: FrameClass, lane: OpeningLane): void {
    this.#inbox[cls].run(() => {
      if (this.#closed) return;
      const plain = lane.open(payload);
      if (plain instanceof Promise) return plain.then((p) => this.#deliver(p, cls));
      this.#deliver(plain, cls);
    });
  }

  #deliver(plain: Uint8Array, cls: FrameClass): void {
    if (!this.#closed) this.#options.onMessage(plain, cls);
  }

  /** A sealed frame behind a handshake message that is still being checked. */
  #earlySealed(payload: Uint8Array, cls: FrameClass): void {
    if (!this.#lanes) throw new ClawError('e2e_no_session', 'A sealed frame came before the handshake was done.');
    this.#receiveSealed(payload, cls, this.#lanes.in[cls]);
  }

  #handshake(payload: Uint8Array): Promise<void> {
    if (payload.length < 2) throw new ClawError('e2e_bad_frame', 'A frame of the channel is cut off.');
    if (payload[0] !== CHANNEL_VERSION)
      throw new ClawError(
        'upgrade_required',
        `Channel version ${payload[0] ?? 'none'} is not spoken here; this end speaks ${CHANNEL_VERSION}.`,
      );
    const body = payload.slice(2) as Bytes;
    const kind = payload[1];
    if (kind === HANDSHAKE.refuse) throw this.#refusal(body);
    if (this.#lanes) throw refused('a handshake message on an open channel');
    if (kind === HANDSHAKE.init && this.#role === 'r' && !this.#pending) return this.#respond(body);
    if (kind === HANDSHAKE.response && this.#role === 'i' && this.#initBytes) return this.#finish(body, this.#initBytes);
    if (kind === HANDSHAKE.finish && this.#role === 'r' && this.#pending) return this.#accept(body, this.#pending);
    throw refused('a handshake message out of turn');
  }

  #refusal(body: Uint8Array): ClawError {
    let why = 'no reason given';
    try {
      const parsed: unknown = JSON.parse(fromUtf8(body.subarray(0, 2048)));
      if (parsed && typeof parsed === 'object' && 'message' in parsed && typeof parsed.message === 'string')
        why = parsed.message.slice(0, 300);
    } catch {
      why = 'an unreadable reason';
    }
    return new ClawError('e2e_peer_refused', `The other device refused the channel: ${why}`);
  }

  async #start(): Promise<void> {
    this.#ephemeral = await createEphemeral();
    this.#initBytes = helloBytes(this.#facts(), this.#ephemeral);
    this.#transmit(CLASS.control, this.#message(HANDSHAKE.init, this.#initBytes));
  }

  #facts() {
    const { self, peer, connections } = this.#options;
    return { role: this.#role, id: self.id, peer, connections, list: self.trusted().signed };
  }

  async #readHello(bytes: Uint8Array): Promise<{ hello: Hello; peer: ListedDevice }> {
    const { self, peer, connections } = this.#options;
    const hello = readHello(bytes, { role: this.#role === 'i' ? 'r' : 'i', self: self.id, peer, connections });
    const trusted = await self.offer(hello.list);
    const device = trusted.devices.get(hello.id);
    if (!device) throw refused('the device is not in the account’s signed list', 'Sign in on that device again.');
    if (device.kind !== EXPECTED_PEER[self.kind]) throw refused(`a ${device.kind} cannot speak to a ${self.kind}`);
    return { hello, peer: device };
  }

  async #respond(initBytes: Bytes): Promise<void> {
    const { hello, peer } = await this.#readHello(initBytes);
    const ephemeral = await createEphemeral();
    const own = helloBytes(this.#facts(), ephemeral);
    const secrets = await deriveSecrets(ephemeral, hello.ephemeral, initBytes, own);
    this.#pending = { secrets, peer };
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, own.length);
    const proof = await prove('r', secrets, this.#options.self.id, this.#options.self.privateKey);
    this.#transmit(CLASS.control, this.#message(HANDSHAKE.response, concat(length, own, proof)));
  }

  async #finish(body: Bytes, initBytes: Bytes): Promise<void> {
    const length = body.length >= 4 ? new DataView(body.buffer, body.byteOffset).getUint32(0) : 0;
    if (length > body.length - 4) throw refused('the handshake message is cut short');
    const theirs = body.subarray(4, 4 + length);
    const { hello, peer } = await this.#readHello(theirs);
    const secrets = await deriveSecrets(this.#ephemeral!, hello.ephemeral, initBytes, theirs);
    await checkProof(body.subarray(4 + length), 'r', secrets, peer);
    const proof = await prove('i', secrets, this.#options.self.id, this.#options.self.privateKey);
    this.#transmit(CLASS.control, this.#message(HANDSHAKE.finish, proof));
    await this.#open(secrets, peer);
  }

  async #accept(proof: Bytes, pending: { secrets: ChannelSecrets; peer: ListedDevice }): Promise<void> {
    await checkProof(proof, 'i', pending.secrets, pending.peer);
    await this.#open(pending.secrets, pending.peer);
  }

  async #open(secrets: ChannelSecrets, peer: ListedDevice): Promise<void> {
    const nowMs = this.#options.nowMs ?? Date.now;
    const [out, into] = this.#role === 'i' ? (['i2r', 'r2i'] as const) : (['r2i', 'i2r'] as const);
    const seal = (cls: 'control' | 'bulk') => SealingLane.create(this.#aead, secrets.lanes[`${out}/${cls}`], secrets.binding, nowMs);
    const open = (cls: 'control' | 'bulk') =>
      OpeningLane.create(this.#aead, secrets.lanes[`${into}/${cls}`], secrets.binding, cls === 'bulk');
    const lanes: OpenLanes = {
      out: { [CLASS.control]: await seal('control'), [CLASS.bulk]: await seal('bulk') },
      in: { [CLASS.control]: await open('control'), [CLASS.bulk]: await open('bulk') },
    };
    if (this.#closed) return;
    this.#lanes = lanes;
    this.#options.onOpen(peer);
  }
}
