/**
 * A signed-in device at work: one link to the relay, one machine link per daemon of the account, the outbox between them and the tap. Used by
 * the page and by the service worker; touches no DOM. What happens goes to `emit`, whose owner decides what is shown.
 */
import { asClawError, ClawError } from '../shared/errors.ts';
import { RelayLink } from '../shared/link.ts';
import type { LinkState, Peer, SocketLike } from '../shared/link-options.ts';
import type { ArgsOf, CommandName, ProtocolEvent, ResultOf } from '../shared/protocol.ts';
import { GetListReply } from '../shared/relay-api.ts';
import { RelayHttp } from '../shared/relay-http.ts';
import { type DeviceTokenStore, TokenSource } from '../shared/token-source.ts';
import type { OutputChunk } from '../shared/wire.ts';
import { type Membership, openMembership } from './account/membership.ts';
import { MachineLink } from './machine/machine-link.ts';
import type { StoreEvent } from './state.ts';
import { outboxStore, type Stored, vault } from './store/database.ts';
import { Outbox } from './store/outbox.ts';

/** After this silence on return to the page the line is made anew, ms. */
const DOUBT_MS = 3_000;

export interface SessionOptions {
  origin: string;
  emit(event: StoreEvent): void;
  /** Terminal output, and what belongs to its streams. */
  onChunk?(machine: string, chunk: OutputChunk): void;
  onStream?(machine: string, event: Extract<ProtocolEvent, { event: 'gap' | 'stream.end' }>): void;
  onReady?(machine: string): void;
  /** The relay has been reached, or has said that something of the account changed; the newest list has been looked at. */
  onWord?(): void;
  /** A person looks at the page now. */
  watching(): boolean;
  client: string;
}

/** `of`: a token that comes after its device has left is nobody's. */
const tokenStore = (of: string): DeviceTokenStore => ({
  load: async () => (await vault.get('deviceToken')) ?? null,
  save: (token) =>
    vault.set('deviceToken', token, of).catch((cause: unknown) => {
      throw new ClawError('storage_full', 'This device’s storage is full or closed: it cannot stay signed in.', { cause });
    }),
  exclusive: <T>(task: () => Promise<T>): Promise<T> => navigator.locks.request('clawtab-device-token', task) as Promise<T>,
});

export class Session {
  readonly tokens: TokenSource;
  readonly outbox: Outbox;
  readonly #options: SessionOptions;
  readonly #member: Membership;
  readonly #link: RelayLink;
  readonly #machines = new Map<string, MachineLink>();

