/** What the parts of `verify -- relay` share: figures, households on a relay of this process, sockets that tell when they ended. */
import { addDevice, signUp, type TestHousehold, type TestMember, type TestRelay } from '../../../relay/test-relay.ts';
import { joined } from '../../../relay/test-socket.ts';
import type { DeviceKind } from '../../../shared/device-list.ts';
import { EventsReply } from '../../../shared/relay-api.ts';
import { type Figures, percentile, spread } from '../../rig/figures.ts';

/** What a part has found: a count that must be 0, times whose 99th percentile has a goal, a statement that must hold, or something to know. */
export type Figure =
  | { name: string; count: number; more?: string }
  | { name: string; ms: readonly number[]; goalMs: number }
  | { name: string; value: string | number; goal: string; ok: boolean }
  | { name: string; note: string | number };

export function report(figures: Figures, found: readonly Figure[]): void {
  for (const f of found) {
    if ('note' in f) figures.note(f.name, f.note);
    else if ('count' in f) figures.gate(f.name, f.count === 0 ? 0 : `${f.count} ${f.more ?? ''}`, '0', f.count === 0);
    else if ('ms' in f) figures.gate(f.name, spread(f.ms), `p99 ≤ ${f.goalMs} ms`, f.ms.length > 0 && percentile(f.ms, 99) <= f.goalMs);
    else figures.gate(f.name, f.value, f.goal, f.ok);
  }
}

export interface Machine {
  home: TestHousehold;
  daemon: TestMember;
}

export async function machines(relay: TestRelay, count: number, kind: DeviceKind = 'daemon'): Promise<Machine[]> {
  const made: Machine[] = [];
  for (let i = 0; i < count; i++) {
    const home = await signUp(relay.origin);
    made.push({ home, daemon: await addDevice(relay.origin, home, kind) });
  }
  return made;
}

export interface LiveSocket {
  /** At its close frame, on the clock of `performance.now()`. */
  ended: Promise<{ atMs: number; reason: string }>;
  destroy(): void;
}

export async function liveSocket(origin: string, who: TestMember): Promise<LiveSocket> {
  const { socket } = await joined(origin, who);
  const ended = socket.until(() => socket.closed).then(({ reason }) => ({ atMs: performance.now(), reason }));
  ended.catch(() => undefined); // who destroys it does not ask
  return { ended, destroy: () => socket.destroy() };
}

/** The security events of an account, as its phone sees them. */
export async function eventsOf({ home }: Machine): Promise<{ kind: string; device: string | null }[]> {
  return (await home.phone.tokens.call({ method: 'GET', path: '/v1/events', reply: EventsReply })).events;
}
