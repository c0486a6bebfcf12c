/**
 * The daemon's line to the relay: one link, one sealed channel per phone connection, the same API as the CLI behind each. Owns channels, what
 * becomes of bad ones, and keeping the device list fresh. Trust is account.ts's, the socket's life link.ts's.
 */
import WebSocket from 'ws';
import { Channel } from '../shared/channel.ts';
import type { ListedDevice, TrustedList } from '../shared/device-list.ts';
import { asClawError, ClawError } from '../shared/errors.ts';
import { type FrameClass, MAX_FRAME_BYTES } from '../shared/frame.ts';
import { RelayLink } from '../shared/link.ts';
import type { LinkState, Peer, SocketLike } from '../shared/link-options.ts';
import { GetListReply } from '../shared/relay-api.ts';
import { RelayHttp } from '../shared/relay-http.ts';
import { TokenSource } from '../shared/token-source.ts';
import type { Account } from './account/account.ts';
import { fileTokenStore } from './account/account-files.ts';
import { nodeAead } from './aead.ts';
import type { Api } from './api.ts';
import type { ApiConnection, Caller } from './api-connection.ts';
import type { Log } from './log.ts';
import type { Pairing } from './pairing.ts';
import type { State } from './state.ts';
import { VERSION } from './version.ts';

/** What fits one frame after frame header, seal, length and padding to 1 KiB. */
const MAX_MESSAGE_BYTES = MAX_FRAME_BYTES.daemon - 2048;
/** Channels of one device that may fail in a minute before it is not listened to for the rest of it. */
const MAX_FAILED_PER_MINUTE = 3;
const MINUTE_MS = 60_000;
/** Ends of a channel that are nobody's attack. */
const ORDINARY_ENDS: ReadonlySet<string> = new Set(['e2e_closed', 'e2e_peer_refused', 'revoked', 'not_granted']);

export interface UplinkOptions {
  state: State;
  account: Account;
  api: Api;
  pairing: Pairing;
  log: Log;
  nameOf(device: string): string | undefined;
  /** The relay has been reached, or says that something of the account has changed. */
  onWord(): void;
  onWarning(text: string): void;
  openSocket?: (url: string, subprotocol: string) => SocketLike;
}

interface Line {
  channel: Channel;
  device: string;
  connection: ApiConnection | null;
}

const openWebSocket = (url: string, subprotocol: string): SocketLike =>
  new WebSocket(url, subprotocol, { perMessageDeflate: false, followRedirects: false, maxPayload: MAX_FRAME_BYTES.daemon }) as SocketLike;

export class Uplink {
  readonly #options: UplinkOptions;
  readonly #lines = new Map<number, Line>();
  readonly #failures = new Map<string, number[]>();
  #link: RelayLink | null = null;
  #tokens: TokenSource | null = null;
  #rejected = 0;

  constructor(options: UplinkOptions) {
    this.#options = options;
  }

