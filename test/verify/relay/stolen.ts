/** A thief with a token string and without the key, in every way there is to show it: what is accepted, and how soon the session that it belongs to is dead. */
import { Asker } from '../../../relay/test-http.ts';
import { startTestRelay, type TestMember } from '../../../relay/test-relay.ts';
import { helloOf, relayTokenOf, TestSocket } from '../../../relay/test-socket.ts';
import { FRAME } from '../../../shared/frame.ts';
import { createDevice } from '../../../shared/test-devices.ts';
import { seeded } from '../../rig/random.ts';
import { eventsOf, type Figure, liveSocket, machines } from './parts.ts';

export interface Stolen {
  shown: number;
  accepted: string[];
  /** From the relay's seeing it until the socket of the session is closed, ms. */
  deadMs: number[];
  /** Session tokens that still worked afterwards. */
  survived: number;
  /** Accounts that were not told. */
  untold: number;
}

/** A key may prove itself 256 times in three minutes. */
const ROUNDS_EACH = 20;

interface Thief {
  http: Asker;
  origin: string;
  victim: TestMember;
  session: string;
}
type Attempt = (thief: Thief) => Promise<number | 'hello taken' | 'refused'>;

const key = (): ReturnType<typeof createDevice> => createDevice('daemon');
const status = async (asked: ReturnType<Asker['ask']>): Promise<number> => (await asked).status;
const DEVICES = { method: 'GET', path: '/v1/devices' } as const;
const SESSION = { method: 'POST', path: '/v1/session', body: {} } as const;

const ATTEMPTS: Record<string, Attempt> = {
  'device token, own key': async (t) => status(t.http.ask({ ...SESSION, token: t.victim.held()!, key: await key() })),
  'device token, no proof': async (t) => status(t.http.ask({ ...SESSION, token: t.victim.held()! })),
  'device token at the API': async (t) => status(t.http.ask({ ...DEVICES, token: t.victim.held()!, key: await key() })),
  'session token, own key': async (t) => status(t.http.ask({ ...DEVICES, token: t.session, key: await key() })),
  'session token, no proof': async (t) => status(t.http.ask({ ...DEVICES, token: t.session })),
  'session token for a new session': async (t) => status(t.http.ask({ ...SESSION, token: t.session, key: await key() })),
  'session token for a relay token': async (t) =>
    status(t.http.ask({ path: '/v1/relay-token', body: {}, token: t.session, key: await key() })),
  'relay token, own signature': (t) => hello(t, async () => ({ relayToken: await relayTokenOf(t.victim) })),
  'device token in a hello': (t) => hello(t, async () => ({ relayToken: t.victim.held()! })),
  'session token in a hello': (t) => hello(t, async () => ({ relayToken: t.session })),
  'relay token at the API': async (t) => status(t.http.ask({ ...DEVICES, token: await relayTokenOf(t.victim), key: await key() })),
};

async function hello(thief: Thief, change: () => Promise<{ relayToken: string }>): Promise<'hello taken' | 'refused'> {
  const socket = await TestSocket.open(thief.origin);
  const impostor: TestMember = { ...thief.victim, device: await key() };
  socket.say(FRAME.hello, await helloOf(socket, thief.origin, impostor, { ...(await change()), kid: thief.victim.device.id }));
  await socket.ending();
  return socket.frames.some((f) => f.type === FRAME.welcome) ? 'hello taken' : 'refused';
}

export async function stolenTokens(options: { rounds: number; seed: number }): Promise<Stolen> {
  const relay = await startTestRelay();
  const found: Stolen = { shown: 0, accepted: [], deadMs: [], survived: 0, untold: 0 };
  try {
    const all = await machines(relay, Math.ceil(options.rounds / ROUNDS_EACH));
    const random = seeded(options.seed);
    const http = new Asker(relay.origin);
    const names = Object.keys(ATTEMPTS);
    const { store } = relay.parts;
    let seenMs = 0;
    const end = store.endSessions;
    store.endSessions = (...args) => {
      seenMs = performance.now();
      return end(...args);
    };
    for (let round = 0; round < options.rounds; round++) {
      const { daemon } = all[round % all.length]!;
      const name = round < names.length ? names[round]! : random.pick(names);
      const socket = await liveSocket(relay.origin, daemon);
      const session = await daemon.tokens.session();
      const outcome = await ATTEMPTS[name]!({ http, origin: relay.origin, victim: daemon, session });
      found.shown++;
      if (outcome !== 'refused' && outcome !== 401 && outcome !== 403) found.accepted.push(`${name}: ${outcome}`);
      found.deadMs.push((await socket.ended).atMs - seenMs);
      const after = await http.ask({ ...DEVICES, token: session, key: daemon.device });
      if (after.status !== 401) found.survived++;
      socket.destroy();
      daemon.tokens.forget();
    }
    for (const machine of all) if (!(await eventsOf(machine)).some((e) => e.kind === 'token_misused')) found.untold++;
  } finally {
    await relay.stop();
  }
  return found;
}

export const stolenFigures = (found: Stolen): Figure[] => [
  {
    name: `uses of a stolen token string accepted, of ${found.shown} in ${Object.keys(ATTEMPTS).length} ways`,
    count: found.accepted.length,
    more: found.accepted[0] ?? '',
  },
  { name: 'stolen token seen → socket of its session closed', ms: found.deadMs, goalMs: 250 },
  { name: 'sessions that lived on', count: found.survived },
  { name: 'accounts that were not told', count: found.untold },
];
