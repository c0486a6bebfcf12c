/** A phone made of shared code alone: an account, its link, one sealed channel to a daemon, requests and events. For tests; not part of the product. */

import * as v from 'valibot';
import WebSocket from 'ws';
import { randomBytes, toBase64url } from '../shared/bytes.ts';
import { Channel } from '../shared/channel.ts';
import { advanceList, createList, extendList, type SignedList, type TrustedList, verifyList } from '../shared/device-list.ts';
import { type EnrolmentOffer, sealEnrolment } from '../shared/enrolment.ts';
import { ClawError } from '../shared/errors.ts';
import { createSigningKey, KDF_DEFAULT, type SigningKey, thumbprint } from '../shared/keys.ts';
import { RelayLink } from '../shared/link.ts';
import type { SocketLike } from '../shared/link-options.ts';
import type { ArgsOf, CommandName, ProtocolEvent, ResultOf, Snapshot } from '../shared/protocol.ts';
import { ClaimReply, GetListReply, PutListReply, SignedInReply } from '../shared/relay-api.ts';
import { RelayHttp } from '../shared/relay-http.ts';
import { TokenSource } from '../shared/token-source.ts';
import { decodeWire, encodeMessage, type OutputChunk } from '../shared/wire.ts';

export class TestPhone {
  readonly events: ProtocolEvent[] = [];
  readonly output: { stream: number; offset: number; bytes: Buffer }[] = [];
  readonly closes: ClawError[] = [];
  /** Hears each event as it comes, beside the list above; a long test may empty the list. */
  onEvent: ((event: ProtocolEvent) => void) | null = null;
  /** Takes the output as it comes, instead of the list above. */
  onOutput: ((chunk: OutputChunk) => void) | null = null;
  readonly key: SigningKey & { id: string };
  readonly ask: SigningKey;
  readonly tokens: TokenSource;
  trusted: TrustedList;
  link: RelayLink | null = null;
  channel: Channel | null = null;
  #daemonPeer: number | null = null;
  #count = 0;
  #waiting = new Map<number, { resolve(result: never): void; reject(error: unknown): void }>();
  #wake: (() => void)[] = [];

  private constructor(key: SigningKey & { id: string }, ask: SigningKey, tokens: TokenSource, trusted: TrustedList) {
    this.key = key;
    this.ask = ask;
    this.tokens = tokens;
    this.trusted = trusted;
  }

