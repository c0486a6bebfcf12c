/** PostgreSQL stopped or frozen. What is connected goes on, newcomers are told when to come back, and all is well once the database is. The long form is `verify -- relay`. */
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64url } from '../shared/bytes.ts';
import { signRemoval } from '../shared/device-list.ts';
import { FRAME } from '../shared/frame.ts';
import { createDevice } from '../shared/test-devices.ts';
import { startTestPostgres, type TestPostgres } from './store/test-postgres.ts';
import { type Answered, Asker, expectRefusal } from './test-http.ts';
import { addDevice, signUp, startTestRelay, type TestHousehold, type TestMember, type TestRelay } from './test-relay.ts';
import { dataFrame, helloOf, joined, textOf } from './test-socket.ts';

let database: TestPostgres;
let relay: TestRelay;
let home: TestHousehold;
let daemon: TestMember;
let http: Asker;
let machine: Awaited<ReturnType<typeof joined>>;
let phone: Awaited<ReturnType<typeof joined>>;

beforeAll(async () => {
  database = await startTestPostgres();
  relay = await startTestRelay({ DATABASE_URL: database.url });
  home = await signUp(relay.origin);
  daemon = await addDevice(relay.origin, home);
  http = new Asker(relay.origin);
  [machine, phone] = [await joined(relay.origin, daemon), await joined(relay.origin, home.phone)];
});
afterAll(async () => {
  await relay.stop();
  await database.remove();
});

async function login(): Promise<Answered> {
  const device = await createDevice('phone');
  const body = { email: home.email, authKey: home.authKey, device: { kind: 'phone', pub: toBase64url(device.publicRaw) } };
  return http.ask({ path: '/v1/login', key: device, body });
}

let sent = 0;
async function frameGoesThrough(): Promise<void> {
  const text = `frame ${sent++}`;
  machine.socket.send(dataFrame(phone.connection, text));
  await phone.socket.until(() => phone.socket.frames.some((f) => f.type === FRAME.data && textOf(f) === text));
}

async function renews(): Promise<void> {
  const before = machine.socket.frames.filter((f) => f.type === FRAME.renewed).length;
  const { relayToken, sig } = await helloOf(machine.socket, relay.origin, daemon);
  machine.socket.say(FRAME.renew, { relayToken, sig });
  await machine.socket.until(() => machine.socket.frames.filter((f) => f.type === FRAME.renewed).length > before);
}

const states: [name: string, away: () => Promise<void>, back: () => Promise<void>][] = [
  ['stopped in order', () => database.stop('SIGINT'), () => database.start()],
  ['stopped as by a power cut', () => database.stop('SIGQUIT'), () => database.start()],
  ['frozen', async () => void process.kill(database.pid(), 'SIGSTOP'), async () => void process.kill(database.pid(), 'SIGCONT')],
];

describe.each(states)('while PostgreSQL is %s', (name, away, back) => {
  it('frames go on, leases are renewed, newcomers get 503 with a time, and then all is as before', { timeout: 120_000 }, async () => {
    expect((await login()).status).toBe(200);
    await away();
    try {
      // A frozen server still holds its connections, whose own processes answer: only new ones hang.
      if (name !== 'frozen') {
        for (const reply of [
          await login(),
          await http.ask({ path: '/v1/session', body: {}, key: daemon.device, token: daemon.held()! }),
          await http.ask({ path: '/v1/prelogin', body: { email: home.email } }),
        ]) {
          expectRefusal(reply, 503, reply.code);
          expect(['unavailable', 'auth_unavailable']).toContain(reply.code);
          expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
        }
        expect((await fetch(`${relay.origin}/readyz`)).status).toBe(503);
      }
      expect((await fetch(`${relay.origin}/healthz`)).status).toBe(200);
      await frameGoesThrough();
      await renews();
      await frameGoesThrough();
    } finally {
      await back();
    }
    while ((await login()).status !== 200) await new Promise((again) => setTimeout(again, 50));
    expect((await fetch(`${relay.origin}/readyz`)).status).toBe(200);
    await frameGoesThrough();
    expect([machine.socket.ended, phone.socket.ended]).toEqual([false, false]);
  });
});

describe('after all this', () => {
  it('a revocation is heard again', async () => {
    const other = await addDevice(relay.origin, home);
    const { socket } = await joined(relay.origin, other);
    const removal = await signRemoval(home.account, other.device.id, home.phone.device);
    await home.phone.tokens.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), body: { removal } });
    expect(await socket.ending()).toEqual({ code: 4403, reason: 'revoked' });
  });
});
