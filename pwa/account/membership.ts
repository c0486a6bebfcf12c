/**
 * Whom this device trusts: the account key it has pinned and the newest device list it has seen, kept in the vault. Also the device's face
 * towards channels. Fetching lists is session.ts's; their rules are shared/device-list.ts's.
 */
import type { ChannelSelf } from '../../shared/channel.ts';
import { advanceList, type ListedDevice, type Pin, type SignedList, type TrustedList, verifyList } from '../../shared/device-list.ts';
import { ClawError } from '../../shared/errors.ts';
import { type AccountRecord, type Identity, vault } from '../store/database.ts';

export interface Membership extends ChannelSelf {
  readonly identity: Identity;
  readonly account: AccountRecord;
  /** Daemons that stand on the list. */
  machines(): ListedDevice[];
}

/** `onChange`: the list has grown or shrunk. */
export async function openMembership(
  identity: Identity,
  account: AccountRecord,
  list: SignedList,
  onChange: () => void,
): Promise<Membership> {
  const pin: Pin = { account: account.account, ask: account.ask };
  let current: TrustedList = await verifyList(list, pin);
  let last: Promise<unknown> = Promise.resolve();

  const take = async (next: SignedList): Promise<TrustedList> => {
    const before = current;
    try {
      current = await advanceList(current, next, pin);
    } catch (error) {
      // An older list is what the other end, or the relay, still has: this device keeps its own.
      if (!(error instanceof ClawError) || error.code !== 'list_rollback') throw error;
    }
    if (current.hash !== before.hash || current.devices.size !== before.devices.size) {
      await vault.set('list', current.signed, identity.id);
      onChange();
    }
    return current;
  };

  return {
    identity,
    account,
    id: identity.id,
    kind: 'phone',
    privateKey: identity.privateKey,
    trusted: () => current,
    /** One at a time: two lists that arrive together must not overwrite each other. */
    offer(next) {
      const result = last.then(() => take(next));
      last = result.catch(() => undefined);
      return result;
    },
    machines: () => [...current.devices.values()].filter((d) => d.kind === 'daemon'),
  };
}
