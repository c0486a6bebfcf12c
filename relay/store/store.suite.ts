/** What every store must do, whichever server is behind it: the rules of rows, of tokens' rows, of who hears what. */
import { expect, it } from 'vitest';
import { type Bytes, randomBytes, randomId } from '../../shared/bytes.ts';
import { createList, extendList, signRemoval, verifyList } from '../../shared/device-list.ts';
import { createSigningKey } from '../../shared/keys.ts';
import { createDevice, deferred } from '../../shared/test-devices.ts';
import { mintToken } from '../auth/token.ts';
import type { AccountRow, Change, Store } from './store.ts';

const DAY_MS = 86_400_000;

export async function newAccount(store: Store) {
  const device = await createDevice('phone');
  const ask = await createSigningKey();
  const account = randomId();
  const list = await createList(account, ask, [{ kind: 'phone', pub: device.publicRaw }]);
  const row: AccountRow = {
    id: account,
    email: `${account.toLowerCase()}@example.org`,
    salt: randomBytes(16),
    kdf: { algorithm: 'argon2id', memoryKiB: 64 * 1024, iterations: 3 },
    authHash: '$argon2id$test',
    askPub: ask.publicRaw,
    wrappedKey: randomBytes(100),
  };
  const made = await store.createAccount(row, list, [{ id: device.id, kind: 'phone', pub: device.publicRaw }]);
  const { hash } = await mintToken('device');
  await store.startToken(account, device.id, hash, Date.now());
  return { device, ask, account, list, row, made, hash, pin: { account, ask: '' } };
}

