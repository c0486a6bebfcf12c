/** Signing machines in against a real relay: the first account, a second machine, and what goes wrong. */
import * as path from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signRemoval, type TrustedList, verifyList } from '../../shared/device-list.ts';
import { SessionReply } from '../../shared/relay-api.ts';
import { type Fetch, RelayHttp } from '../../shared/relay-http.ts';
import { type RelayProcess, startRelay } from '../relay-process.ts';
import { openState, type State } from '../state.ts';
import { makePlace, type Place } from '../test-daemon.ts';
import { Account } from './account.ts';
import { createDeviceKey, openDeviceKey } from './device-key.ts';
import { login, register, type SignedIn } from './sign-in.ts';

let place: Place;
let relay: RelayProcess;
let origin: string;
let first: SignedIn;
/** After the second machine has signed in again: the newest list. */
let newer: SignedIn;
const who = { email: 'Me@Example.com', password: 'correct horse battery staple' };

const machine = (name: string): State => openState({ CLAWTAB_STATE: path.join(place.dir, name) });
const options = (state: State, known: TrustedList | null = null) => ({ known, renewKey: () => createDeviceKey(state) });

beforeAll(async () => {
  place = makePlace();
  relay = startRelay({ env: { ...place.env, LISTEN: '127.0.0.1:0', CLAWTAB_LIMITS: 'loginPerMinute=100' }, stdio: 'pipe' });
  origin = await relay.listening;
  first = await register(origin, who, await openDeviceKey(machine('one')));
}, 90_000);
afterAll(async () => {
  await relay.stop();
  place.remove();
});

describe('signing a machine in', () => {
  it('makes an account whose list names this machine', async () => {
    expect([...first.trusted.devices.values()]).toMatchObject([{ kind: 'daemon', id: (await openDeviceKey(machine('one'))).id }]);
    expect(first.deviceToken).toMatch(/^ctd_/);
  });

  it('refuses a second account with the same mail, however it is written', async () => {
    await expect(register(origin, { ...who, email: ' ME@example.COM ' }, await openDeviceKey(machine('other')))).rejects.toMatchObject({
      code: 'exists',
    });
  });

  it('adds a second machine with nothing but the password, and both stand on one list', async () => {
    const state = machine('two');
    const second = await login(origin, who, await openDeviceKey(state), options(state));
    expect(second.trusted.list).toMatchObject({ account: first.trusted.list.account, ask: first.trusted.list.ask, epoch: 2 });
    expect(second.trusted.devices.size).toBe(2);
  });

  it('refuses a wrong password and an unknown mail alike', async () => {
    const state = machine('three');
    const key = await openDeviceKey(state);
    await expect(login(origin, { ...who, password: 'wrong horse battery staple' }, key, options(state))).rejects.toMatchObject({
      code: 'wrong_password',
    });
    await expect(login(origin, { ...who, email: 'nobody@example.com' }, key, options(state))).rejects.toMatchObject({
      code: 'wrong_password',
    });
  });

  it('gives a machine that lost its token a new key, and takes the old one off', async () => {
    const state = machine('two');
    const old = await openDeviceKey(state);
    const again = await login(origin, who, old, options(state));
    newer = again;
    const fresh = await openDeviceKey(state);
    expect(fresh.id).not.toBe(old.id);
    expect(again.trusted.devices.has(fresh.id)).toBe(true);
    expect(again.trusted.devices.has(old.id)).toBe(false);
    expect(again.trusted.list.revoked).toContain(old.id);
  });

  it('gives a machine that was removed from the account a new key when it signs in again', async () => {
    const state = machine('five');
    const before = await login(origin, who, await openDeviceKey(state), options(state));
    const key = await openDeviceKey(state);
    const removal = await signRemoval(before.trusted.list.account, key.id, key);
    const http = new RelayHttp({ origin, key });
    const { sessionToken } = await http.call({
      method: 'POST',
      path: '/v1/session',
      reply: SessionReply,
      token: before.deviceToken,
      body: {},
    });
    await http.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), token: sessionToken, body: { removal } });
    newer = await login(origin, who, key, options(state));
    const fresh = await openDeviceKey(state);
    expect(fresh.id).not.toBe(key.id);
    expect([newer.trusted.devices.has(fresh.id), newer.trusted.devices.has(key.id)]).toEqual([true, false]);
  });

  it('refuses an account whose identity is not the one this machine trusts', async () => {
    const state = machine('four');
    const known = { ...first.trusted, list: { ...first.trusted.list, ask: 'B'.repeat(87) } };
    await expect(login(origin, who, await openDeviceKey(state), options(state, known))).rejects.toMatchObject({
      code: 'list_wrong_account_key',
      hint: expect.stringContaining('clawtab devices trust'),
    });
  });

  it('signs nothing onto a device list older than the one this machine has seen, whatever the relay shows at the sign-in', async () => {
    const state = machine('seven');
    const sent: string[] = [];
    // A relay that hides every removal since the first list.
    const lying: Fetch = async (url, init) => {
      sent.push(`${init.method} ${new URL(url).pathname}`);
      const response = await fetch(url, init);
      if (!url.endsWith('/v1/login') || !response.ok) return response;
      const reply = (await response.json()) as Record<string, unknown>;
      return Response.json({ ...reply, list: first.trusted.signed }, { headers: response.headers });
    };
    const key = await openDeviceKey(state);
    await expect(login(origin, who, key, { ...options(state, newer.trusted), fetch: lying })).rejects.toMatchObject({
      code: 'list_rollback',
      hint: expect.stringContaining('clawtab devices trust'),
    });
    expect(sent).not.toContain('POST /v1/list');
    const honest = await login(origin, who, key, options(state, newer.trusted));
    expect(honest.trusted.list.epoch).toBe(newer.trusted.list.epoch + 1);
  });

  it('keeps a removal that it knows of and the relay leaves out', async () => {
    const [one, two] = [machine('eight'), machine('nine')];
    const gone = await login(origin, who, await openDeviceKey(one), options(one));
    const key = await openDeviceKey(one);
    const removal = await signRemoval(gone.trusted.list.account, key.id, key);
    const known = await verifyList(
      { ...gone.trusted.signed, removals: [removal] },
      { account: gone.trusted.list.account, ask: gone.trusted.list.ask },
    );
    const back = await login(origin, who, await openDeviceKey(two), options(two, known));
    expect(back.trusted.devices.has(key.id)).toBe(false);
    expect(back.trusted.list.revoked).toContain(key.id);
  });
});

