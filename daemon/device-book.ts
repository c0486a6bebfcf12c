/** What this daemon knows of the phones: their names, last contact and push subscriptions. The relay keeps none of it (security.md 2.10). */
import * as path from 'node:path';
import * as v from 'valibot';
import { PushSubscriptionSchema } from '../shared/protocol.ts';
import { PushWishesSchema } from '../shared/push-wishes.ts';
import { accountDir } from './account/device-key.ts';
import { keepCopy, readPrivateFile, type State, writeFileAtomic } from './state.ts';

const EntrySchema = v.object({
  name: v.optional(v.string()),
  lastSeenAt: v.optional(v.number()),
  push: v.optional(v.object({ subscription: PushSubscriptionSchema, key: v.string(), since: v.number() })),
  /** Grows with each push: the phone drops one it has seen. */
  pushCount: v.optional(v.number()),
  /** What it wants to hear; the defaults where it never said. A newer version's wishes are none. */
  wishes: v.optional(v.fallback(v.nullable(PushWishesSchema), null)),
  /** Pushes that the push service took and no receipt has come for, oldest first, and when one was last shown. */
  unheard: v.optional(v.array(v.object({ n: v.number(), at: v.number() }))),
  sentAt: v.optional(v.number()),
  shownAt: v.optional(v.number()),
});
export type DeviceEntry = v.InferOutput<typeof EntrySchema>;
const BookSchema = v.object({ v: v.literal(1), devices: v.record(v.string(), EntrySchema) });

export class DeviceBook {
  readonly #file: string;
  readonly #devices: Map<string, DeviceEntry>;
  readonly #note: (text: string) => void;

  constructor(state: State, note: (text: string) => void) {
    this.#file = path.join(accountDir(state), 'devices.json');
    this.#note = note;
    this.#devices = this.#load();
  }

  get(device: string): DeviceEntry {
    return this.#devices.get(device) ?? {};
  }

  entries(): [string, DeviceEntry][] {
    return [...this.#devices];
  }

  update(device: string, change: Partial<DeviceEntry>): void {
    this.#devices.set(device, { ...this.get(device), ...change });
    this.#save();
  }

  /** Only the fields named are forgotten, or the whole device. */
  forget(device: string, field?: 'push'): void {
    const entry = this.#devices.get(device);
    if (!entry) return;
    if (field === undefined) this.#devices.delete(device);
    else {
      const { push: _push, ...rest } = entry;
      this.#devices.set(device, rest);
    }
    this.#save();
  }

  #load(): Map<string, DeviceEntry> {
    try {
      const bytes = readPrivateFile(this.#file);
      return bytes === null ? new Map() : new Map(Object.entries(v.parse(BookSchema, JSON.parse(bytes.toString('utf8'))).devices));
    } catch {
      const kept = keepCopy(this.#file) ? ` It is kept as ${this.#file}.bak.` : '';
      this.#note(`${this.#file} is not readable; names and push subscriptions of phones come back when they connect.${kept}`);
      return new Map();
    }
  }

  #save(): void {
    try {
      writeFileAtomic(this.#file, JSON.stringify({ v: 1, devices: Object.fromEntries(this.#devices) }));
    } catch {
      this.#note(`${this.#file} cannot be written; names of phones are kept in memory only.`);
    }
  }
}
