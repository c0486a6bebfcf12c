/**
 * What happens to the account, told on this device, each once: additions as the signed list shows them, everything else as the relay's security events say. Asks when
 * the relay has word and when somebody looks; what was told is kept. A page that nobody sees tells nothing yet.
 */
import { asClawError, type ClawError } from '../shared/errors.ts';
import { EventsReply } from '../shared/relay-api.ts';
import { addedWord, type EventWord, eventKey, pageReader, type SecurityEvent, untold, wordOf } from '../shared/security-events.ts';
import type { Session } from './session.ts';
import { app, apply } from './state.ts';
import { type SecurityTold, vault } from './store/database.ts';

export interface SecurityWatchOptions {
  /** This device. */
  self: string;
  account: string;
  events(): Promise<SecurityEvent[]>;
  /** Those that stand on the signed list. */
  devices(): readonly { id: string; kind: 'phone' | 'daemon' }[];
  nameOf(device: string): string | undefined;
  store: { load(): Promise<SecurityTold | undefined>; save(told: SecurityTold): Promise<void> };
  /** Somebody looks, and this device still belongs to the account. */
  visible(): boolean;
  tell(word: EventWord): void;
  failed(error: ClawError): void;
}

export class SecurityWatch {
  readonly #options: SecurityWatchOptions;
  readonly #own = new Set<string>();
  #looking: Promise<void> | null = null;
  #again = false;

  constructor(options: SecurityWatchOptions) {
    this.#options = options;
  }

  /** This device adds or removes that one: its person knows. */
  doing(device: string): void {
    this.#own.add(device);
  }

  /** Never throws. Resolves when everything that was known at the call has been told. */
  look(): Promise<void> {
    if (this.#looking) {
      this.#again = true;
      return this.#looking;
    }
    this.#looking = this.#rounds().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #rounds(): Promise<void> {
    do {
      this.#again = false;
      if (!this.#options.visible()) return;
      await this.#once().catch((error: unknown) => this.#options.failed(asClawError(error)));
    } while (this.#again);
  }

  async #once(): Promise<void> {
    const { self, account, nameOf, store, tell } = this.#options;
    const events = await this.#options.events();
    const devices = this.#options.devices();
    const before = await store.load();
    if (!this.#options.visible()) return;
    // What was before this device belonged to the account is no news on it.
    if (before?.account === account) {
      const known = new Set(before.devices);
      const added = devices.filter(({ id }) => id !== self && !known.has(id));
      for (const device of added) if (!this.#own.has(device.id)) tell(addedWord(device));
      const said = new Set(added.map(({ id }) => id));
      for (const event of untold(events, new Set(before.told))) {
        if (event.kind === 'device_removed' && this.#own.has(event.device ?? '')) continue;
        // It has just been named as new.
        if (event.kind === 'signed_in' && said.has(event.device ?? '')) continue;
        const word = wordOf(event, pageReader(self, nameOf));
        if (word) tell(word);
      }
    }
    await store.save({ account, devices: devices.map(({ id }) => id), told: events.map(eventKey) });
  }
}

/** For a signed-in page. `current`: the session is still the page's. */
export const securityWatch = ({ member, tokens }: Session, current: () => boolean): SecurityWatch =>
  new SecurityWatch({
    self: member.id,
    account: member.account.account,
    events: async () => (await tokens.call({ method: 'GET', path: '/v1/events', reply: EventsReply })).events,
    devices: () => [...member.trusted().devices.values()],
    nameOf: (device) => app.value.machines.get(device)?.about?.name,
    store: { load: () => vault.get('securityTold'), save: (told) => vault.set('securityTold', told, member.id) },
    visible: () => document.visibilityState === 'visible' && current(),
    tell: (word) => apply({ type: 'notice', ...word }),
    // Asked again at the next word; nothing here depends on it.
    failed: () => undefined,
  });
