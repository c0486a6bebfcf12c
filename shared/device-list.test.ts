import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { advanceList, createList, extendList, type SignedList, signRemoval, type TrustedList, verifyList } from './device-list.ts';
import { createSigningKey } from './keys.ts';
import { createAccount, createDevice, type TestAccount, type TestDevice } from './test-devices.ts';

const refusal = (code: string) => expect.objectContaining({ code });
let a: TestAccount;
let first: TrustedList;
let tablet: TestDevice;
beforeAll(async () => {
  a = await createAccount();
  first = await verifyList(a.list, a.pin);
  tablet = await createDevice('phone');
});

describe('device list', () => {
  it('holds the devices that the account key signed', () => {
    expect([...first.devices.keys()].sort()).toEqual([a.phone.id, a.daemon.id].sort());
  });

  it('refuses a list with one byte changed, another key, another account', async () => {
    await expect(verifyList({ ...a.list, body: a.list.body.replace('"phone"', '"daemon"') }, a.pin)).rejects.toEqual(
      refusal('list_bad_signature'),
    );
    await expect(verifyList(a.list, { ...a.pin, account: 'another-account-0000' })).rejects.toEqual(refusal('list_other_account'));
    const strange = await createList(a.account, await createSigningKey(), [{ kind: 'phone', pub: tablet.publicRaw }]);
    await expect(verifyList(strange, a.pin)).rejects.toEqual(refusal('list_wrong_account_key'));
  });

  it('moves forward by one signed step, and shows a rollback and a fork for what they are', async () => {
    const second = await extendList(first, a.ask, [{ kind: 'phone', pub: tablet.publicRaw }]);
    const known = await advanceList(first, second, a.pin);
    expect(known.devices.has(tablet.id)).toBe(true);
    await expect(advanceList(known, a.list, a.pin)).rejects.toEqual(refusal('list_rollback'));
    const fork = await extendList(first, a.ask, [{ kind: 'phone', pub: (await createDevice('phone')).publicRaw }]);
    await expect(advanceList(known, fork, a.pin)).rejects.toEqual(refusal('list_fork'));
    const otherPast = await extendList(await verifyList(fork, a.pin), a.ask, []);
    await expect(advanceList(known, otherPast, a.pin)).rejects.toEqual(refusal('list_fork'));
  });

  it('lets any listed device take another off, for good', async () => {
    const removal = await signRemoval(a.account, a.phone.id, a.daemon);
    const without = await advanceList(first, { ...a.list, removals: [removal] }, a.pin);
    expect(without.devices.has(a.phone.id)).toBe(false);
    // The relay "forgets" the removal: the device that has seen it does not.
    expect((await advanceList(without, a.list, a.pin)).devices.has(a.phone.id)).toBe(false);
    const next = await verifyList(await extendList(without, a.ask, [{ kind: 'phone', pub: tablet.publicRaw }]), a.pin);
    expect(next.list.revoked).toContain(a.phone.id);
    const back = await extendList(first, a.ask, [{ kind: 'phone', pub: tablet.publicRaw }]);
    await expect(advanceList(without, back, a.pin)).rejects.toEqual(refusal('list_malformed'));
  });

  it('ignores a removal signed by a device that is not on the list', async () => {
    const removal = await signRemoval(a.account, a.daemon.id, tablet);
    await expect(verifyList({ ...a.list, removals: [removal] }, a.pin)).rejects.toEqual(refusal('list_bad_removal'));
  });

  it('never comes to hold a key that the account key did not sign, whatever order a relay shows lists in', async () => {
    const pool: SignedList[] = [a.list];
    const genuine = new Set([a.phone.id, a.daemon.id]);
    let tip = first;
    for (let i = 0; i < 4; i++) {
      const device = await createDevice(i % 2 ? 'phone' : 'daemon');
      genuine.add(device.id);
      const next = await extendList(tip, a.ask, [{ kind: device.kind, pub: device.publicRaw }]);
      pool.push(next, { ...next, removals: [await signRemoval(a.account, a.phone.id, a.daemon)] });
      tip = await verifyList(next, a.pin);
    }
    const evil = await createSigningKey();
    const intruder = await createDevice('phone');
    pool.push(await createList(a.account, evil, [{ kind: 'phone', pub: intruder.publicRaw }]));
    pool.push(await extendList(tip, evil, [{ kind: 'phone', pub: intruder.publicRaw }]));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(pool.length - 1), { maxLength: 12 }), async (order) => {
        let known: TrustedList | null = null;
        for (const i of order) known = await advanceList(known, pool[i]!, a.pin).catch(() => known);
        for (const id of known?.devices.keys() ?? []) expect(genuine.has(id)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
