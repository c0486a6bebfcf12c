/** Pairing modes: who is let in by a sign-in alone, and who waits for a person at this machine; the file that remembers it; a recovery that opens nothing. */
import type { ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Grant, TrustedList } from '../shared/device-list.ts';
import { type EnrolmentOffer, matchCode, parseEnrolmentLink } from '../shared/enrolment.ts';
import { accountDir } from './account/device-key.ts';
import { Pairing, type PairingMode } from './pairing.ts';
import { type RelayProcess, startRelay } from './relay-process.ts';
import { openState, type State } from './state.ts';
import { Listener, makePlace, type Place, spawnDaemon } from './test-daemon.ts';
import { TestPhone } from './test-phone.ts';

const GRANTS: Grant[] = ['view', 'answer', 'start', 'type', 'admin'];
let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => place.remove());

describe('what a mode lets in', () => {
  let state: State;
  const notes: string[] = [];
  const pairing = (mode: PairingMode): Pairing => new Pairing(state, mode, (text) => notes.push(text));
  const list = (account: string, ...ids: string[]): TrustedList =>
    ({ list: { account }, devices: new Map(ids.map((id) => [id, { id, kind: 'phone', grants: GRANTS }])) }) as unknown as TrustedList;
  const granted = (at: Pairing, id: string): Grant[] => [...at.grants({ id, grants: GRANTS })];

  beforeEach(() => {
    state = openState(place.env);
    fs.mkdirSync(accountDir(state), { mode: 0o700 });
    notes.length = 0;
  });

  it.each([
    ['auto', GRANTS, []],
    ['approve', ['view'], ['new']],
    ['qr', [], ['new']],
  ] as const)('%s gives a phone that comes later %j', (mode, grants, waiting) => {
    const at = pairing(mode);
    at.seen(list('one', 'first'));
    at.seen(list('one', 'first', 'new'));
    expect(granted(at, 'first')).toEqual(GRANTS);
    expect(granted(at, 'new')).toEqual(grants);
    expect(at.waiting(list('one', 'first', 'new'))).toEqual(waiting);
  });

  it('an approval holds over restarts, and ends with the device', () => {
    const at = pairing('qr');
    at.seen(list('one', 'first'));
    at.approve('new');
    const again = pairing('qr');
    again.seen(list('one', 'first', 'new'));
    expect(granted(again, 'new')).toEqual(GRANTS);
    again.seen(list('one', 'first'));
    again.seen(list('one', 'first', 'new'));
    expect(granted(again, 'new')).toEqual([]);
  });

  it('a mode that is made stricter later keeps those who were in', () => {
    const at = pairing('auto');
    at.seen(list('one', 'first'));
    at.seen(list('one', 'first', 'second'));
    const strict = pairing('qr');
    strict.seen(list('one', 'first', 'second', 'third'));
    expect(strict.waiting(list('one', 'first', 'second', 'third'))).toEqual(['third']);
  });

  it('a damaged file lets nobody in, and says so', () => {
    pairing('qr').seen(list('one', 'first'));
    fs.writeFileSync(path.join(accountDir(state), 'approved.json'), '{"v":1,', { mode: 0o600 });
    const at = pairing('qr');
    at.seen(list('one', 'first'));
    expect(granted(at, 'first')).toEqual([]);
    expect(notes[0]).toMatch(/approved\.json is not readable/);
  });

  it('another account begins anew', () => {
    pairing('qr').seen(list('one', 'first'));
    const at = pairing('qr');
    at.seen(list('two', 'other'));
    expect([granted(at, 'other'), granted(at, 'first')]).toEqual([GRANTS, []]);
  });
});

describe('through a relay', () => {
  let relay: RelayProcess;
  let daemon: ChildProcess;
  let desk: Listener;
  let phone: TestPhone;
  let second: TestPhone;

  async function start(mode: PairingMode): Promise<void> {
    fs.writeFileSync(path.join(openState(place.env).root, 'config.toml'), `pairing = "${mode}"\n`, { mode: 0o600 });
    relay = startRelay({ env: { ...place.env, LISTEN: '127.0.0.1:0' }, stdio: 'pipe' });
    const origin = await relay.listening;
    daemon = await spawnDaemon(place);
    desk = await Listener.connect(place);
    phone = await TestPhone.register(origin);
    const { link } = await desk.client.call('account.enrol', { origin });
    const offer = (await parseEnrolmentLink(link))!;
    await phone.enrol(offer);
    if (mode === 'qr') await confirmed(offer, phone);
    phone.connect();
    await phone.until(() => phone.channel?.isOpen);
    await phone.snapshot();
    second = await phone.another();
    second.connect();
  }
  /** Nothing is taken before somebody at the machine has typed what the phone shows. */
  async function confirmed(offer: EnrolmentOffer, by: TestPhone): Promise<void> {
    await expect(desk.client.call('account.enrolment', {})).resolves.toEqual({ state: 'confirm' });
    expect((await desk.client.call('daemon.status', {})).account).toBeNull();
    await desk.client.call('account.confirm', { code: await matchCode(offer, by.trusted) });
  }
  afterEach(async () => {
    phone.close();
    second.close();
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    await gone;
    await relay.stop();
  });

  it('approve: a new phone sees, does nothing, and may once somebody here says so', { timeout: 120_000 }, async () => {
    await start('approve');
    await second.until(() => second.channel?.isOpen);
    await second.snapshot();
    await expect(second.call('devices.list', {})).resolves.toMatchObject({ devices: expect.any(Array) });
    await expect(second.call('runs.start', { from: 'demo', requestId: 'A'.repeat(22) })).rejects.toMatchObject({ code: 'not_granted' });
    const { devices } = await desk.client.call('devices.waiting', {});
    expect(devices).toEqual([second.key.id]);
    await desk.client.call('devices.approve', { device: second.key.id.slice(0, 6) });
    await expect(second.call('runs.start', { from: 'demo', requestId: 'B'.repeat(22) })).resolves.toMatchObject({
      run: expect.any(String),
    });
    for (const run of (await desk.client.call('state.get', {})).runs) await desk.client.call('runs.stop', { run: run.run, hard: true });
    desk.client.close();
  });

  it('qr: the phone that scanned this machine’s code is in, one that only signed in is not, until it is approved', {
    timeout: 120_000,
  }, async () => {
    await start('qr');
    await second.until(() => second.closes.length > 0);
    expect(second.closes[0]).toMatchObject({ code: expect.stringMatching(/not_granted|e2e_peer_refused/) });
    expect(second.events).toEqual([]);
    await desk.client.call('devices.approve', { device: second.key.id });
    second.close();
    second.connect();
    await second.until(() => second.channel?.isOpen);
    await second.snapshot();
    desk.client.close();
  });
});
