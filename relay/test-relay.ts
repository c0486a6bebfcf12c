/** A real relay on its own PostgreSQL (embedded, or DATABASE_URL's), and clients that speak to it as daemon and page do. For tests of any room; not part of the product. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { WebSocket } from 'ws';
import { randomId, toBase64url } from '../shared/bytes.ts';
import { createList, type DeviceKind, extendList, type Pin, type TrustedList, verifyList } from '../shared/device-list.ts';
import { createSigningKey, type KdfParams, type SigningKey } from '../shared/keys.ts';
import type { SocketLike } from '../shared/link-options.ts';
import { ClaimReply, GetListReply, PutListReply, SignedInReply } from '../shared/relay-api.ts';
import { type Fetch, RelayHttp } from '../shared/relay-http.ts';
import { createDevice, type TestDevice } from '../shared/test-devices.ts';
import { TokenSource } from '../shared/token-source.ts';
import { serve } from './adapter.node.ts';
import { type Relay, type Runtime, startRelay } from './command.ts';
import { type Environment, readConfig } from './config.ts';
import { silent } from './log.ts';
import { databaseDirs } from './store/embedded-place.ts';
import { makeTestDatabase } from './store/test-database.ts';

export interface TestRelay extends Relay {
  stateDir: string;
  stop(): Promise<void>;
}

/** Fewer refusals by rate than people get: one test makes more accounts than a household. */
const TEST_LIMITS =
  'registerPerHour=100000,loginPerIpMinute=100000,loginPerMinute=1000,loginPerHour=10000,requestsPerMinute=1000000,relayTokenPerMinute=100000';

export async function startTestRelay(env: Environment = {}, runtime: Partial<Runtime> = {}): Promise<TestRelay> {
  const stateDir = env['CLAWTAB_STATE'] ?? mkdtempSync(join(tmpdir(), 'clawtab-relay-'));
  const { CLAWTAB_LIMITS, ...rest } = env;
  const external = process.env['DATABASE_URL'];
  // A kept state folder is a kept database: that is the embedded server's.
  const own = external && !env['DATABASE_URL'] && !env['CLAWTAB_STATE'] ? await makeTestDatabase(external) : null;
  const config = readConfig({
    LISTEN: '127.0.0.1:0',
    CLAWTAB_STATE: stateDir,
    CLAWTAB_LIMITS: [TEST_LIMITS, CLAWTAB_LIMITS].filter(Boolean).join(','),
    ...(own ? { DATABASE_URL: own.url } : {}),
    ...rest,
  });
  const relay = await startRelay(config, { serve, log: silent, version: '0.0.0', pageRoot: '/nonexistent', ...runtime });
  return {
    ...relay,
    stateDir,
    async stop() {
      await relay.close();
      await own?.drop();
      removeState(stateDir);
    },
  };
}

/** The state folder and, where root's database lies elsewhere, that too. */
export function removeState(stateDir: string): void {
  for (const dir of databaseDirs(stateDir)) rmSync(dir, { recursive: true, force: true });
  rmSync(stateDir, { recursive: true, force: true });
}

export interface TestMember {
  device: TestDevice;
  http: RelayHttp;
  tokens: TokenSource;
  /** The device token as the device holds it now. */
  held(): string | null;
}

/** A device's client end, with its token in memory. Pages name their origin on sockets, as browsers do. */
export function member(origin: string, device: TestDevice, deviceToken: string | null): TestMember {
  let held = deviceToken;
  // A token counts only on sockets from where it was fetched: a page's requests name their origin, as its sockets do.
  const asPage: Fetch = (url, init) => fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), Origin: origin } });
  const http = new RelayHttp({ origin, key: device, ...(device.kind === 'phone' ? { fetch: asPage } : {}) });
  const tokens = new TokenSource(http, {
    load: async () => held,
    save: async (token) => {
      held = token;
    },
    exclusive: (task) => task(),
  });
  return { device, http, tokens, held: () => held };
}

export const openSocketOf =
  (origin: string, kind: DeviceKind) =>
  (url: string, subprotocol: string): SocketLike =>
    new WebSocket(url, subprotocol, kind === 'phone' ? { origin } : {}) as unknown as SocketLike;

export interface TestHousehold {
  email: string;
  account: string;
  authKey: string;
  ask: SigningKey;
  pin: Pin;
  phone: TestMember;
  trusted: TrustedList;
  /** Fresh for ten minutes. */
  sessionToken: string;
}

/** The floor: tests derive nothing, they only say what would have been derived with. */
const KDF: KdfParams = { algorithm: 'argon2id', memoryKiB: 19 * 1024, iterations: 2 };
const random = (bytes: number): string => toBase64url(crypto.getRandomValues(new Uint8Array(bytes)));

/** A new account with one phone, made through the API. */
export async function signUp(
  origin: string,
  email = `${randomId().toLowerCase().replaceAll(/[_-]/g, 'x')}@example.org`,
): Promise<TestHousehold> {
  const device = await createDevice('phone');
  const ask = await createSigningKey();
  const account = randomId();
  const list = await createList(account, ask, [{ kind: 'phone', pub: device.publicRaw }]);
  const pin = { account, ask: toBase64url(ask.publicRaw) };
  const authKey = random(32);
  const http = new RelayHttp({ origin, key: device });
  const reply = await http.call({
    method: 'POST',
    path: '/v1/register',
    reply: SignedInReply,
    body: {
      email,
      account,
      salt: random(16),
      kdf: KDF,
      authKey,
      askPub: pin.ask,
      wrappedKey: random(160),
      list,
      device: { kind: 'phone', pub: toBase64url(device.publicRaw) },
    },
  });
  const phone = member(origin, device, reply.deviceToken);
  phone.tokens.adopt(reply.sessionToken, reply.sessionExpiresInS);
  return { email, account, authKey, ask, pin, phone, trusted: await verifyList(list, pin), sessionToken: reply.sessionToken };
}

/** Adds a device of that kind the way a page adds a machine: list, enrolment, claim. */
export async function addDevice(origin: string, home: TestHousehold, kind: DeviceKind = 'daemon'): Promise<TestMember> {
  const device = await createDevice(kind);
  const newest = await home.phone.tokens.call({ method: 'GET', path: '/v1/list', reply: GetListReply });
  const list = await extendList(await verifyList(newest.list, home.pin), home.ask, [{ kind, pub: device.publicRaw }]);
  const call = { token: home.sessionToken };
  await home.phone.http.call({ method: 'POST', path: '/v1/list', reply: PutListReply, body: { list }, ...call });
  await home.phone.http.call({
    method: 'POST',
    path: '/v1/enrolments',
    reply: v.unknown(),
    body: { device: device.id, sealed: 'c2VhbGVk' },
    ...call,
  });
  const http = new RelayHttp({ origin, key: device });
  const claimed = await http.call({
    method: 'POST',
    path: '/v1/enrolments/claim',
    reply: ClaimReply,
    body: { device: { kind, pub: toBase64url(device.publicRaw) } },
  });
  if (claimed.state !== 'enrolled') throw new Error('the enrolment was left and not found');
  return member(origin, device, claimed.deviceToken);
}