  private constructor(options: SessionOptions, member: Membership) {
    this.#options = options;
    this.#member = member;
    this.tokens = new TokenSource(new RelayHttp({ origin: options.origin, key: member.identity }), tokenStore(member.id));
    this.#link = new RelayLink({
      tokens: this.tokens,
      device: member.identity,
      openSocket: (url, subprotocol) => new WebSocket(url, subprotocol) as unknown as SocketLike,
      client: options.client,
      onState: (state) => this.#linkChanged(state),
      onPeers: (peers) => this.#peersChanged(peers),
      onData: (peer, cls, payload) => {
        for (const machine of this.#machines.values()) machine.receive(peer, cls, payload);
      },
      onEpoch: () => this.#fetchList(),
    });
    this.outbox = new Outbox({
      store: outboxStore,
      send: (machine, answer) => this.ask(machine, 'questions.answer', answer),
      onChange: (item) => options.emit({ type: 'answer', item }),
      onRemoved: (answerId) => options.emit({ type: 'answer.removed', answerId }),
      onUnkept: () =>
        options.emit({
          type: 'notice',
          level: 'warning',
          text: 'This device’s storage is full: the answer is not kept here.',
          hint: 'It goes out now; if it cannot, it is lost when the page closes.',
        }),
    });
  }

  static async open(options: SessionOptions, from: Stored): Promise<Session> {
    let session: Session | null = null;
    const member = await openMembership(from.identity, from.account, from.list, () => session?.listChanged());
    session = new Session(options, member);
    options.emit({ type: 'signed_in', account: from.account, deviceId: from.identity.id });
    session.listChanged();
    await session.outbox.load();
    return session;
  }

  get member(): Membership {
    return this.#member;
  }

  start(): void {
    this.#link.start();
  }

  stop(): void {
    this.outbox.stop();
    for (const machine of this.#machines.values()) machine.close();
    this.#link.stop();
  }

  /** The page came back, the network changed, somebody pressed "Try now": see who is really there. */
  nudge(): void {
    this.#link.nudge();
    void this.#doubt();
  }

  /** A line that looks alive after a sleep may be long dead: where no machine answers soon, a new one is made rather than waited for. */
  async #doubt(): Promise<void> {
    const { state } = this.#link;
    if (state.state !== 'online') return;
    const answers = await Promise.all([...this.#machines.values()].map((machine) => machine.probe(DOUBT_MS)));
    const unchanged = this.#link.state.state === 'online' && this.#link.state.connection === state.connection;
    if (!unchanged || !answers.includes(false) || answers.includes(true)) return;
    this.#link.stop();
    this.#link.start();
  }

  machine(id: string): MachineLink | undefined {
    return this.#machines.get(id);
  }

  /** Throws the machine's error, `peer_offline`, `request_timeout`. */
  async ask<C extends CommandName>(machine: string, cmd: C, args: ArgsOf<C>, deadlineMs?: number): Promise<ResultOf<C>> {
    const link = this.#machines.get(machine);
    if (!link?.isReady) throw new ClawError('peer_offline', 'That machine is offline.', { hint: 'Nothing was sent.' });
    return link.ask(cmd, args, deadlineMs);
  }

  /** The machines of the list are the machines of the page. */
  listChanged(): void {
    const ids = this.#member.machines().map((d) => d.id);
    for (const [id, machine] of this.#machines) {
      if (ids.includes(id)) continue;
      machine.close();
      this.#machines.delete(id);
    }
    for (const id of ids) if (!this.#machines.has(id)) this.#machines.set(id, this.#machineLink(id));
    this.#options.emit({ type: 'machines', ids });
    this.#peersChanged(this.#link.peers);
  }

  #machineLink(id: string): MachineLink {
    const { emit, onChunk, onStream, onReady, watching } = this.#options;
    return new MachineLink({
      self: this.#member,
      device: id,
      transmit: (connection, cls, payload) => void this.#link.send(connection, cls, payload),
      introduce: () => ({ name: this.#member.account.deviceName, watching: watching() }),
      onStatus: (status) => emit({ type: 'machine.status', machine: id, status }),
      onEvent: (event) => {
        if (event.event === 'verdict') void this.outbox.heard(event.data);
        if (event.event === 'gap' || event.event === 'stream.end') onStream?.(id, event);
        emit({ type: 'machine.event', machine: id, event, atMs: Date.now() });
      },
      onChunk: (chunk) => onChunk?.(id, chunk),
      onReady: () => {
        void this.outbox.flush(id);
        onReady?.(id);
      },
    });
  }

  #linkChanged(state: LinkState): void {
    this.#options.emit({ type: 'link', state });
    if (state.state !== 'online') for (const machine of this.#machines.values()) machine.present(null);
  }

  /** Newest connection of each machine: an older one is a line that has not been noticed to be dead. */
  #peersChanged(peers: ReadonlyMap<number, Peer>): void {
    const { state } = this.#link;
    if (state.state !== 'online') return;
    for (const machine of this.#machines.values()) {
      const theirs = [...peers.values()].filter((p) => p.device === machine.device && p.kind === 'daemon').at(-1);
      machine.present(theirs ? [state.connection, theirs.connection] : null);
    }
  }

  #fetchList(): void {
    this.tokens
      .call({ method: 'GET', path: '/v1/list', reply: GetListReply })
      .then(({ list }) => this.#member.offer(list))
      .catch((thrown: unknown) => {
        const error = asClawError(thrown);
        if (error.code.startsWith('list_'))
          this.#options.emit({
            type: 'notice',
            level: 'error',
            text: error.message,
            hint: 'Nothing was changed on this device. Compare the six words in Settings with `clawtab devices`.',
          });
      })
      .finally(() => this.#options.onWord?.());
  }
}
