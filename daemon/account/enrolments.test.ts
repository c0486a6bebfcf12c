/** Pairing by QR code: what stands on both screens, and a machine that takes no account before its person has typed what the phone shows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EnrolmentOffer, matchCode, parseEnrolmentLink, terminalCode } from '../../shared/enrolment.ts';
import { ownCommand } from '../own-command.ts';
import { type RelayProcess, startRelay } from '../relay-process.ts';
import { Listener, makePlace, type Place, spawnDaemon } from '../test-daemon.ts';
import { TestPhone } from '../test-phone.ts';

let relayPlace: Place;
let relay: RelayProcess;
let origin: string;
let place: Place;
let daemon: ChildProcess;
let desk: Listener;
let phone: TestPhone;

beforeAll(async () => {
  relayPlace = makePlace();
  relay = startRelay({ env: { ...relayPlace.env, LISTEN: '127.0.0.1:0', CLAWTAB_LIMITS: 'registerPerHour=1000' }, stdio: 'pipe' });
  origin = await relay.listening;
}, 60_000);
afterAll(async () => {
  await relay.stop();
  relayPlace.remove();
});
beforeEach(async () => {
  place = makePlace();
  daemon = await spawnDaemon(place);
  desk = await Listener.connect(place);
  phone = await TestPhone.register(origin);
}, 60_000);
afterEach(async () => {
  phone.close();
  desk.client.close();
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await gone;
  place.remove();
});

/** `clawtab login --qr` at a terminal whose lines are read here. */
function loginByPhone(): { said(text: RegExp): Promise<RegExpExecArray>; type(line: string): void; code: Promise<number | null> } {
  const [node, ...args] = ownCommand('cli');
  const child = spawn(node!, [...args, 'login', '--qr', '--relay', origin], { env: place.env });
  let out = '';
  let wake: () => void = () => undefined;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8');
      wake();
    });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  let from = 0;
  return {
    code,
    type: (line) => child.stdin.write(`${line}\n`),
    async said(text) {
      for (;;) {
        const found = text.exec(out.slice(from));
        if (found) {
          from += found.index + found[0].length;
          return found;
        }
        const ended = await Promise.race([code.then(() => true), new Promise<false>((resolve) => (wake = () => resolve(false)))]);
        if (ended && !text.test(out.slice(from))) throw new Error(`it ended and said: ${out}`);
      }
    },
  };
}
const account = async (): Promise<string | undefined> => (await desk.client.call('daemon.status', {})).account?.id;
const offerIn = async (link: string): Promise<EnrolmentOffer> => (await parseEnrolmentLink(link))!;

describe('clawtab login --qr', { timeout: 60_000 }, () => {
  it('shows link and code, and signs the machine in when the phone’s digits have been typed', async () => {
    const terminal = loginByPhone();
    const [link] = await terminal.said(/http:\/\/\S+#enrol=\S+/);
    const [, shown] = await terminal.said(/the page may ask for: (\d{3} \d{3})/);
    const offer = await offerIn(link);
    expect(shown).toBe(await terminalCode(offer));
    expect(offer.confirm).toBe(true);
    await phone.enrol(offer);
    await terminal.said(/The six digits that your phone shows:/);
    expect(await account()).toBeUndefined();
    terminal.type('000 000');
    await terminal.said(/not the six digits .* \(2 more\)/);
    await terminal.said(/your phone shows:/);
    terminal.type(await matchCode(offer, phone.trusted));
    await terminal.said(/Signed in at/);
    expect(await terminal.code).toBe(0);
    expect(await account()).toBe(phone.trusted.list.account);
    phone.connect();
    await phone.until(() => phone.channel?.isOpen);
  });

  it('takes nothing from somebody who has photographed the code and was faster', async () => {
    const terminal = loginByPhone();
    const [link] = await terminal.said(/http:\/\/\S+#enrol=\S+/);
    const offer = await offerIn(link);
    const thief = await TestPhone.register(origin);
    await thief.enrol(offer);
    await terminal.said(/your phone shows:/);
    await phone.enrol(offer);
    const own = await matchCode(offer, phone.trusted);
    for (const more of [/\(2 more\)/, /\(1 more\)/, /Has somebody else used the link\?/]) {
      terminal.type(own);
      await terminal.said(more);
    }
    expect(await terminal.code).toBe(4);
    expect(await account()).toBeUndefined();
    // What the thief’s phone shows is worth nothing any more.
    const late = desk.client.call('account.confirm', { code: await matchCode(offer, thief.trusted) });
    await expect(late).rejects.toMatchObject({ code: 'enrolment_over' });
    thief.close();

    const again = loginByPhone();
    const fresh = await offerIn((await again.said(/http:\/\/\S+#enrol=\S+/))[0]);
    expect(fresh.secret).not.toBe(offer.secret);
    await phone.enrol(fresh);
    await again.said(/your phone shows:/);
    again.type(await matchCode(fresh, phone.trusted));
    expect(await again.code).toBe(0);
    expect(await account()).toBe(phone.trusted.list.account);
  });
});

describe('a link that asks for nothing', () => {
  it('is that of `clawtab up` where pairing is auto: used means signed in', async () => {
    const { link } = await desk.client.call('account.enrol', { origin });
    const offer = await offerIn(link);
    expect(offer.confirm).toBeUndefined();
    const used = desk.client.call('account.enrolment', {});
    await phone.enrol(offer);
    expect(await used).toEqual({ state: 'signed_in' });
    expect(await account()).toBe(phone.trusted.list.account);
    await expect(desk.client.call('account.confirm', { code: '1' })).rejects.toMatchObject({ code: 'enrolment_over' });
  });

  it('brings a machine back that has signed out, under a new key', async () => {
    const { link, device } = await desk.client.call('account.enrol', { origin });
    await phone.enrol(await offerIn(link));
    await desk.until(async () => (await desk.client.call('daemon.status', {})).relay.state === 'online');
    await desk.client.call('account.logout', {});
    expect(await account()).toBeUndefined();
    await phone.fetchList();
    const again = await desk.client.call('account.enrol', { origin });
    expect(again.device).not.toBe(device);
    const used = desk.client.call('account.enrolment', {});
    await phone.enrol(await offerIn(again.link));
    expect(await used).toEqual({ state: 'signed_in' });
    expect(await account()).toBe(phone.trusted.list.account);
  });
});
