/** What only this machine may ask of the daemon itself: status, stop, account, devices. Reached through the API like every other verb. */
import * as v from 'valibot';
import { signRemoval, type TrustedList } from '../../shared/device-list.ts';
import { ClawError } from '../../shared/errors.ts';
import { GetListReply } from '../../shared/relay-api.ts';
import type { Account } from '../account/account.ts';
import { Enrolments } from '../account/enrolments.ts';
import type { Parts } from '../api.ts';
import type { Notices } from '../notices.ts';
import type { Pairing } from '../pairing.ts';
import type { State } from '../state.ts';
import type { Uplink } from '../uplink.ts';
import { VERSION } from '../version.ts';

/** The one device that the text means: its id, or a beginning that no other has. Throws `not_found`. */
function deviceNamed(trusted: TrustedList, text: string): string {
  const found = [...trusted.devices.keys()].filter((id) => id === text || (text.length >= 4 && id.startsWith(text)));
  if (found.length === 1) return found[0]!;
  throw new ClawError('not_found', found.length === 0 ? `There is no device “${text}”.` : `“${text}” could be several devices.`, {
    hint: 'See them with: clawtab devices',
  });
}

export interface LocalVerbsOptions {
  state: State;
  account: Account;
  pairing: Pairing;
  startedAt: number;
  machineName(): string;
  uplink(): Uplink;
  counts(): { runs: number; questions: number };
  warnings(): string[];
  notices: Notices;
  stop(): void;
}

/** The verbs, and what ends a waiting enrolment with the daemon. */
export function localVerbs(options: LocalVerbsOptions): { verbs: Parts['local']; close(): void } {
  const { account, notices, pairing } = options;
  const enrolments = new Enrolments({
    device: () => account.device,
    machineName: options.machineName,
    adopt: (enrolled) => {
      account.adopt(enrolled);
      notices.info('This machine is signed in.');
      options.uplink().start();
    },
    onWaiting: () =>
      notices.info('A phone has used this machine’s link. Type here the six digits that it shows: clawtab login --code DIGITS'),
    onTrouble: (message) => notices.warn(message),
  });

  const relayState = () => {
    const state = options.uplink().state;
    if (!('error' in state)) return { state: state.state };
    return { state: state.state, message: state.error.message, code: state.error.code };
  };

  const verbs: Parts['local'] = {
    'daemon.status': async () => {
      const membership = account.membership;
      return {
        pid: process.pid,
        version: VERSION,
        startedAt: options.startedAt,
        stateDir: options.state.root,
        device: account.id,
        account: membership && {
          id: membership.pin.account,
          origin: membership.origin,
          words: await account.words(),
          epoch: membership.trusted.list.epoch,
          devices: membership.trusted.devices.size,
        },
        relay: relayState(),
        phones: options.uplink().phones,
        ...options.counts(),
        warnings: options.warnings(),
      };
    },
    'daemon.stop': () => {
      // After the reply.
      setImmediate(options.stop);
      return {};
    },
    'account.enrol': async ({ origin, confirm }) => {
      if (account.membership)
        throw new ClawError('exists', `This machine is signed in at ${account.membership.origin}.`, {
          hint: 'Sign out first: clawtab logout',
        });
      const { link, code } = await enrolments.offer(origin, confirm ?? pairing.mode === 'qr');
      return { link, code, device: account.id };
    },
    'account.enrolment': () => enrolments.wait(),
    'account.confirm': ({ code }) => {
      enrolments.confirm(code);
      return {};
    },
    'account.reload': async () => {
      enrolments.cancel();
      await account.reload();
      options.uplink().start();
      return {};
    },
    'account.logout': async () => {
      const { membership } = account;
      const tokens = options.uplink().tokens;
      let removed = false;
      if (membership && tokens) {
        // Best effort: without the relay the list is cleaned from a phone.
        const removal = await signRemoval(membership.pin.account, account.id, account);
        removed = await tokens.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), body: { removal } }).then(
          () => true,
          () => false,
        );
        if (!removed) notices.warn('The relay could not be told; remove this machine from a phone, under Devices.');
      }
      options.uplink().stop();
      account.leave();
      if (removed) await account.renewKey();
      return { was: membership !== null, removed };
    },
    'devices.waiting': () => ({ devices: account.membership ? pairing.waiting(account.membership.trusted) : [] }),
    'devices.approve': ({ device }) => {
      const { membership } = account;
      if (!membership) throw new ClawError('login_required', 'This machine is not signed in.');
      const id = deviceNamed(membership.trusted, device);
      pairing.approve(id);
      options.uplink().listChanged(membership.trusted);
      return { device: id };
    },
    'devices.remove': async ({ device }) => {
      const { membership } = account;
      const tokens = options.uplink().tokens;
      if (!membership || !tokens) throw new ClawError('login_required', 'This machine is not signed in.');
      const removal = await signRemoval(membership.pin.account, deviceNamed(membership.trusted, device), account);
      await tokens.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), body: { removal } });
      const { list } = await tokens.call({ method: 'GET', path: '/v1/list', reply: GetListReply });
      await account.offerFromRelay(list);
      return {};
    },
  };
  return { verbs, close: () => enrolments.cancel() };
}