describe('the account as the daemon trusts it', () => {
  it('takes a newer list, keeps its own against an older one of the relay, and warns of two histories', async () => {
    const state = machine('one');
    const warnings: string[] = [];
    const account = await Account.open(state, { onList: () => undefined, onWarning: (text) => warnings.push(text) });
    account.adopt({ origin, trusted: first.trusted, deviceToken: first.deviceToken });
    await account.offerFromRelay(newer.trusted.signed);
    expect(account.trusted().list.epoch).toBe(newer.trusted.list.epoch);
    await account.offerFromRelay(first.trusted.signed);
    expect(account.trusted().list.epoch).toBe(newer.trusted.list.epoch);
    expect(warnings.join(' ')).toContain('older than');
    // A phone that is behind is no liar: its list lies in our past.
    expect((await account.offer(first.trusted.signed)).list.epoch).toBe(newer.trusted.list.epoch);
    const reread = await Account.open(state, { onList: () => undefined, onWarning: () => undefined });
    expect(reread.trusted().hash).toBe(account.trusted().hash);
    expect((await account.words()).split(' ')).toHaveLength(6);
  });

  it('takes no list of another account', async () => {
    const state = machine('six');
    const other = await register(origin, { email: 'other@example.com', password: 'another good password' }, await openDeviceKey(state));
    const warnings: string[] = [];
    const account = await Account.open(machine('one'), { onList: () => undefined, onWarning: (text) => warnings.push(text) });
    const before = account.trusted().hash;
    await account.offerFromRelay(other.trusted.signed);
    await expect(account.offer(other.trusted.signed)).rejects.toMatchObject({ code: 'list_other_account' });
    expect(account.trusted().hash).toBe(before);
    expect(warnings[0]).toContain('refused');
  });
});
