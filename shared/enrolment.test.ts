import { describe, expect, it } from 'vitest';
import { fromBase64url, fromUtf8, randomId, toBase64url, utf8 } from './bytes.ts';
import { createList, extendList, type TrustedList, verifyList } from './device-list.ts';
import {
  enrolmentLink,
  makeEnrolmentOffer,
  matchCode,
  openEnrolment,
  parseEnrolmentLink,
  sameDigits,
  sealEnrolment,
  terminalCode,
} from './enrolment.ts';
import { createSigningKey, type SigningKey } from './keys.ts';

async function accountWith(devices: { kind: 'phone' | 'daemon'; pub: SigningKey['publicRaw'] }[]): Promise<TrustedList> {
  const ask = await createSigningKey();
  const account = randomId();
  const signed = await createList(account, ask, devices);
  return verifyList(signed, { account, ask: toBase64url(ask.publicRaw) });
}

describe('enrolment by link', () => {
  it('carries the offer through the fragment of an address', async () => {
    const key = await createSigningKey();
    const offer = await makeEnrolmentOffer({ kind: 'daemon', pub: key.publicRaw, name: 'büro mac' });
    const link = enrolmentLink('https://claw.example/some/path', offer);
    expect(link.startsWith('https://claw.example/#enrol=')).toBe(true);
    expect(await parseEnrolmentLink(link)).toEqual(offer);
    expect(await parseEnrolmentLink(new URL(link).hash)).toEqual(offer);
    expect(await parseEnrolmentLink('https://claw.example/#other')).toBeNull();
  });

  it('refuses a link that was cut or whose id belongs to another key', async () => {
    const offer = await makeEnrolmentOffer({ kind: 'daemon', pub: (await createSigningKey()).publicRaw, name: 'm' });
    const link = enrolmentLink('https://claw.example', offer);
    await expect(parseEnrolmentLink(link.slice(0, -20))).rejects.toMatchObject({ code: 'enrolment_bad_link' });
    const other = await makeEnrolmentOffer({ kind: 'daemon', pub: (await createSigningKey()).publicRaw, name: 'm' });
    await expect(parseEnrolmentLink(enrolmentLink('https://claw.example', { ...offer, id: other.id }))).rejects.toMatchObject({
      code: 'enrolment_bad_link',
    });
  });

  it('hands the account to the daemon that printed the link', async () => {
    const daemon = await createSigningKey();
    const phone = await createSigningKey();
    const offer = await makeEnrolmentOffer({ kind: 'daemon', pub: daemon.publicRaw, name: 'm' });
    const trusted = await accountWith([
      { kind: 'phone', pub: phone.publicRaw },
      { kind: 'daemon', pub: daemon.publicRaw },
    ]);
    const opened = await openEnrolment(offer, await sealEnrolment(offer, trusted));
    expect(opened.list).toEqual(trusted.list);
  });

  it('refuses an account that a relay without the link’s secret puts in its place', async () => {
    const daemon = await createSigningKey();
    const offer = await makeEnrolmentOffer({ kind: 'daemon', pub: daemon.publicRaw, name: 'm' });
    const evil = await accountWith([{ kind: 'daemon', pub: daemon.publicRaw }]);
    const guessed = await makeEnrolmentOffer({ kind: 'daemon', pub: daemon.publicRaw, name: 'm' });
    await expect(openEnrolment(offer, await sealEnrolment(guessed, evil))).rejects.toMatchObject({ code: 'enrolment_forged' });
    await expect(openEnrolment(offer, 'AAAA')).rejects.toMatchObject({ code: 'enrolment_forged' });
  });

  it('refuses a seal of which any part was changed', async () => {
    const daemon = await createSigningKey();
    const offer = await makeEnrolmentOffer({ kind: 'daemon', pub: daemon.publicRaw, name: 'm' });
    const good = await accountWith([{ kind: 'daemon', pub: daemon.publicRaw }]);
    const evil = await accountWith([{ kind: 'daemon', pub: daemon.publicRaw }]);
    const sealed = JSON.parse(fromUtf8(fromBase64url(await sealEnrolment(offer, good))!));
    for (const change of [{ account: evil.list.account }, { ask: evil.list.ask }, { list: evil.signed }]) {
      const forged = toBase64url(utf8(JSON.stringify({ ...sealed, ...change })));
      await expect(openEnrolment(offer, forged)).rejects.toMatchObject({ code: 'enrolment_forged' });
    }
  });

  it('refuses a list in which this device does not stand', async () => {
    const ask = await createSigningKey();
    const account = randomId();
    const phone = await createSigningKey();
    const daemon = await createSigningKey();
    const pin = { account, ask: toBase64url(ask.publicRaw) };
    const without = await verifyList(await createList(account, ask, [{ kind: 'phone', pub: phone.publicRaw }]), pin);
    const offer = await makeEnrolmentOffer({ kind: 'daemon', pub: daemon.publicRaw, name: 'm' });
    await expect(openEnrolment(offer, await sealEnrolment(offer, without))).rejects.toMatchObject({ code: 'enrolment_incomplete' });
    const withIt = await verifyList(await extendList(without, ask, [{ kind: 'daemon', pub: daemon.publicRaw }]), pin);
    expect((await openEnrolment(offer, await sealEnrolment(offer, withIt))).devices.has(offer.id)).toBe(true);
  });
});

describe('the codes that two screens compare', () => {
  const offerOf = async () =>
    makeEnrolmentOffer({ kind: 'daemon', pub: (await createSigningKey()).publicRaw, name: 'desk', confirm: true });

  it('are six digits, the same at both ends', async () => {
    const offer = await offerOf();
    const read = (await parseEnrolmentLink(enrolmentLink('https://claw.example', offer)))!;
    expect(read.confirm).toBe(true);
    expect(await terminalCode(read)).toBe(await terminalCode(offer));
    expect(await terminalCode(offer)).toMatch(/^\d{3} \d{3}$/);
    const trusted = await accountWith([{ kind: 'daemon', pub: fromBase64url(offer.pub)! }]);
    const opened = await openEnrolment(offer, await sealEnrolment(read, trusted));
    expect(await matchCode(offer, opened)).toBe(await matchCode(read, trusted));
  });

  it('differ for another machine, another link, another name, another account', async () => {
    const offer = await offerOf();
    const trusted = await accountWith([{ kind: 'daemon', pub: fromBase64url(offer.pub)! }]);
    const thief = await accountWith([{ kind: 'daemon', pub: fromBase64url(offer.pub)! }]);
    const others = [await offerOf(), { ...offer, secret: (await offerOf()).secret }, { ...offer, name: 'dask' }];
    for (const other of others) expect(await terminalCode(other)).not.toBe(await terminalCode(offer));
    expect(await matchCode(offer, thief)).not.toBe(await matchCode(offer, trusted));
    expect(await matchCode(offer, trusted)).not.toBe(await terminalCode(offer));
  });

  it('are read however they are written, and as nothing else', () => {
    for (const typed of ['012 345', '012345', ' 012-345 ']) expect(sameDigits(typed, '012 345')).toBe(true);
    for (const typed of ['', '12345', '012346', '0123450', 'abc def']) expect(sameDigits(typed, '012 345')).toBe(false);
  });
});
