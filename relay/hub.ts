/**
 * Who is here, and the way of a frame between two sockets of one account. No I/O and no clock: members are told, time is passed in. A route
 * lives exactly as long as its member; the newest connection of a device takes the place of the one before in one step.
 */
import { utf8 } from '../shared/bytes.ts';
import type { DeviceKind } from '../shared/device-list.ts';
import { CLASS, encodeFrame, FRAME, readPeer, writePeer } from '../shared/frame.ts';
import type { HubFigures } from './metrics.ts';

/** One connection, here or on another node. */
export interface Member {
  readonly account: string;
  /** Random u32, unique in the account, never 0. */
  readonly connection: number;
  readonly device: string;
  readonly kind: DeviceKind;
  /** Takes the frame as it is; must not keep it beyond this turn of the event loop without copying. */
  deliver(frame: Uint8Array, cls: number, source: number): void;
  /** Ends it: `replaced`, `revoked`, … Must not call back into the hub. */
  end(code: string, message: string): void;
}

interface Room {
  readonly members: Map<number, Member>;
  readonly byDevice: Map<string, Member>;
  epoch: number;
}

/** What other nodes and counters are told. */
export interface HubEvents {
  joined?(member: Member, epoch: number): void;
  left?(member: Member): void;
  /** The device takes its own place more than six times a minute: two copies of it fight. */
  flapping?(account: string, device: string): void;
}

const FLIPS_PER_MINUTE = 6;

/** Drawn many at once: one alone costs as much as all of them. */
const drawn = new Uint32Array(128);
let left = 0;
function draw(): number {
  if (left === 0) left = crypto.getRandomValues(drawn).length;
  return drawn[--left]!;
}

export class Hub {
  readonly #rooms = new Map<string, Room>();
  readonly #events: HubEvents;
  readonly #flips = new Map<string, { sinceMs: number; count: number }>();
  readonly figures: HubFigures = { sockets: 0, greeting: 0, frames: 0, bytes: 0, droppedFrames: 0, droppedBytes: 0 };

  constructor(events: HubEvents = {}) {
    this.#events = events;
  }

  /** A connection id free in that account. */
  freeConnection(account: string): number {
    const members = this.#rooms.get(account)?.members;
    for (;;) {
      const id = draw();
      if (id !== 0 && !members?.has(id)) return id;
    }
  }

  /** Adds the member and returns the others; they are told. An older connection of the same device ends as `replaced`. */
  join(member: Member, epoch: number, nowMs: number): { peers: Member[]; epoch: number } {
    const room = this.#rooms.get(member.account) ?? { members: new Map<number, Member>(), byDevice: new Map<string, Member>(), epoch };
    this.#rooms.set(member.account, room);
    room.epoch = Math.max(room.epoch, epoch);
    const older = room.byDevice.get(member.device);
    if (older) {
      room.members.delete(older.connection);
      this.#countFlip(member, nowMs);
      older.end('replaced', 'The same device connected again.');
      this.#events.left?.(older);
    }
    const peers = [...room.members.values()];
    room.members.set(member.connection, member);
    room.byDevice.set(member.device, member);
    const change = {
      join: { connection: member.connection, device: member.device, kind: member.kind },
      ...(older ? { leave: older.connection } : {}),
    };
    this.#tell(peers, change);
    this.#events.joined?.(member, room.epoch);
    return { peers, epoch: room.epoch };
  }

  /** No effect for a member whose place has been taken. */
  leave(member: Member): void {
    const room = this.#rooms.get(member.account);
    if (!room || room.members.get(member.connection) !== member) return;
    room.members.delete(member.connection);
    room.byDevice.delete(member.device);
    if (room.members.size === 0) this.#rooms.delete(member.account);
    else this.#tell(room.members.values(), { leave: member.connection });
    this.#events.left?.(member);
  }

  /**
   * Sends a DATA frame on to the connection it names, with the source in its place. False where that is not a device of the other kind
   * in the same account: nobody learns whether it exists elsewhere.
   */
  route(from: Member, frame: Uint8Array, cls: number): boolean {
    const to = this.#rooms.get(from.account)?.members.get(readPeer(frame));
    if (to === undefined || to.kind === from.kind) return false;
    writePeer(frame, from.connection);
    this.figures.frames++;
    this.figures.bytes += frame.length;
    to.deliver(frame, cls, from.connection);
    return true;
  }

  member(account: string, connection: number): Member | undefined {
    return this.#rooms.get(account)?.members.get(connection);
  }

  /** Ends the sockets of a device, or of the whole account. */
  end(account: string, device: string | null, code: string, message: string): void {
    const members = [...(this.#rooms.get(account)?.members.values() ?? [])];
    for (const member of members) {
      if (device !== null && member.device !== device) continue;
      this.leave(member);
      member.end(code, message);
    }
  }

  /** The account's device list changed: `epoch` is its newest. Told even where only a removal was added to the same epoch. */
  setEpoch(account: string, epoch: number): void {
    const room = this.#rooms.get(account);
    if (!room) return;
    room.epoch = Math.max(room.epoch, epoch);
    this.#tell(room.members.values(), { epoch: room.epoch });
  }

  *members(): Iterable<Member> {
    for (const room of this.#rooms.values()) yield* room.members.values();
  }

  #tell(members: Iterable<Member>, change: Record<string, unknown>): void {
    const frame = encodeFrame(FRAME.presence, CLASS.control, 0, utf8(JSON.stringify(change)));
    for (const member of members) member.deliver(frame, CLASS.control, 0);
  }

  #countFlip(member: Member, nowMs: number): void {
    const key = `${member.account} ${member.device}`;
    const before = this.#flips.get(key);
    // A minute from the first of them, not of the clock: no fight is split by the full minute.
    const { sinceMs, count } =
      before && nowMs - before.sinceMs < 60_000 ? { sinceMs: before.sinceMs, count: before.count + 1 } : { sinceMs: nowMs, count: 1 };
    if (this.#flips.size > 10_000) this.#flips.clear();
    this.#flips.set(key, { sinceMs, count });
    if (count === FLIPS_PER_MINUTE + 1) this.#events.flapping?.(member.account, member.device);
  }
}
