/** Security events reach the person at the machine: once, also over a restart of the daemon; phones whose page is closed get a push, pages ask the relay for themselves. */
import type { ChildProcess } from 'node:child_process';
import { createECDH } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBytes, toBase64url } from '../shared/bytes.ts';
import { parseEnrolmentLink } from '../shared/enrolment.ts';
import { createSigningKey } from '../shared/keys.ts';
import { DevicesReply } from '../shared/relay-api.ts';
import { RelayHttp } from '../shared/relay-http.ts';
import { type RelayProcess, startRelay } from './relay-process.ts';
import { openState } from './state.ts';
import { Listener, makePlace, type Place, spawnDaemon } from './test-daemon.ts';
import { TestPhone } from './test-phone.ts';

let place: Place;
let relay: RelayProcess;
let daemon: ChildProcess;
let desk: Listener;
let phone: TestPhone;

async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

beforeAll(async () => {
  place = makePlace();
  relay = startRelay({ env: { ...place.env, LISTEN: '127.0.0.1:0' }, stdio: 'pipe' });
  const origin = await relay.listening;
  daemon = await spawnDaemon(place);
  desk = await Listener.connect(place);
  phone = await TestPhone.register(origin);
  const { link } = await desk.client.call('account.enrol', { origin });
  await phone.enrol((await parseEnrolmentLink(link))!);
  phone.connect();
  await phone.until(() => phone.channel?.isOpen);
}, 120_000);
afterAll(async () => {
  phone.close();
  desk.client.close();
  await ended(daemon);
  await relay.stop();
  place.remove();
});

/** Shows the session token of `whose` with another key, as somebody who has found it would. */
async function steal(whose: TestPhone): Promise<void> {
  const thief = new RelayHttp({ origin: phone.tokens.http.origin, key: await createSigningKey() });
  const shown = thief.call({ method: 'GET', path: '/v1/devices', reply: DevicesReply, token: await whose.tokens.session() });
  await expect(shown).rejects.toMatchObject({ code: 'proof_other_key' });
}
/** Pushes of the kind that the daemon has handed to the relay, by phone. */
const pushed = (): string[] =>
  readFileSync(join(openState(place.env).logs, 'daemon.log'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; kind?: string; device?: string })
    .flatMap((line) => (line.event === 'push' && line.kind === 'security' ? [line.device!] : []));

async function subscribe(who: TestPhone): Promise<void> {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  // A service that the relay passes nothing on to: what counts here is that it was asked to.
  const endpoint = 'https://push.example.org/x';
  const keys = { p256dh: toBase64url(new Uint8Array(ecdh.getPublicKey())), auth: toBase64url(randomBytes(16)) };
  await who.call('push.subscribe', { subscription: { endpoint, ...keys }, pushKey: toBase64url(randomBytes(32)) });
}
const told = (): string[] => desk.events.flatMap((e) => (e.event === 'notice' ? [e.data.text] : []));

describe('security events of the account', () => {
  it('are told at the machine within a moment, and stand in its status', { timeout: 120_000 }, async () => {
    const second = await phone.another();
    const short = second.key.id.slice(0, 6);
    // It has looked once, at what was before it.
    await desk.until(() => told().some((text) => text.includes(`A new phone was added to the account (${short})`)));
    await subscribe(phone);
    await steal(second);
    const text = await desk.until(() => told().find((line) => line.includes('without its key')));
    expect(text).toContain(`device ${short}`);
    expect(text).toContain(`clawtab devices rm ${short}`);
    expect((await desk.client.call('daemon.status', {})).warnings).toContain(text);
    expect(phone.events.filter((e) => e.event === 'notice' && e.data.text.includes('without its key'))).toEqual([]);
    await desk.until(() => pushed().length > 0);
    expect(pushed()).toEqual([phone.key.id]);
  });

  it('are not told again by a daemon that starts anew; what came meanwhile is', { timeout: 120_000 }, async () => {
    desk.client.close();
    await ended(daemon);
    const third = await phone.another();
    await steal(third);
    daemon = await spawnDaemon(place);
    desk = await Listener.connect(place);
    await desk.until(async () => (await desk.client.call('daemon.status', {})).warnings.some((w) => w.includes(third.key.id.slice(0, 6))));
    expect((await desk.client.call('daemon.status', {})).warnings.filter((w) => w.includes('without its key'))).toHaveLength(1);
  });
});
