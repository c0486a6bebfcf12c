/** `clawtab devices`: phones and machines of the account. */
import { Command } from 'commander';
import { ClawError } from '../../shared/errors.ts';
import { readMembership, removeMembership } from '../account/account-files.ts';
import { openState } from '../state.ts';
import { ask } from './ask.ts';
import { tryDaemon, withDaemon } from './connect.ts';
import { age, bold, json, say, table } from './print.ts';

export function devicesCommand(): Command {
  const devices = new Command();
  devices
    .command('ls', { isDefault: true })
    .description('who may speak to whom, and the account’s words')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const [list, waiting] = await withDaemon((daemon) =>
        Promise.all([daemon.call('devices.list', {}), daemon.call('devices.waiting', {})]),
      );
      const waits = new Set(waiting.devices);
      if (options.json === true) return json(list);
      if (list.devices.length === 0) return say('This machine is not signed in. Try: clawtab login, or clawtab up');
      const seen = (atMs: number | undefined): string => (atMs === undefined ? '–' : `${age(Date.now() - atMs)} ago`);
      table(
        list.devices.map((device) => [
          device.id.slice(0, 8),
          device.kind,
          device.name ?? '–',
          waits.has(device.id) ? 'waits for approval' : seen(device.lastSeenAt),
        ]),
        ['DEVICE', 'KIND', 'NAME', 'LAST SEEN HERE'],
      );
      say(`\nAccount words: ${bold(list.words)}\nThe same words must stand on your phone under Settings.`);
    });
  devices
    .command('approve')
    .description('let a phone in that waits (pairing = "approve" or "qr" in config.toml)')
    .argument('<device>', 'id, or its beginning, as the phone shows it under Devices')
    .action(async (device: string) => {
      const approved = await withDaemon((daemon) => daemon.call('devices.approve', { device }));
      say(`Approved ${approved.device.slice(0, 8)}.`);
    });
  devices
    .command('rm')
    .description('remove a device; its sockets close at once')
    .argument('<device>', 'id, or its beginning')
    .action(async (device: string) => {
      await withDaemon((daemon) => daemon.call('devices.remove', { device }));
      say(`Removed ${device}.`);
    });
  devices
    .command('trust')
    .description('forget the pinned account, so that a new identity (after a password reset) can sign in')
    .option('--yes', 'do not ask')
    .action(async (options: { yes?: boolean }) => {
      const state = openState();
      const member = await readMembership(state);
      if (!member) return say('No account is pinned here. Sign in: clawtab login');
      say('After this, whoever signs this machine in next becomes the account that may type into its agents.');
      if (options.yes !== true && !/^y/i.test(await ask('Forget the pinned account? [y/N] ')))
        throw new ClawError('usage', 'Nothing was changed.');
      removeMembership(state);
      const daemon = await tryDaemon();
      await daemon?.call('account.reload', {});
      daemon?.close();
      say('Forgotten. Sign in now: clawtab login');
    });
  return devices;
}
