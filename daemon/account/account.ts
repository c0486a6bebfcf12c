/**
 * The account as this daemon trusts it: device key, pin, newest device list. The only place that takes a list over another; every doubt becomes a
 * warning that stays until it is cleared. Sign-in and enrolment make a membership, the uplink uses it.
 */
import { type Bytes, fromBase64url } from '../../shared/bytes.ts';
import type { ChannelSelf } from '../../shared/channel.ts';
import { advanceList, type SignedList, type TrustedList, verifyList } from '../../shared/device-list.ts';
import { asClawError, ClawError } from '../../shared/errors.ts';
import { fingerprintWords } from '../../shared/words.ts';
import type { State } from '../state.ts';
import { type Membership, readMembership, removeMembership, writeDeviceToken, writeMembership } from './account-files.ts';
import { createDeviceKey, type DeviceKey, openDeviceKey } from './device-key.ts';

export interface AccountEvents {
  /** The trusted list has changed. */
  onList(trusted: TrustedList, before: TrustedList | null): void;
  /** Something a person should read: another history, a rollback, an unreadable file. */
  onWarning(text: string): void;
}

export class Account implements ChannelSelf {
  readonly kind = 'daemon';
  readonly #state: State;
  readonly #events: AccountEvents;
  #device: DeviceKey;
  #membership: Membership | null;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(state: State, events: AccountEvents, device: DeviceKey, membership: Membership | null) {
    this.#state = state;
    this.#events = events;
    this.#device = device;
    this.#membership = membership;
  }

  /** Throws `permission_*` and `state_*` for files that must be mended by hand. */
  static async open(state: State, events: AccountEvents): Promise<Account> {
    return new Account(state, events, await openDeviceKey(state), await readMembership(state));
  }

  get device(): DeviceKey {
    return this.#device;
  }
  get id(): string {
    return this.#device.id;
  }
  get privateKey(): CryptoKey {
    return this.#device.privateKey;
  }
  get membership(): Membership | null {
    return this.#membership;
  }

  trusted(): TrustedList {
    if (!this.#membership) throw new ClawError('login_required', 'This machine is not signed in.');
    return this.#membership.trusted;
  }

  /** A phone's list, inside a handshake: newer is adopted, older must lie in our own past. */
  offer(list: SignedList): Promise<TrustedList> {
    return this.#inOrder(async () => {
      const known = this.trusted();
      const { pin } = this.#membership!;
      const candidate = await verifyList(list, pin);
      if (candidate.list.epoch >= known.list.epoch) return this.#advance(list);
      if (known.list.history[candidate.list.epoch - 1] !== candidate.hash) return this.#doubt(fork());
      return known;
    });
  }

  /** The relay's list: an older one than was seen before is a lie and is told. Keeps what is trusted in any case. */
  async offerFromRelay(list: SignedList): Promise<void> {
    await this.#inOrder(async () => {
      try {
        await this.#advance(list);
      } catch (error) {
        this.#events.onWarning(`The relay's device list is refused: ${asClawError(error).message}`);
      }
    });
  }

  /** This machine has become a member: pins the account key. */
  adopt(membership: { origin: string; trusted: TrustedList; deviceToken: string }): void {
    const { origin, trusted, deviceToken } = membership;
    const pin = { account: trusted.list.account, ask: trusted.list.ask };
    writeDeviceToken(this.#state, deviceToken);
    writeMembership(this.#state, { origin, pin, list: trusted.signed });
    const before = this.#membership?.trusted ?? null;
    this.#membership = { origin, pin, trusted };
    this.#events.onList(trusted, before);
  }

  /** Reads the files again, after another process has written them. */
  async reload(): Promise<void> {
    this.#device = await openDeviceKey(this.#state);
    this.#membership = await readMembership(this.#state);
  }

  /** The present key has been taken off a list, and no list takes it back. */
  async renewKey(): Promise<void> {
    this.#device = await createDeviceKey(this.#state);
  }

  leave(): void {
    removeMembership(this.#state);
    this.#membership = null;
  }

  /** The six words that stand for the account key, or '' before sign-in. */
  async words(): Promise<string> {
    const ask: Bytes | null = this.#membership ? fromBase64url(this.#membership.pin.ask) : null;
    return ask ? (await fingerprintWords(ask)).join(' ') : '';
  }

  async #advance(list: SignedList): Promise<TrustedList> {
    const membership = this.#membership;
    if (!membership) throw new ClawError('login_required', 'This machine is not signed in.');
    const before = membership.trusted;
    let after: TrustedList;
    try {
      after = await advanceList(before, list, membership.pin);
    } catch (error) {
      return this.#doubt(error);
    }
    const changed = after.hash !== before.hash || after.signed.removals.length !== before.signed.removals.length;
    if (!changed) return before;
    this.#membership = { ...membership, trusted: after };
    writeMembership(this.#state, { origin: membership.origin, pin: membership.pin, list: after.signed });
    this.#events.onList(after, before);
    return after;
  }

  #doubt(thrown: unknown): never {
    const error = asClawError(thrown);
    if (error.code === 'list_fork' || error.code === 'list_rollback') this.#events.onWarning(error.message);
    throw error;
  }

  #inOrder<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task, task);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

const fork = (): ClawError => new ClawError('list_fork', 'The relay showed two histories of the device list.');
