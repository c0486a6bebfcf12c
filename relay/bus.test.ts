/** Two relays on one PostgreSQL and a real nats-server: to a device it makes no difference at which of them it and its peers are. */
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64url } from '../shared/bytes.ts';
import { signRemoval } from '../shared/device-list.ts';
import { FRAME } from '../shared/frame.ts';
import { openNats } from './bus.nats.ts';
import { readConfig } from './config.ts';
import { silent } from './log.ts';
import { startTestPostgres, type TestPostgres } from './store/test-postgres.ts';
import { startTestNats, type TestNats } from './test-nats.ts';
import { type RelayProcess, startRelayProcess } from './test-process.ts';
import { addDevice, member, signUp, type TestHousehold, type TestMember } from './test-relay.ts';
import { dataFrame, helloOf, joined, originHeader, relayTokenOf, TestSocket, textOf } from './test-socket.ts';

const LIMITS = 'registerPerHour=100000,loginPerIpMinute=100000,loginPerMinute=1000,requestsPerMinute=1000000,relayTokenPerMinute=100000';

let database: TestPostgres;
let nats: TestNats;
let relays: RelayProcess[] = [];
let a: string;
let b: string;

const node = (): Promise<RelayProcess> =>
  startRelayProcess('node', database.url, {
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    VAPID_PRIVATE_KEY: toBase64url(new Uint8Array(32).fill(7)),
    CLAWTAB_LIMITS: LIMITS,
  });

beforeAll(async () => {
  database = await startTestPostgres();
  await database.admin`alter role clawtab createdb`;
  nats = await startTestNats();
  relays = [await node(), await node()];
  [a, b] = relays.map((r) => r.origin) as [string, string];
});
afterAll(async () => {
  await Promise.all(relays.map((r) => r.stop()));
  await nats.kill();
  await database.remove();
});

type Joined = Awaited<ReturnType<typeof joined>>;
interface Apart {
  home: TestHousehold;
  machine: TestMember;
  phone: Joined;
  daemon: Joined;
}

type Presence = { join?: { connection: number; device: string }; leave?: number };
const presences = (at: Joined): Presence[] => at.socket.frames.filter((f) => f.type === FRAME.presence).map((f) => f.json() as Presence);
/** Resolves once `at` knows of `device`, now or from the start. */
const sees = (at: Joined, device: string, after = 0): Promise<unknown> =>
  at.socket.until(
    () =>
      (after === 0 && at.peers.some((p) => p.device === device)) ||
      presences(at)
        .slice(after)
        .some((p) => p.join?.device === device),
  );
const misses = (at: Joined, connection: number, after = 0): Promise<unknown> =>
  at.socket.until(() =>
    presences(at)
      .slice(after)
      .some((p) => p.leave === connection),
  );
const texts = (at: Joined): string[] => at.socket.frames.filter((f) => f.type === FRAME.data).map(textOf);

/** The same device, speaking to the relay at `origin`. */
const moved = (origin: string, who: TestMember): TestMember => member(origin, who.device, who.held());

/** A household with its phone at A and its machine at B, who know of each other. */
async function apart(): Promise<Apart> {
  const home = await signUp(a);
  const machine = moved(b, await addDevice(a, home));
  const phone = await joined(a, home.phone);
  const daemon = await joined(b, machine);
  await Promise.all([sees(phone, machine.device.id), sees(daemon, home.phone.device.id)]);
  return { home, machine, phone, daemon };
}
const part = ({ phone, daemon }: Apart): void => {
  for (const { socket } of [phone, daemon]) socket.destroy();
};

async function exchange({ phone, daemon }: Apart, text: string): Promise<void> {
  phone.socket.send(dataFrame(daemon.connection, `to ${text}`));
  await daemon.socket.until(() => texts(daemon).includes(`to ${text}`));
  daemon.socket.send(dataFrame(phone.connection, `from ${text}`));
  await phone.socket.until(() => texts(phone).includes(`from ${text}`));
}

