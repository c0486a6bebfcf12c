/**
 * Several relays as one: connections at other nodes stand in the hub as members whose frames go over the bus. A node hears only of accounts that have a connection
 * with it. While the bus is down, or a node is silent, its members are gone: clients are told so and lose nothing, since offsets and answer ids are theirs.
 */

import * as v from 'valibot';
import { fromBase64url, fromUtf8, randomId, toBase64url, toHex } from '../shared/bytes.ts';
import type { DeviceKind } from '../shared/device-list.ts';
import { FRAME, FRAME_HEADER_BYTES, readPeer } from '../shared/frame.ts';
import type { RelayTokens } from './auth/relay-tokens.ts';
import type { Bus } from './bus.ts';
import { Admitted, type Message, packFrame, type RemoteRow, readMessage, unpackFrame } from './cluster-messages.ts';
import type { Hub, Member } from './hub.ts';
import type { Log } from './log.ts';
import type { Change } from './store/store.ts';

const BEAT_MS = 1_000;
/** A node that says nothing for so long is gone, ms. */
const SILENT_MS = 4_000;
const TOKEN_MS = 500;

const ALL = 'clawtab.all';
const TOKENS = 'clawtab.token';
const accountSubject = (account: string): string => `clawtab.account.${account}`;
const nodeSubject = (node: string): string => `clawtab.node.${node}`;
const frameSubject = (node: string): string => `clawtab.frame.${node}`;

/** A connection at another node. Its end is that node's to bring about. */
class RemoteMember implements Member {
  readonly account: string;
  readonly connection: number;
  readonly device: string;
  readonly kind: DeviceKind;
  readonly node: string;
  readonly #bus: Bus;

  constructor(account: string, row: RemoteRow, node: string, bus: Bus) {
    this.account = account;
    this.connection = row.connection;
    this.device = row.device;
    this.kind = row.kind;
    this.node = node;
    this.#bus = bus;
  }
  /** Its node tells it of presence by itself. */
  deliver(frame: Uint8Array): void {
    if (frame[1] === FRAME.data) this.#bus.publish(frameSubject(this.node), packFrame(this.account, this.connection, frame));
  }
  end(): void {
    // Heard of by its node as a join or a change.
  }
}

interface Here {
  /** Connections at this node, with the time that each joined. */
  local: Map<Member, number>;
  remote: Set<RemoteMember>;
  epoch: number;
  stop(): void;
}

export interface ClusterParts {
  bus: Bus;
  hub: Hub;
  tokens: RelayTokens;
  log: Log;
  /** A change that another node tells of. */
  apply(change: Change): void;
}

export class Cluster {
  readonly node = randomId();
  readonly #parts: ClusterParts;
  readonly #accounts = new Map<string, Here>();
  /** Other nodes, and when each was last heard, monotonic ms. */
  readonly #heardAt = new Map<string, number>();
  readonly #lost = new Set<string>();
  readonly #stops: (() => void)[];
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    const { bus } = parts;
    const hear = (payload: Uint8Array): void => {
      const message = readMessage(payload);
      if (message) this.#hear(message);
    };
    this.#stops = [
      bus.subscribe(ALL, hear),
      bus.subscribe(nodeSubject(this.node), hear),
      bus.subscribe(frameSubject(this.node), (payload) => this.#take(payload)),
      bus.subscribe(TOKENS, (payload, reply) => void this.#answer(payload, reply)),
    ];
    bus.onState((up) => (up ? this.#announceAll() : this.#forgetAll()));
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
  }

  /** Hub event. */
  joined(member: Member, epoch: number): void {
    if (member instanceof RemoteMember) return;
    const here = this.#accounts.get(member.account) ?? this.#open(member.account);
    here.local.set(member, Date.now());
    here.epoch = Math.max(here.epoch, epoch);
    this.#announce(member.account, here, [member], true);
  }

  /** Hub event. */
  left(member: Member): void {
    const here = this.#accounts.get(member.account);
    if (!here) return;
    if (member instanceof RemoteMember) {
      here.remote.delete(member);
      return;
    }
    here.local.delete(member);
    this.#say(accountSubject(member.account), { say: 'left', node: this.node, account: member.account, connection: member.connection });
    // Not at once: the hub may be putting another connection into this one's place.
    if (here.local.size === 0) queueMicrotask(() => here.local.size === 0 && this.#shut(member.account, here));
  }

  /** A change that this node has heard of in the database: nodes that hear nothing there learn it here. */
  tell(change: Change): void {
    const { what } = change;
    if (what !== 'revoked' && what !== 'signed_out' && what !== 'quarantined') return;
    this.#say(ALL, { say: 'change', node: this.node, change: { account: change.account, device: change.device, what } });
  }

  /** Tokens of this node, and those that another node has made. */
  tokens(): RelayTokens {
    const { bus, tokens: own } = this.#parts;
    return {
      ...own,
      async take(hash) {
        try {
          return await own.take(hash);
        } catch (unknown) {
          const answer = await bus.ask(TOKENS, toHex(hash), TOKEN_MS);
          const found = answer && v.safeParse(Admitted, JSON.parse(fromUtf8(answer)));
          const pub = found?.success ? fromBase64url(found.output.pub) : null;
          if (!found?.success || !pub) throw unknown;
          return { ...found.output, pub };
        }
      },
    };
  }

  /** Says goodbye. The bus is the caller's to close. */
  close(): void {
    clearInterval(this.#timer);
    this.#say(ALL, { say: 'gone', node: this.node });
    for (const stop of this.#stops) stop();
  }

  #say(subject: string, message: Message): void {
    this.#parts.bus.publish(subject, JSON.stringify(message));
  }

  #open(account: string): Here {
    const stop = this.#parts.bus.subscribe(accountSubject(account), (payload) => {
      const message = readMessage(payload);
      if (message) this.#hear(message);
    });
    const here: Here = { local: new Map(), remote: new Set(), epoch: 0, stop };
    this.#accounts.set(account, here);
    return here;
  }

  #shut(account: string, here: Here): void {
    if (this.#accounts.get(account) !== here) return;
    here.stop();
    this.#accounts.delete(account);
    for (const member of [...here.remote]) this.#parts.hub.leave(member);
  }

  #announce(account: string, here: Here, members: Iterable<Member>, ask: boolean, to = accountSubject(account)): void {
    const rows = [...members].map((m) => ({ connection: m.connection, device: m.device, kind: m.kind, atMs: here.local.get(m) ?? 0 }));
    this.#say(to, { say: 'here', node: this.node, account, epoch: here.epoch, members: rows, ask });
  }

