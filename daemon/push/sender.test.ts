/** BAD-87 of the contract, the half of it that subscription.test.ts leaves: a subscription with an impossible key is not kept, and is dropped where one lies in the file. */
import { createECDH } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '../../shared/bytes.ts';
import { createSigningKey } from '../../shared/keys.ts';
import { RelayHttp } from '../../shared/relay-http.ts';
import { TokenSource } from '../../shared/token-source.ts';
import { accountDir } from '../account/device-key.ts';
import { DeviceBook } from '../device-book.ts';
import { openState } from '../state.ts';
import { trial } from './contents.ts';
import { Pushes, wallClock } from './pushes.ts';
import { pushSender } from './sender.ts';

const PHONE = 'phone-1';
const ecdh = createECDH('prime256v1');
ecdh.generateKeys();
const point = new Uint8Array(ecdh.getPublicKey());
const changed = (at: number): Uint8Array => point.map((byte, i) => (i === at ? byte ^ 1 : byte));
const GOOD = {
  endpoint: 'https://fcm.googleapis.com/fcm/send/x',
  p256dh: toBase64url(point),
  auth: toBase64url(new Uint8Array(16).fill(7)),
};
const pushKey = toBase64url(new Uint8Array(32).fill(3));

const ROWS: [string, Partial<typeof GOOD>][] = [
  ['p256dh of 64 bytes', { p256dh: toBase64url(point.subarray(1)) }],
  ['p256dh of 66 bytes', { p256dh: toBase64url(Uint8Array.of(...point, 0)) }],
  ['p256dh that is not on the curve', { p256dh: toBase64url(changed(64)) }],
  ['p256dh whose x is another’s', { p256dh: toBase64url(changed(1)) }],
  ['p256dh compressed', { p256dh: toBase64url(new Uint8Array(ecdh.getPublicKey(null, 'compressed'))) }],
  ['p256dh as the point at infinity', { p256dh: toBase64url(Uint8Array.of(0)) }],
  ['p256dh as zeros', { p256dh: toBase64url(Uint8Array.of(4, ...new Uint8Array(64))) }],
  ['p256dh with another first byte', { p256dh: toBase64url(Uint8Array.of(6, ...point.subarray(1))) }],
  ['p256dh that is no base64url', { p256dh: `${GOOD.p256dh.slice(0, -1)}=` }],
  ['auth of 15 bytes', { auth: toBase64url(new Uint8Array(15)) }],
  ['auth of 17 bytes', { auth: toBase64url(new Uint8Array(17)) }],
  ['auth that is empty', { auth: '' }],
];

describe('BAD-87 a push subscription', () => {
  let home: string;
  let devices: DeviceBook;
  let pushes: Pushes;
  let asked: string[];
  let send: ReturnType<typeof pushSender>;

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'ct-push-'));
  });
  afterAll(() => rmSync(home, { recursive: true }));
  beforeEach(async () => {
    const state = openState({ HOME: home, CLAWTAB_STATE: join(home, 's') });
    mkdirSync(accountDir(state), { recursive: true, mode: 0o700 });
    devices = new DeviceBook(state, () => undefined);
    devices.forget(PHONE);
    asked = [];
    const made = await createSigningKey();
    const http = new RelayHttp({
      origin: 'https://relay.example.org',
      key: made,
      fetch: async (url) => {
        asked.push(String(url));
        throw new Error('nobody is to be asked');
      },
    });
    const tokens = new TokenSource(http, { load: async () => null, save: async () => undefined, exclusive: (task) => task() });
    send = pushSender({ devices, machine: () => ({ id: 'daemon', name: 'desk' }), tokens: () => tokens, log: () => undefined });
    pushes = new Pushes({
      devices,
      machineName: () => 'desk',
      send,
      watching: () => false,
      clock: wallClock,
      warn: () => undefined,
    });
  });
  const subscribe = (change: Partial<typeof GOOD>): void => pushes.subscribe(PHONE, { subscription: { ...GOOD, ...change }, pushKey });

  it('is kept as it should be', () => {
    subscribe({});
    expect(devices.get(PHONE).push?.subscription).toEqual(GOOD);
  });

  it.each(ROWS)('with %s is not kept', (_name, change) => {
    expect(() => subscribe(change)).toThrow(expect.objectContaining({ code: 'bad_key' }));
    expect(devices.get(PHONE).push).toBeUndefined();
  });

  it.each(ROWS)('with %s in the file is dropped at the next push, and nobody is asked', async (_name, change) => {
    devices.update(PHONE, { push: { subscription: { ...GOOD, ...change }, key: pushKey, since: 0 } });
    expect(await send(PHONE, trial('desk', Date.now()), '')).toBe('refused');
    expect(devices.get(PHONE).push).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('with a push key of another length is refused as well', () => {
    expect(() => pushes.subscribe(PHONE, { subscription: GOOD, pushKey: toBase64url(new Uint8Array(31)) })).toThrow('bad_key');
  });
});
