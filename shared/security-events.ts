/**
 * The account's security events in words, for the machine and the page alike: which of them are news here, and what a person is told. Each device asks the relay for
 * itself and remembers what it has told. A relay can hide events; it gains nothing by inventing them.
 */
import type * as v from 'valibot';
import type { DeviceKind } from './device-list.ts';
import type { EventsReply } from './relay-api.ts';

export type SecurityEvent = v.InferOutput<typeof EventsReply>['events'][number];

/** Who is told, and what can be done there. */
export interface EventReader {
  /** The device that reads. */
  self: string;
  /** How it calls itself: `this machine`. */
  own: string;
  /** Another device's name, where it is known. */
  nameOf(device: string): string | undefined;
  /** How to remove a device from here. */
  removal(short: string): string;
}
export interface EventWord {
  level: 'info' | 'warning';
  text: string;
  hint?: string;
}

/** On a phone, whether its page says it or a push. */
export const pageReader = (self: string, nameOf: EventReader['nameOf']): EventReader => ({
  self,
  own: 'this device',
  nameOf,
  removal: () => 'remove it under Devices.',
});

/** As devices are told apart on every screen. */
export const shortId = (device: string): string => device.slice(0, 6);

/** The same for every event that says the same: once an hour is often enough. */
export const eventKey = ({ kind, device, hour }: SecurityEvent): string => `${kind} ${device ?? ''} ${hour}`;

/** What has not been told, oldest first, each once. `events` as the relay gives them, newest first. */
export function untold(events: readonly SecurityEvent[], told: ReadonlySet<string>): SecurityEvent[] {
  const news = new Map<string, SecurityEvent>();
  for (const event of [...events].reverse()) if (!told.has(eventKey(event))) news.set(eventKey(event), event);
  return [...news.values()];
}

/** Null for what is no news to anybody, what the reader did itself, and kinds of a later version. Additions are told from the signed list, not from here. */
export function wordOf({ kind, device }: SecurityEvent, reader: EventReader): EventWord | null {
  if (device === null) return null;
  const own = device === reader.self;
  const short = shortId(device);
  const name = reader.nameOf(device);
  const who = own ? reader.own : name === undefined ? `device ${short}` : `“${name}” (${short})`;
  if (kind === 'token_misused')
    return {
      level: 'warning',
      text: `Somebody used a token of ${who} without its key. Its sessions were ended.`,
      hint: own ? 'It has signed itself in again by its key.' : `If it happens again: ${reader.removal(short)}`,
    };
  if (kind === 'device_quarantined')
    return {
      level: 'warning',
      text: `The relay has barred ${who}: there may be a copy of it.`,
      hint: own ? 'Sign in on it again.' : `Sign in on it again. If it is not yours: ${reader.removal(short)}`,
    };
  if (own) return null;
  if (kind === 'device_removed')
    return { level: 'info', text: `${name === undefined ? 'Device' : `“${name}”,`} ${short} was removed from the account.` };
  if (kind === 'signed_in')
    return {
      level: 'info',
      text: `Somebody signed in with the password, on ${who}.`,
      hint: 'If that was not you, somebody knows the password.',
    };
  return null;
}

/** An addition, as the signed list shows it. */
export const addedWord = ({ id, kind }: { id: string; kind: DeviceKind }): EventWord => ({
  level: 'info',
  text: `A new ${kind === 'daemon' ? 'machine' : 'phone'} was added to the account (${shortId(id)}).`,
});

/** For a list of what happened. */
export function eventTitle(kind: string): string {
  const titles: Record<string, string> = {
    account_made: 'Account made',
    signed_in: 'Signed in with the password',
    device_added: 'Added to the account',
    device_removed: 'Removed from the account',
    token_misused: 'Token used without its key',
    device_quarantined: 'Barred: there may be a copy',
  };
  return titles[kind] ?? 'Unknown event';
}