  get state(): LinkState {
    return this.#link?.state ?? { state: 'closed' };
  }
  /** Phones with an open channel. */
  get phones(): number {
    return [...this.#lines.values()].filter((line) => line.connection !== null).length;
  }
  /** Sealed frames and handshakes that were refused since the start. */
  get rejected(): number {
    return this.#rejected;
  }
  get tokens(): TokenSource | null {
    return this.#tokens;
  }

  /** Connects with the account as it is now; without one it stays quiet. */
  start(): void {
    this.stop();
    const { account, state } = this.#options;
    if (!account.membership) return;
    this.#options.pairing.seen(account.membership.trusted);
    const http = new RelayHttp({ origin: account.membership.origin, key: account.device });
    const tokens = new TokenSource(http, fileTokenStore(state));
    this.#tokens = tokens;
    this.#link = new RelayLink({
      tokens,
      device: account.device,
      openSocket: this.#options.openSocket ?? openWebSocket,
      client: `daemon/${VERSION}`,
      onState: (next) => this.#moved(next),
      onPeers: (peers) => this.#peersChanged(peers),
      onData: (peer, cls, payload) => this.#received(peer, cls, payload),
      onEpoch: (epoch) => this.#epoch(epoch, tokens),
    });
    this.#link.start();
  }

  stop(): void {
    this.#link?.stop();
    this.#link = null;
    this.#tokens = null;
    for (const line of [...this.#lines.values()]) line.channel.close(new ClawError('e2e_closed', 'The daemon stops.'));
    this.#lines.clear();
  }

  /** The machine woke up, the network changed: do not wait for the backoff. */
  nudge(): void {
    this.#link?.nudge();
  }

  /** The list changed, or who is approved: who no longer stands on it is cut off at once, grants apply from now. */
  listChanged(trusted: TrustedList): void {
    this.#options.pairing.seen(trusted);
    for (const line of [...this.#lines.values()]) {
      const device = trusted.devices.get(line.device);
      if (!device) line.channel.close(new ClawError('revoked', 'This device was removed from the account.'));
      else if (line.connection) line.connection.caller.grants = this.#options.pairing.grants(device);
    }
  }

  #moved(state: LinkState): void {
    const fields = 'error' in state ? { state: state.state, code: state.error.code } : { state: state.state };
    this.#options.log('relay', fields);
  }

  #peersChanged(peers: ReadonlyMap<number, Peer>): void {
    for (const [peer, line] of [...this.#lines])
      if (!peers.has(peer)) line.channel.close(new ClawError('e2e_closed', 'The phone went away.'));
  }

  #received(peer: number, cls: FrameClass, payload: Uint8Array): void {
    const line = this.#lines.get(peer) ?? this.#open(peer);
    line?.channel.receive(payload, cls);
  }

  /** A channel for a connection that has none; the phone speaks first. */
  #open(peer: number): Line | null {
    const link = this.#link;
    const who = link?.peers.get(peer);
    if (link?.state.state !== 'online' || who?.kind !== 'phone') return null;
    if (this.#failed(who.device).length >= MAX_FAILED_PER_MINUTE) return null;
    const channel = new Channel({
      self: this.#options.account,
      peer: who.device,
      connections: [link.state.connection, peer],
      aead: nodeAead,
      transmit: (cls, payload) => link.send(peer, cls, payload),
      onOpen: (device) => this.#opened(line, device),
      onMessage: (plain) => {
        if (line.connection?.receive(plain) === false) channel.close(new ClawError('bad_frame', 'A sealed message is not understood.'));
      },
      onClose: (error) => this.#closed(peer, line, error),
    });
    const line: Line = { channel, device: who.device, connection: null };
    this.#lines.set(peer, line);
    return line;
  }

  #opened(line: Line, device: ListedDevice): void {
    const grants = this.#options.pairing.grants(device);
    if (grants.size === 0) {
      const hint = `At the machine: clawtab devices approve ${device.id.slice(0, 6)}`;
      line.channel.close(new ClawError('not_granted', 'This machine waits for somebody there to approve this phone.', { hint }));
      return;
    }
    const caller: Caller = {
      kind: 'phone',
      id: device.id,
      name: this.#options.nameOf(device.id) ?? `phone ${device.id.slice(0, 6)}`,
      grants,
      insideRun: null,
      watching: false,
    };
    line.connection = this.#options.api.connect(caller, {
      maxBytes: MAX_MESSAGE_BYTES,
      send: (message, cls) => {
        if (line.channel.isOpen) line.channel.send(message, cls);
      },
    });
    this.#options.log('phone.joined', { device: device.id });
  }

  #closed(peer: number, line: Line, error: ClawError): void {
    if (this.#lines.get(peer) === line) this.#lines.delete(peer);
    line.connection?.close();
    this.#options.log('phone.left', { device: line.device, code: error.code });
    if (ORDINARY_ENDS.has(error.code)) return;
    this.#rejected++;
    this.#options.log('e2e_reject', { device: line.device, code: error.code, total: this.#rejected });
    const failures = [...this.#failed(line.device), Date.now()];
    this.#failures.set(line.device, failures);
    if (failures.length === MAX_FAILED_PER_MINUTE)
      this.#options.onWarning(
        `Sealed messages of device ${line.device.slice(0, 6)} do not open (${error.code}): somebody between may be changing them.`,
      );
  }

  #failed(device: string): number[] {
    return (this.#failures.get(device) ?? []).filter((atMs) => Date.now() - atMs < MINUTE_MS);
  }

  /** A removal does not raise the epoch, so the list is fetched at each word from the relay. */
  #epoch(epoch: number, tokens: TokenSource): void {
    this.#options.onWord();
    const known = this.#options.account.membership?.trusted.list.epoch;
    if (known !== undefined && epoch < known)
      this.#options.onWarning(`The relay shows device list ${epoch}, older than ${known} seen before; it is not taken.`);
    tokens.call({ method: 'GET', path: '/v1/list', reply: GetListReply }).then(
      ({ list }) => this.#options.account.offerFromRelay(list),
      (error: unknown) => this.#options.log('list.fetch', { code: asClawError(error).code }),
    );
  }
}
