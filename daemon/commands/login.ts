/** `clawtab login` and `clawtab logout`. The password is read without echo, becomes keys here and goes nowhere. */
import { Command } from 'commander';
import { ClawError } from '../../shared/errors.ts';
import { normalEmail } from '../../shared/keys.ts';
import { checkOrigin } from '../../shared/relay-http.ts';
import { generatePhrase } from '../../shared/words.ts';
import { readMembership, removeMembership, writeDeviceToken, writeMembership } from '../account/account-files.ts';
import { createDeviceKey, openDeviceKey } from '../account/device-key.ts';
import { login, register, type SignedIn } from '../account/sign-in.ts';
import { openState } from '../state.ts';
import { ask, askHidden } from './ask.ts';
import { tryDaemon, withDaemon } from './connect.ts';
import { awaitEnrolment, showLink } from './enrolment.ts';
import { bold, say } from './print.ts';

interface Options {
  relay?: string;
  email?: string;
  create?: boolean;
  qr?: boolean;
  code?: string;
}

const MIN_PASSWORD = 12;

export function loginCommand(): Command {
  return new Command()
    .option('--relay <address>', 'https://host of the relay (default: CLAWTAB_RELAY)')
    .option('--email <address>')
    .option('--create', 'make a new account')
    .option('--qr', 'no password here: show a QR code and a link for a phone that is, or will be, signed in')
    .option('--code <digits>', 'the six digits that the phone shows, where they could not be typed at once')
    .addHelpText(
      'after',
      '\nExamples:\n  clawtab login --relay https://claw.example\n  clawtab login --relay https://claw.example --create\n  clawtab login --relay https://claw.example --qr',
    )
    .action(signIn);
}

async function signIn(options: Options): Promise<void> {
  if (options.code !== undefined) return confirm(options.code);
  const state = openState();
  const member = await readMembership(state);
  const given = options.relay ?? process.env.CLAWTAB_RELAY ?? member?.origin;
  if (given === undefined)
    throw new ClawError('usage', 'Which relay? Name it with --relay.', {
      hint: 'clawtab login --relay https://host   (or start your own: clawtab up)',
    });
  const origin = checkOrigin(given);
  if (options.qr === true) return byPhone(origin);
  const device = await openDeviceKey(state);
  const email = normalEmail(options.email ?? (await ask('E-mail: ')));
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw new ClawError('bad_email', `“${email}” is no e-mail address.`);
  let result: SignedIn;
  if (options.create === true) {
    result = await register(origin, { email, password: await newPassword() }, device);
  } else {
    const password = await askHidden('Password: ');
    say('Signing in …');
    result = await login(origin, { email, password }, device, { known: member?.trusted ?? null, renewKey: () => createDeviceKey(state) });
  }
  const { trusted, deviceToken } = result;
  writeDeviceToken(state, deviceToken);
  writeMembership(state, { origin, pin: { account: trusted.list.account, ask: trusted.list.ask }, list: trusted.signed });
  const daemon = await tryDaemon();
  if (daemon) await daemon.call('account.reload', {});
  daemon?.close();
  say(`Signed in at ${origin}. ${daemon ? 'The daemon connects now.' : 'Start the daemon: clawtab daemon start'}`);
}

/** The phone signs this machine in; nothing is taken before the person here has typed what that phone shows. */
async function byPhone(origin: string): Promise<void> {
  await withDaemon(async (daemon) => {
    const offer = await daemon.call('account.enrol', { origin, confirm: true });
    say('Scan this with the phone, or open the link on it, within ten minutes. It carries a one-time secret: show it to nobody.\n');
    showLink(offer);
    await awaitEnrolment(daemon);
  });
  say(`Signed in at ${origin}. The daemon connects now.`);
}

async function confirm(code: string): Promise<void> {
  await withDaemon((daemon) => daemon.call('account.confirm', { code }));
  say('Signed in. The daemon connects now.');
}

async function newPassword(): Promise<string> {
  const phrase = await generatePhrase();
  say(`A password that no relay can guess: ${bold(phrase)}`);
  const own = await askHidden('Press Enter to take it (write it down), or type your own: ');
  if (own === '') return phrase;
  if (own.length < MIN_PASSWORD)
    throw new ClawError('bad_password', `The password has ${own.length} characters; it needs ${MIN_PASSWORD}.`);
  if ((await askHidden('Again: ')) !== own) throw new ClawError('bad_password', 'The two passwords differ.');
  return own;
}

export function logoutCommand(): Command {
  return new Command().action(async () => {
    const state = openState();
    const daemon = await tryDaemon();
    if (daemon) {
      const { was, removed } = await daemon.call('account.logout', {});
      daemon.close();
      if (!was) return say('This machine was not signed in.');
      return say(
        removed
          ? 'Signed out; this machine was taken off the account’s list.'
          : 'Signed out here. The relay could not be told, so remove this machine from a phone too, under Devices.',
      );
    }
    if ((await readMembership(state)) === null) return say('This machine was not signed in.');
    removeMembership(state);
    say('Signed out here. The daemon was not running, so remove this machine from a phone too, under Devices.');
  });
}
