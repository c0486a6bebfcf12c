/**
 * PostgreSQL gone for a minute, as if its machine had lost power: what is connected goes on, leases are renewed, whoever is new is told when to come back, and
 * the relay is itself again soon after the database is.
 */
import * as v from 'valibot';
import { startTestPostgres } from '../../../relay/store/test-postgres.ts';
import { type Answered, Asker } from '../../../relay/test-http.ts';
import { addDevice, signUp, startTestRelay, type TestHousehold } from '../../../relay/test-relay.ts';
import { dataFrame, helloOf, joined, type TestSocket, textOf } from '../../../relay/test-socket.ts';
import { toBase64url } from '../../../shared/bytes.ts';
import { signRemoval } from '../../../shared/device-list.ts';
import { FRAME } from '../../../shared/frame.ts';
import { createDevice } from '../../../shared/test-devices.ts';
import { type Figure, liveSocket } from './parts.ts';

const EVERY_MS = 20;
const ASK_EVERY_MS = 500;
const pause = (ms: number): Promise<void> => new Promise((later) => setTimeout(later, ms));

interface Traffic {
  sent: number;
  received: number;
  stop(): Promise<void>;
}

/** Numbered frames from one socket to the other until stopped. */
function traffic(from: TestSocket, to: TestSocket, connection: number): Traffic {
  const self = { sent: 0, received: 0, stop: async () => undefined as void };
  const timer = setInterval(() => from.send(dataFrame(connection, String(self.sent++))), EVERY_MS);
  const heard = (): number => to.frames.filter((f) => f.type === FRAME.data).length;
  self.stop = async () => {
    clearInterval(timer);
    await to.until(() => heard() >= self.sent).catch(() => undefined);
    const numbers = to.frames.filter((f) => f.type === FRAME.data).map(textOf);
    self.received = numbers.filter((text, i) => text === String(i)).length;
  };
  return self;
}

async function login(http: Asker, home: TestHousehold): Promise<Answered> {
  const device = await createDevice('phone');
  const body = { email: home.email, authKey: home.authKey, device: { kind: 'phone', pub: toBase64url(device.publicRaw) } };
  return http.ask({ path: '/v1/login', key: device, body });
}

export interface Outage {
  downS: number;
  sent: number;
  lost: number;
  ended: number;
  renewed: number;
  renewalsRefused: string[];
  refused: number;
  /** Answers to the new that were not 503 with Retry-After. */
  otherAnswers: string[];
  slowestAnswerMs: number;
  backMs: number;
  revokedMs: number;
}

export async function databaseOutage(downMs: number): Promise<Outage> {
  const database = await startTestPostgres();
  const relay = await startTestRelay({ DATABASE_URL: database.url });
  const { origin } = relay;
  const found: Outage = {
    downS: downMs / 1000,
    sent: 0,
    lost: 0,
    ended: 0,
    renewed: 0,
    renewalsRefused: [],
    refused: 0,
    otherAnswers: [],
    slowestAnswerMs: 0,
    backMs: 0,
    revokedMs: 0,
  };
  try {
    const home = await signUp(origin);
    const daemon = await addDevice(origin, home);
    const other = await addDevice(origin, home);
    const [machine, phone] = [await joined(origin, daemon), await joined(origin, home.phone)];
    const lines = [traffic(machine.socket, phone.socket, phone.connection), traffic(phone.socket, machine.socket, machine.connection)];
    const http = new Asker(origin);
    await login(http, home);
    await pause(500);

    await database.stop('SIGQUIT');
    const from = performance.now();
    while (performance.now() - from < downMs) {
      const at = performance.now();
      const device = daemon.held()!;
      const answers = [
        await login(http, home),
        await http.ask({ path: '/v1/session', body: {}, key: daemon.device, token: device }),
        await http.ask({ path: '/v1/prelogin', body: { email: home.email } }),
      ];
      found.slowestAnswerMs = Math.max(found.slowestAnswerMs, (performance.now() - at) / answers.length);
      for (const { status, code, headers } of answers)
        if (status === 503 && Number(headers.get('retry-after')) > 0) found.refused++;
        else found.otherAnswers.push(`${status} ${code}`);
      try {
        const { relayToken, sig } = await helloOf(machine.socket, origin, daemon);
        const before = machine.socket.frames.filter((f) => f.type === FRAME.renewed).length;
        machine.socket.say(FRAME.renew, { relayToken, sig });
        await machine.socket.until(() => machine.socket.frames.filter((f) => f.type === FRAME.renewed).length > before);
        found.renewed++;
      } catch (error) {
        found.renewalsRefused.push(String(error));
      }
      await pause(ASK_EVERY_MS);
    }
    await database.start();
    const up = performance.now();
    while ((await login(http, home)).status !== 200) await pause(50);
    found.backMs = performance.now() - up;

    // It hears of changes again, too.
    const socket = await liveSocket(origin, other);
    const removal = await signRemoval(home.account, other.device.id, home.phone.device);
    const asked = performance.now();
    await home.phone.tokens.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), body: { removal } });
    found.revokedMs = (await socket.ended).atMs - asked;

    found.ended = [machine, phone].filter(({ socket: s }) => s.ended || s.closed !== null).length;
    for (const line of lines) {
      await line.stop();
      found.sent += line.sent;
      found.lost += line.sent - line.received;
    }
  } finally {
    await relay.stop();
    await database.remove();
  }
  return found;
}

export const outageFigures = (found: Outage): Figure[] => [
  {
    name: `PostgreSQL gone for ${found.downS} s`,
    note: `${found.sent} frames, ${found.renewed} leases renewed, ${found.refused} newcomers told to wait, the slowest answer after ${Math.round(found.slowestAnswerMs)} ms`,
  },
  { name: 'frames of established sockets lost', count: found.lost },
  { name: 'established sockets ended', count: found.ended },
  { name: 'leases not renewed', count: found.renewalsRefused.length, more: found.renewalsRefused[0] ?? '' },
  {
    name: 'newcomers not told 503 with Retry-After',
    count: found.otherAnswers.length + (found.refused > 0 ? 0 : 1),
    more: [...new Set(found.otherAnswers)].join(', '),
  },
  {
    name: 'sign-in possible after the database is back',
    value: `${Math.round(found.backMs)} ms`,
    goal: '≤ 5000 ms',
    ok: found.backMs <= 5000,
  },
  { name: 'revocation heard after that', value: `${Math.round(found.revokedMs)} ms`, goal: '≤ 15000 ms', ok: found.revokedMs <= 15_000 },
];