export function storeSuite(open: () => Store): void {
  it('keeps an account once, and finds it by id and address', async () => {
    const { row, made, list } = await newAccount(open());
    expect(made).toBe('created');
    expect(await open().account(row.id)).toEqual(row);
    expect(await open().accountByEmail(row.email)).toEqual(row);
    expect(await open().accountByEmail('nobody@example.org')).toBeNull();
    expect(await open().createAccount({ ...row, id: randomId() }, list, [])).toBe('exists');
    expect(await open().newestList(row.id)).toEqual({ epoch: 1, list });
  });

  it('takes the next list and no other, adds its devices and revokes those that left', async () => {
    const store = open();
    const home = await newAccount(store);
    const machine = await createDevice('daemon');
    const pin = { account: home.account, ask: Buffer.from(home.ask.publicRaw).toString('base64url') };
    const next = await extendList(await verifyList(home.list, pin), home.ask, [{ kind: 'daemon', pub: machine.publicRaw }]);
    const devices = [{ id: machine.id, kind: 'daemon' as const, pub: machine.publicRaw }];
    expect(await store.putList(home.account, 3, next, devices, 0)).toBe('conflict');
    expect(await store.putList(home.account, 2, next, devices, 0)).toBe('stored');
    expect(await store.putList(home.account, 2, next, devices, 0)).toBe('conflict');
    const rows = await store.devices(home.account);
    expect(rows.map((d) => [d.id, d.revoked])).toEqual([
      [home.device.id, true],
      [machine.id, false],
    ]);
    expect(await store.rotate(home.device.id, home.hash, randomBytes(32), Date.now())).toBeNull();
  });

  it('of two lists put at once takes one', async () => {
    const store = open();
    const home = await newAccount(store);
    const put = () => store.putList(home.account, 2, home.list, [{ id: home.device.id, kind: 'phone', pub: home.device.publicRaw }], 0);
    expect((await Promise.all([put(), put(), put()])).sort()).toEqual(['conflict', 'conflict', 'stored']);
  });

  it('takes no list that was made before a removal, which it would undo', async () => {
    const store = open();
    const home = await newAccount(store);
    const removal = await signRemoval(home.account, home.device.id, home.device);
    await store.removeDevice(home.account, home.device.id, removal);
    const devices = [{ id: home.device.id, kind: 'phone' as const, pub: home.device.publicRaw }];
    expect(await store.putList(home.account, 2, home.list, devices, 0)).toBe('conflict');
    expect((await store.newestList(home.account))?.list.removals).toEqual([removal]);
    expect((await store.device(home.account, home.device.id))?.revoked).toBe(true);
  });

  it('serialises rotations: of parallel tabs with one token all stay signed in', async () => {
    const store = open();
    const home = await newAccount(store);
    const successors = await Promise.all(Array.from({ length: 4 }, async () => (await mintToken('device')).hash));
    const outcomes = await Promise.all(successors.map((s) => store.rotate(home.device.id, home.hash, s, Date.now())));
    expect(outcomes.map((o) => o?.outcome)).toEqual(['rotated', 'rotated', 'rotated', 'rotated']);
    const live: Bytes[] = [];
    for (const s of successors) if (await store.tokenHolder(s)) live.push(s);
    expect(live).toHaveLength(1);
  });

  it('keeps the token before until a session of its successor is used, and not a moment longer', async () => {
    const store = open();
    const home = await newAccount(store);
    const [second, third, session] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    const first = await store.rotate(home.device.id, home.hash, second, 0);
    const generation = first?.outcome === 'rotated' ? first.state.generation : null;
    const row = { account: home.account, device: home.device.id, generation, expiresAtMs: Date.now() + 60_000, freshUntilMs: 0 };
    await store.createSession({ ...row, hash: session });
    expect((await store.rotate(home.device.id, home.hash, third, DAY_MS))?.outcome).toBe('rotated');
    expect((await store.session(session))?.confirms).toBe(generation);
    await store.confirmToken(home.account, home.device.id, generation!);
    expect((await store.session(session))?.confirms).toBeNull();
    expect((await store.rotate(home.device.id, home.hash, randomBytes(32), DAY_MS))?.outcome).toBe('reuse');
    expect((await store.rotate(home.device.id, third, randomBytes(32), DAY_MS))?.outcome).toBe('rotated');
  });

  it('removes a device with its tokens, sessions and enrolments, in one step, and remembers that', async () => {
    const store = open();
    const home = await newAccount(store);
    const session = randomBytes(32);
    const soon = Date.now() + 60_000;
    await store.createSession({
      hash: session,
      account: home.account,
      device: home.device.id,
      generation: null,
      expiresAtMs: soon,
      freshUntilMs: 0,
    });
    expect(await store.leaveEnrolment(home.account, home.device.id, 'sealed', soon)).toBe(true);
    expect((await store.session(session))?.device).toBe(home.device.id);
    const before = Date.now() - 60_000;
    const removal = await signRemoval(home.account, home.device.id, home.device);
    expect(await store.removeDevice(home.account, home.device.id, removal)).toBe(true);
    expect(await store.session(session)).toBeNull();
    expect(await store.enrolment(home.device.id, Date.now())).toBeNull();
    expect(await store.tokenHolder(home.hash)).toBeNull();
    expect((await store.newestList(home.account))?.list.removals).toEqual([removal]);
    expect(await store.changedSince(before)).toContainEqual({ account: home.account, device: home.device.id, what: 'revoked' });
    expect(await store.removeDevice(home.account, randomId(), removal)).toBe(false);
  });

  it('bars a device until it signs in again', async () => {
    const store = open();
    const home = await newAccount(store);
    await store.endSessions(home.account, home.device.id, 'quarantined');
    expect((await store.device(home.account, home.device.id))?.quarantined).toBe(true);
    const { hash } = await mintToken('device');
    await store.startToken(home.account, home.device.id, hash, Date.now());
    expect((await store.device(home.account, home.device.id))?.quarantined).toBe(false);
  });

  it('tells every node what was committed, with ids only', async () => {
    const store = open();
    const home = await newAccount(store);
    const heard = deferred<Change>();
    await store.listen((change) => change?.account === home.account && change.what === 'signed_out' && heard.resolve(change));
    await store.endSessions(home.account, home.device.id, 'signed_out');
    expect(await heard.promise).toEqual({ account: home.account, device: home.device.id, what: 'signed_out' });
  });

  it('keeps one secret, whoever asks first', async () => {
    const secrets = await Promise.all([open().secret(), open().secret(), open().secret()]);
    expect(new Set(secrets.map(String)).size).toBe(1);
    expect(secrets[0]).toHaveLength(32);
  });

  it('keeps an event once an hour, so that a flood of one hides no other', async () => {
    const store = open();
    const home = await newAccount(store);
    const now = Date.now();
    await store.addEvent(home.account, 'signed_in', home.device.id, now);
    for (let i = 0; i < 30; i++) await store.addEvent(home.account, 'token_misused', home.device.id, now);
    const kinds = (await store.events(home.account, 0, 10)).map(({ kind }) => kind).sort();
    expect(kinds).toEqual(['signed_in', 'token_misused']);
  });

  it('tidies up what has run out and nothing else', async () => {
    const store = open();
    const home = await newAccount(store);
    const now = Date.now();
    const [old, young] = [randomBytes(32), randomBytes(32)];
    const session = { account: home.account, device: home.device.id, generation: null, freshUntilMs: 0 };
    await store.createSession({ ...session, hash: old, expiresAtMs: now - 1000 });
    await store.createSession({ ...session, hash: young, expiresAtMs: now + 60_000 });
    await store.addEvent(home.account, 'signed_in', home.device.id, now - 91 * DAY_MS);
    await store.addEvent(home.account, 'signed_in', home.device.id, now);
    await store.leaveEnrolment(home.account, home.device.id, 'sealed', now - 1000);
    await store.tidy(now);
    expect(await store.session(old)).toBeNull();
    expect(await store.session(young)).not.toBeNull();
    expect(await store.events(home.account, 0, 10)).toHaveLength(1);
    expect(await store.enrolment(home.device.id, now - 5000)).toBeNull();
  });
}