  /** Registers a new account whose first device is this phone. The password's part is random bytes: nothing here signs in again. */
  static async register(origin: string): Promise<TestPhone> {
    const made = await createSigningKey();
    const key = { ...made, id: await thumbprint(made.publicRaw) };
    const ask = await createSigningKey(true);
    const account = toBase64url(randomBytes(16));
    const list = await createList(account, ask, [{ kind: 'phone', pub: key.publicRaw }]);
    // As a browser does: every request names the page's origin.
    const http = new RelayHttp({
      origin,
      key,
      fetch: (url, init) => fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), Origin: origin } }),
    });
    const body = {
      email: `${account.toLowerCase().replace(/[^a-z0-9]/g, '')}@example.com`,
      account,
      salt: toBase64url(randomBytes(16)),
      kdf: KDF_DEFAULT,
      authKey: toBase64url(randomBytes(32)),
      askPub: toBase64url(ask.publicRaw),
      wrappedKey: toBase64url(randomBytes(96)),
      list,
      device: { kind: 'phone', pub: toBase64url(key.publicRaw) },
    };
    const reply = await http.call({ method: 'POST', path: '/v1/register', reply: SignedInReply, body });
    let deviceToken: string | null = reply.deviceToken;
    const tokens = new TokenSource(http, {
      load: async () => deviceToken,
      save: async (token) => {
        deviceToken = token;
      },
      exclusive: (task) => task(),
    });
    tokens.adopt(reply.sessionToken, reply.sessionExpiresInS);
    return new TestPhone(key, ask, tokens, await verifyList(list, { account, ask: toBase64url(ask.publicRaw) }));
  }

  get pin() {
    return { account: this.trusted.list.account, ask: this.trusted.list.ask };
  }

  /** What the page does with an enrolment link. */
  async enrol(offer: EnrolmentOffer): Promise<void> {
    const { fromBase64url } = await import('../shared/bytes.ts');
    await this.putList(await extendList(this.trusted, this.ask, [{ kind: 'daemon', pub: fromBase64url(offer.pub)! }]));
    const sealed = await sealEnrolment(offer, this.trusted);
    await this.tokens.call({ method: 'POST', path: '/v1/enrolments', reply: v.unknown(), body: { device: offer.id, sealed } });
  }

  async putList(list: SignedList): Promise<void> {
    await this.tokens.call({ method: 'POST', path: '/v1/list', reply: PutListReply, body: { list } });
    this.trusted = await advanceList(this.trusted, list, this.pin);
  }

  /** Another phone of the same account, as a sign-in with the password makes it. */
  async another(): Promise<TestPhone> {
    const made = await createSigningKey();
    const key = { ...made, id: await thumbprint(made.publicRaw) };
    await this.fetchList();
    await this.putList(await extendList(this.trusted, this.ask, [{ kind: 'phone', pub: key.publicRaw }]));
    await this.tokens.call({ method: 'POST', path: '/v1/enrolments', reply: v.unknown(), body: { device: key.id, sealed: 'c2VhbGVk' } });
    const { origin } = this.tokens.http;
    const http = new RelayHttp({
      origin,
      key,
      fetch: (url, init) => fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), Origin: origin } }),
    });
    const device = { kind: 'phone', pub: toBase64url(key.publicRaw) };
    const claimed = await http.call({ method: 'POST', path: '/v1/enrolments/claim', reply: ClaimReply, body: { device } });
    if (claimed.state !== 'enrolled') throw new Error('the enrolment was left and not found');
    let held: string | null = claimed.deviceToken;
    const tokens = new TokenSource(http, {
      load: async () => held,
      save: async (token) => {
        held = token;
      },
      exclusive: (task) => task(),
    });
    return new TestPhone(key, this.ask, tokens, this.trusted);
  }

  async fetchList(): Promise<void> {
    const { list } = await this.tokens.call({ method: 'GET', path: '/v1/list', reply: GetListReply });
    this.trusted = await advanceList(this.trusted, list, this.pin);
  }

  /** Connects, and opens a channel to the first daemon that is there. */
  connect(): void {
    this.link = new RelayLink({
      tokens: this.tokens,
      device: this.key,
      openSocket: (url, subprotocol) =>
        new WebSocket(url, subprotocol, { origin: new URL(url).origin.replace(/^ws/, 'http') }) as SocketLike,
      onState: () => this.#heard(),
      onPeers: (peers) => {
        const daemon = [...peers.values()].find((peer) => peer.kind === 'daemon');
        if (daemon && daemon.connection !== this.#daemonPeer) this.#open(daemon.connection, daemon.device);
        if (!daemon) this.#daemonPeer = null;
      },
      onData: (peer, cls, payload) => {
        if (peer === this.#daemonPeer) this.channel?.receive(payload, cls);
      },
    });
    this.link.start();
  }

  #open(peer: number, device: string): void {
    const link = this.link!;
    if (link.state.state !== 'online') return;
    this.#daemonPeer = peer;
    this.channel = new Channel({
      self: {
        id: this.key.id,
        kind: 'phone',
        privateKey: this.key.privateKey,
        trusted: () => this.trusted,
        offer: async (list) => {
          const candidate = await verifyList(list, this.pin);
          if (candidate.list.epoch >= this.trusted.list.epoch) this.trusted = await advanceList(this.trusted, list, this.pin);
          return this.trusted;
        },
      },
      peer: device,
      connections: [link.state.connection, peer],
      transmit: (cls, payload) => link.send(peer, cls, payload),
      onOpen: () => this.#heard(),
      onMessage: (plain) => this.#message(plain),
      onClose: (error) => {
        this.closes.push(error);
        this.#heard();
      },
    });
  }

  #message(plain: Uint8Array): void {
    const wire = decodeWire(plain);
    if (wire.kind === 'output') {
      if (this.onOutput) this.onOutput(wire.chunk);
      else this.output.push({ ...wire.chunk, bytes: Buffer.from(wire.chunk.bytes) });
    } else if (wire.message.t === 'ev') {
      this.events.push(wire.message.ev as ProtocolEvent);
      this.onEvent?.(wire.message.ev as ProtocolEvent);
    } else if (wire.message.t === 'res') this.#waiting.get(wire.message.id)?.resolve(wire.message.result as never);
    else if (wire.message.t === 'err')
      this.#waiting.get(wire.message.id)?.reject(new ClawError(wire.message.error.code, wire.message.error.message));
    this.#heard();
  }

  call<C extends CommandName>(command: C, args: ArgsOf<C>): Promise<ResultOf<C>> {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.channel!.send(encodeMessage({ t: 'req', id, cmd: command, args }));
    });
  }

  snapshot(): Promise<Snapshot> {
    return this.until(() => {
      const event = this.events.findLast((e) => e.event === 'snapshot');
      return event?.event === 'snapshot' ? event.data : undefined;
    });
  }

  #heard(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async until<T>(look: () => T | undefined | false, timeoutMs = 20_000): Promise<T> {
    const dueMs = performance.now() + timeoutMs;
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > dueMs)
        throw new Error(
          `nothing came in ${timeoutMs} ms; link ${this.link?.state.state} ${this.link && 'error' in this.link.state ? this.link.state.error.message : ''}; closes ${this.closes.map((e) => e.message).join(' | ')}`,
        );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 250);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  close(): void {
    this.link?.stop();
  }
}
