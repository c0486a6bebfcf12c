/**
 * Security events on their way to phones: to whom, when, and how often. Whoever has got in can act at once, so quiet hours do not hold such an event back; a removal
 * gives nobody anything, and waits until they end. The words are shared/security-events.ts', sending sender.ts'.
 */
import type { DeviceKind } from '../../shared/device-list.ts';
import { quietUntilMs } from '../../shared/push-wishes.ts';
import { addedWord, type EventReader, type EventWord, pageReader, type SecurityEvent, wordOf } from '../../shared/security-events.ts';
import type { DeviceBook } from '../device-book.ts';
import type { Clock } from '../questions/watcher.ts';
import { type Content, happened } from './contents.ts';
import type { Send } from './sender.ts';

/** The same of the same device is said once in this time, as the relay keeps events by the hour; an hour that a relay invents is no other. */
const ONCE_MS = 3_600_000;
/** More than an account has of itself in that time: a relay that invents events wakes nobody more often. */
const MOST = 20;
/** An event whose push got nowhere is tried again after this, until it is too old to be worth it. */
const AGAIN_MS = 60_000;

/** What whoever reads it away from the page should know; on the page itself it would cover a card. */
const STRANGER = 'If that was not you, somebody knows the password.';

export interface AlertsOptions {
  devices: DeviceBook;
  /** Of any device of the account, as far as this machine knows it. */
  nameOf(device: string): string | undefined;
  send: Send;
  /** A person looks at that phone's page, which tells it there. */
  watching(device: string): boolean;
  clock: Clock;
}

export class Alerts {
  readonly #options: AlertsOptions;
  readonly #told = new Map<string, number>();

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  /** The relay has it; what is no news to a phone goes to none. */
  event(event: SecurityEvent): void {
    const { kind, device } = event;
    if (device !== null) this.#alert(kind, device, (reader) => wordOf(event, reader));
  }

  /** It stands on the signed list since just now. */
  added(device: { id: string; kind: DeviceKind }): void {
    this.#alert('device_added', device.id, (reader) => (device.id === reader.self ? null : { ...addedWord(device), hint: STRANGER }));
  }

  #alert(kind: string, device: string, wordFor: (reader: EventReader) => EventWord | null): void {
    const { clock, devices, nameOf } = this.#options;
    // A new device signs in and is added: one piece of news.
    const subject = `${kind === 'signed_in' ? 'device_added' : kind} ${device}`;
    const nowMs = clock.nowMs();
    for (const [key, atMs] of this.#told) if (nowMs - atMs >= ONCE_MS) this.#told.delete(key);
    if (this.#told.has(subject) || this.#told.size >= MOST) return;
    for (const [phone, entry] of devices.entries()) {
      const word = entry.push ? wordFor(pageReader(phone, nameOf)) : null;
      if (!word) continue;
      this.#told.set(subject, nowMs);
      this.#at(nowMs, phone, happened(word, subject, nowMs), kind === 'device_removed');
    }
  }

  #at(atMs: number, phone: string, content: Content, patient: boolean): void {
    const { clock, devices } = this.#options;
    const dueMs = (patient ? quietUntilMs(devices.get(phone).wishes?.quiet, atMs) : null) ?? atMs;
    clock.at(dueMs, () => void this.#due(phone, content, patient));
  }

  async #due(phone: string, content: Content, patient: boolean): Promise<void> {
    const { clock, devices, send, watching } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs >= content.exp || watching(phone)) return;
    // Quiet hours that were set meanwhile.
    if (patient && quietUntilMs(devices.get(phone).wishes?.quiet, nowMs) !== null) return this.#at(nowMs, phone, content, patient);
    if ((await send(phone, content, content.tag)) === 'retry') this.#at(clock.nowMs() + AGAIN_MS, phone, content, patient);
  }
}
