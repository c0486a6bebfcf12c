/**
 * Two holders of one device's key and token: a state directory that was copied. They take turns as the seed says, each as the real client does. Found out is
 * when the device is barred; the copy must not get further than one rotation.
 */
import { Asker } from '../../../relay/test-http.ts';
import { addDevice, signUp, startTestRelay, type TestHousehold } from '../../../relay/test-relay.ts';
import { type Random, seeded } from '../../rig/random.ts';
import { eventsOf, type Figure } from './parts.ts';

export interface Copies {
  rounds: number;
  /** How often, at most, a holder got a rotation after the other one had had one: the chain forks at the first, and is found out at the second. */
  mostForks: number;
  undetected: number;
  /** Holders that still had access afterwards. */
  survivors: number;
  untold: number;
}

const TURNS = 12;
const PER_HOME = 20;

interface Holder {
  token: string;
  session: string | null;
}

async function refresh(http: Asker, key: CryptoKeyHolder, holder: Holder): Promise<string> {
  const reply = await http.ask({ path: '/v1/session', body: {}, token: holder.token, key });
  if (reply.status !== 200) return reply.code;
  const { deviceToken, sessionToken } = JSON.parse(reply.text) as { deviceToken: string; sessionToken: string };
  holder.token = deviceToken;
  holder.session = sessionToken;
  return 'ok';
}
type CryptoKeyHolder = NonNullable<Parameters<Asker['ask']>[0]['key']>;

const use = async (http: Asker, key: CryptoKeyHolder, token: string): Promise<number> =>
  (await http.ask({ method: 'GET', path: '/v1/devices', token, key })).status;

async function oneCopy(origin: string, home: TestHousehold, random: Random, found: Copies): Promise<void> {
  const http = new Asker(origin);
  const member = await addDevice(origin, home);
  const key = member.device;
  const own: Holder = { token: member.held()!, session: null };
  for (let i = random.below(4); i > 0; i--) await refresh(http, key, own);
  const copy: Holder = { ...own };
  let last: Holder | null = null;
  let forks = 0;
  let barred = false;
  for (let turn = 0; turn < TURNS && !barred; turn++) {
    // In the end both have had a turn, whatever the dice say.
    const holder = turn === TURNS - 2 ? own : turn === TURNS - 1 ? copy : random.pick([own, copy]);
    const code = await refresh(http, key, holder);
    if (code !== 'ok') {
      barred = code === 'quarantined';
      break;
    }
    if (last !== null && last !== holder) forks++;
    last = holder;
    if (random.chance(0.7)) await use(http, key, holder.session!);
  }
  found.rounds++;
  if (!barred) found.undetected++;
  found.mostForks = Math.max(found.mostForks, forks);
  for (const { token, session } of [own, copy]) {
    if ((await refresh(http, key, { token, session: null })) === 'ok') found.survivors++;
    else if (session !== null && (await use(http, key, session)) < 400) found.survivors++;
  }
}

export async function copiedStates(options: { rounds: number; seed: number }): Promise<Copies> {
  const relay = await startTestRelay();
  const random = seeded(options.seed);
  const found: Copies = { rounds: 0, mostForks: 0, undetected: 0, survivors: 0, untold: 0 };
  try {
    while (found.rounds < options.rounds) {
      const home = await signUp(relay.origin);
      const from = found.rounds;
      for (let i = 0; i < PER_HOME && found.rounds < options.rounds; i++) await oneCopy(relay.origin, home, random, found);
      const told = (await eventsOf({ home, daemon: home.phone })).filter((e) => e.kind === 'device_quarantined');
      found.untold += found.rounds - from - new Set(told.map((e) => e.device)).size;
    }
  } finally {
    await relay.stop();
  }
  return found;
}

export const copiesFigures = (found: Copies): Figure[] => [
  { name: `copied state directories not found out, of ${found.rounds}`, count: found.undetected },
  {
    name: 'rotations that a holder got after the other one’s',
    value: found.mostForks,
    goal: '≤ 1 each',
    ok: found.rounds > 0 && found.mostForks <= 1,
  },
  { name: 'holders of such a copy that kept access', count: found.survivors },
  { name: 'accounts that were not told of a copy', count: found.untold },
];