describe('two relays over NATS', () => {
  it('carry frames between devices at different nodes, in order, large ones too', async () => {
    const pair = await apart();
    await exchange(pair, 'you');
    const { phone, daemon } = pair;
    const sent = Array.from({ length: 300 }, (_, i) => `${i} ${'x'.repeat((i * 131) % 600)}`);
    for (const text of sent) phone.socket.send(dataFrame(daemon.connection, text));
    await daemon.socket.until(() => texts(daemon).length === sent.length + 1);
    expect(texts(daemon).slice(1)).toEqual(sent);
    const large = 'y'.repeat(200_000);
    daemon.socket.send(dataFrame(phone.connection, large, 1));
    await phone.socket.until(() => texts(phone).includes(large));
    expect(phone.socket.frames.find((f) => textOf(f) === large)).toMatchObject({ peer: daemon.connection, cls: 1 });
    part(pair);
  });

  it('tell of a device that leaves, and answer frames to it as at one node', async () => {
    const pair = await apart();
    pair.daemon.socket.destroy();
    await misses(pair.phone, pair.daemon.connection);
    pair.phone.socket.send(dataFrame(pair.daemon.connection, 'there?'));
    expect((await pair.phone.socket.frame(FRAME.error)).json()).toMatchObject({ code: 'peer_offline', peer: pair.daemon.connection });
    part(pair);
  });

  it('keep accounts apart', async () => {
    const [one, two] = [await apart(), await apart()];
    one.phone.socket.send(dataFrame(two.daemon.connection, 'hello?'));
    expect((await one.phone.socket.frame(FRAME.error)).json()).toMatchObject({ code: 'peer_offline' });
    await exchange(two, 'own');
    expect(texts(two.daemon)).toEqual(['to own']);
    part(one);
    part(two);
  });

  it('let a device’s newest connection take its place, wherever the one before is', async () => {
    const pair = await apart();
    const again = await joined(a, moved(a, pair.machine));
    expect(await pair.daemon.socket.ending()).toMatchObject({ reason: 'replaced' });
    pair.phone.socket.send(dataFrame(again.connection, 'new place'));
    await again.socket.until(() => texts(again).includes('new place'));
    again.socket.destroy();
    part(pair);
  });

  it('take a relay token that the other node has made, once', async () => {
    const home = await signUp(a);
    const machine = await addDevice(a, home);
    const relayToken = await relayTokenOf(machine);
    const hello = async (): Promise<TestSocket> => {
      const socket = await TestSocket.open(b, originHeader(b, machine));
      socket.say(FRAME.hello, await helloOf(socket, b, machine, { relayToken }));
      return socket;
    };
    const first = await hello();
    await first.frame(FRAME.welcome);
    expect(await (await hello()).ending()).toMatchObject({ reason: 'relay_token_unknown' });
    first.destroy();
  });

  it('end the socket of a device that is removed at the other node', async () => {
    const pair = await apart();
    const removal = await signRemoval(pair.home.account, pair.machine.device.id, pair.home.phone.device);
    await pair.home.phone.tokens.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), body: { removal } });
    expect(await pair.daemon.socket.ending()).toMatchObject({ reason: 'revoked' });
    await misses(pair.phone, pair.daemon.connection);
    part(pair);
  });

  it('take the devices of a killed node for gone, and meet them again at another', async () => {
    const pair = await apart();
    const third = await node();
    const machine = moved(third.origin, pair.machine);
    const before = presences(pair.phone).length;
    const there = await joined(third.origin, machine);
    await sees(pair.phone, machine.device.id, before);
    const seen = presences(pair.phone).length;
    third.child.kill('SIGKILL');
    await misses(pair.phone, there.connection, seen);
    const back = await joined(b, moved(b, machine));
    await exchange({ ...pair, daemon: back }, 'again');
    back.socket.destroy();
    part(pair);
    await third.stop();
  });

  it('say that peers are gone while the bus is down, keep every socket, and bring them together when it is back', async () => {
    const pair = await apart();
    const seen = presences(pair.phone).length;
    await nats.kill();
    await misses(pair.phone, pair.daemon.connection, seen);
    const local = await joined(a, await addDevice(a, pair.home));
    await exchange({ ...pair, daemon: local }, 'at one node');
    await nats.start();
    await sees(pair.phone, pair.machine.device.id, seen);
    await exchange(pair, 'after the restart');
    local.socket.destroy();
    part(pair);
  });

  it('notice a bus that has gone silent, and come back when it speaks again', async () => {
    const pair = await apart();
    const seen = presences(pair.phone).length;
    nats.freeze();
    await misses(pair.phone, pair.daemon.connection, seen);
    nats.thaw();
    await sees(pair.phone, pair.machine.device.id, seen);
    await exchange(pair, 'after the silence');
    part(pair);
  });
});

describe('a relay told to use NATS', () => {
  it('says which address does not answer', async () => {
    await expect(openNats('nats://127.0.0.1:1', silent)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('NATS_URL'),
    });
  });

  it('wants one database and one key for all nodes', () => {
    expect(() => readConfig({ NATS_URL: 'nats://127.0.0.1:4222' })).toThrow(/DATABASE_URL/);
    expect(() => readConfig({ NATS_URL: 'nats://127.0.0.1:4222', DATABASE_URL: 'postgres://u@h/d' })).toThrow(/VAPID_PRIVATE_KEY/);
    expect(() => readConfig({ NATS_URL: 'http://h', DATABASE_URL: 'postgres://u@h/d', VAPID_PRIVATE_KEY: 'A'.repeat(43) })).toThrow(
      /NATS_URL/,
    );
  });
});
