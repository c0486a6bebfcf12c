/**
 * Who is here, and who hears whom. Routes frames inside one account by swapping the peer field; phones hear daemons and daemons phones. No I/O and no
 * clock: sockets are `Member`s with an outbox, other nodes are a `Bus`.
 */
import { utf8 } from '../shared/bytes.ts';
import type { DeviceKind } from '../shared/device-list.ts';
import { CLASS, encodeFrame, FRAME, type FrameClass, readPeer, writePeer } from '../shared/frame.ts';
import type { HubFigures } from './metrics.ts';
import type { DropCount, Outbox } from './outbox.ts';

export interface Member {
  account: string;
  device: string;
  kind: DeviceKind;
  /** Random u32, unique in the account. */
  connection: number;
  outbox: Outbox;
  close(code: number, reason: string): void;
}

export interface PeerView {
  connection: number;
  device: string;
  kind: DeviceKind;
}

const view = ({ connection, device, kind }: Member): PeerView => ({ connection, device, kind });
const hears = (a: Member, b: Member): boolean => a.kind !== b.kind;

export class Hub {
  readonly dropped: DropCount = { frames: 0, bytes: 0 };
  readonly #accounts = new Map<string, Map<number, Member>>();
  #sockets = 0;
  #frames = 0;
  #bytes = 0;
  greeting = 0;

  figures(): HubFigures {
    return {
      sockets: this.#sockets,
      greeting: this.greeting,
      frames: this.#frames,
      bytes: this.#bytes,
      droppedFrames: this.dropped.frames,
      droppedBytes: this.dropped.bytes,
    };
  }

  /** A connection id that nobody in the account has. 0 is the relay itself. */
  freeConnection(account: string): number {
    const members = this.#accounts.get(account);
    for (;;) {
      const [id] = crypto.getRandomValues(new Uint32Array(1));
      if (id !== 0 && !members?.has(id!)) return id!;
    }
  }

  /** Lets a member in; an older connection of the same device is closed with 4409. Returns whom it hears. */
  join(member: Member): PeerView[] {
    let members = this.#accounts.get(member.account);
    if (!members) {
      members = new Map();
      this.#accounts.set(member.account, members);
    }
    for (const other of members.values()) if (other.device === member.device) this.#replace(other);
    members.set(member.connection, member);
    this.#sockets++;
    this.#tell(member, { join: view(member) });
    return [...members.values()].filter((other) => hears(member, other)).map(view);
  }

  /** Out of the map before it is closed, so that its own end does not take the successor's place. */
  #replace(old: Member): void {
    this.leave(old);
    old.close(4409, 'replaced');
  }

  leave(member: Member): void {
    const members = this.#accounts.get(member.account);
    if (members?.get(member.connection) !== member) return;
    members.delete(member.connection);
    this.#sockets--;
    if (members.size === 0) this.#accounts.delete(member.account);
    else this.#tell(member, { leave: member.connection });
  }

  /** Passes a DATA frame on, in place. False where nobody of that number is heard by the sender: offline, unknown and another tenant's look alike. */
  route(from: Member, frame: Uint8Array, cls: FrameClass): boolean {
    const to = this.#accounts.get(from.account)?.get(readPeer(frame));
    if (!to || !hears(from, to)) return false;
    writePeer(frame, from.connection);
    this.#frames++;
    this.#bytes += frame.length;
    to.outbox.push(frame, cls, from.connection);
    return true;
  }

  /** Members of an account, or of one device. */
  members(account: string, device: string | null = null): Member[] {
    const all = [...(this.#accounts.get(account)?.values() ?? [])];
    return device === null ? all : all.filter((m) => m.device === device);
  }

  everyone(): Member[] {
    return [...this.#accounts.values()].flatMap((members) => [...members.values()]);
  }

  /** A new device list is there. */
  announceEpoch(account: string, epoch: number): void {
    const frame = presence({ epoch });
    for (const member of this.members(account)) member.outbox.push(frame, CLASS.control, 0);
  }

  #tell(about: Member, change: { join?: PeerView; leave?: number }): void {
    const members = this.#accounts.get(about.account);
    if (!members || members.size < 2) return;
    const frame = presence(change);
    for (const other of members.values()) if (other !== about && hears(other, about)) other.outbox.push(frame, CLASS.control, 0);
  }
}

const presence = (body: object): Uint8Array => encodeFrame(FRAME.presence, CLASS.control, 0, utf8(JSON.stringify(body)));