  #announceAll(): void {
    for (const [account, here] of this.#accounts) this.#announce(account, here, here.local.keys(), true);
  }

  #forgetAll(): void {
    for (const node of [...this.#heardAt.keys()]) this.#forget(node);
    this.#lost.clear(); // all are announced anew when the bus is back
  }

  #forget(node: string): void {
    this.#heardAt.delete(node);
    for (const { remote } of this.#accounts.values())
      for (const member of [...remote]) if (member.node === node) this.#parts.hub.leave(member);
  }

  #beat(): void {
    this.#say(ALL, { say: 'beat', node: this.node });
    for (const [node, atMs] of this.#heardAt)
      if (performance.now() - atMs > SILENT_MS) {
        this.#parts.log('warn', 'node_silent', { node });
        this.#lost.add(node);
        this.#forget(node);
      }
  }

  #hear(message: Message): void {
    const { node } = message;
    this.#heardAt.set(node, performance.now());
    if (message.say === 'gone') this.#forget(node);
    else if (message.say === 'here') this.#meet(message);
    else if (message.say === 'left') {
      const member = this.#parts.hub.member(message.account, message.connection);
      if (member instanceof RemoteMember && member.node === node) this.#parts.hub.leave(member);
    } else if (message.say === 'change') this.#parts.apply(message.change);
    // It was thought gone, and may think the same of this one.
    if (this.#lost.delete(node)) this.#announceAll();
  }

  #meet({ node, account, epoch, members, ask }: Extract<Message, { say: 'here' }>): void {
    const here = this.#accounts.get(account);
    if (!here) return;
    const { bus, hub } = this.#parts;
    for (const row of members) {
      if (hub.member(account, row.connection)) continue;
      const rival = [...here.local].find(([m]) => m.device === row.device);
      // The same pair is compared at both nodes: exactly one of the two stays.
      if (rival && (rival[1] > row.atMs || (rival[1] === row.atMs && this.node > node))) continue;
      const member = new RemoteMember(account, row, node, bus);
      here.remote.add(member);
      hub.join(member, epoch, performance.now());
    }
    if (ask && here.local.size > 0) this.#announce(account, here, here.local.keys(), false, nodeSubject(node));
  }

  #take(payload: Uint8Array): void {
    const packed = unpackFrame(payload);
    if (!packed || packed.frame.length <= FRAME_HEADER_BYTES) return;
    const { account, target, frame } = packed;
    const member = this.#parts.hub.member(account, target);
    if (member && !(member instanceof RemoteMember)) member.deliver(frame, frame[2]!, readPeer(frame));
  }

  async #answer(payload: Uint8Array, reply: (payload: string) => void): Promise<void> {
    const hash = Uint8Array.from(fromUtf8(payload).match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16));
    const admission = await this.#parts.tokens.take(hash).catch(() => null);
    if (admission) reply(JSON.stringify({ ...admission, pub: toBase64url(admission.pub) }));
  }
}
