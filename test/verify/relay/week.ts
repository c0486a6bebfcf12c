/**
 * Seven days of phones and machines on the relay's own clock, which is turned forward from event to event: requests that are cut, answers that are lost, programs
 * that die before they have written down what they got, relays that restart, new addresses at every request, clocks that are days off and jump, pages and
 * workers that refresh at once, sleep for hours at any point. Whatever a device is refused but for the network is a false alarm.
 */
import { startTestPostgres } from '../../../relay/store/test-postgres.ts';
import { addDevice, signUp, startTestRelay, type TestMember, type TestRelay } from '../../../relay/test-relay.ts';
import { joined } from '../../../relay/test-socket.ts';
import { ClawError } from '../../../shared/errors.ts';
import { DevicesReply } from '../../../shared/relay-api.ts';
import { type Fetch, RelayHttp } from '../../../shared/relay-http.ts';
import { TokenSource } from '../../../shared/token-source.ts';
import { type Random, seeded } from '../../rig/random.ts';
import type { Figure } from './parts.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export interface Week {
  days: number;
  devices: number;
  wakes: number;
  requests: number;
  cut: number;
  lost: number;
  died: number;
  races: number;
  restarts: number;
  sockets: number;
  falseAlarms: string[];
  events: string[];
}

/** What happens to one request, or right after it. */
type Fault = 'cut' | 'lost' | 'died' | null;
const faultOf = (random: Random): Fault =>
  random.chance(0.05) ? 'cut' : random.chance(0.08) ? 'lost' : random.chance(0.02) ? 'died' : null;
const NETWORK = new Set(['relay_unreachable', 'died']);

const publicAddress = (random: Random): string =>
  random.chance(0.5)
    ? `${random.pick([5, 31, 80, 93, 151, 203])}.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`
    : `2a02:${random.nonce(4)}:${random.nonce(4)}:${random.nonce(4)}:${random.nonce(4)}:${random.nonce(4)}:${random.nonce(4)}:${random.nonce(4)}`;

class Owner {
  readonly #member: TestMember;
  readonly #random: Random;
  readonly #found: Week;
  readonly #origin: string;
  readonly #nowMs: () => number;
  /** On disk: what outlives a restart of the program. */
  #stored: string;
  #lock: Promise<unknown> = Promise.resolve();
  /** The page, and for phones its worker. */
  #sources: TokenSource[] = [];
  #skewMs = 0;
  nextAtMs: number;

  constructor(member: TestMember, origin: string, random: Random, found: Week, nowMs: () => number) {
    this.#member = member;
    this.#stored = member.held()!;
    this.#random = random;
    this.#found = found;
    this.#origin = origin;
    this.#nowMs = nowMs;
    this.nextAtMs = nowMs() + random.below(30 * MINUTE_MS);
    this.#restart();
  }

  #restart(): void {
    this.#skewMs = this.#random.below(6 * DAY_MS) - 3 * DAY_MS;
    this.#sources = Array.from({ length: this.#member.device.kind === 'phone' ? 2 : 1 }, () => this.#source());
  }

  #source(): TokenSource {
    const http = new RelayHttp({ origin: this.#origin, key: this.#member.device, fetch: this.#fetch });
    const store = {
      load: async () => this.#stored,
      save: async (token: string) => {
        if (this.#random.chance(0.02)) {
          this.#found.died++;
          throw new ClawError('died', 'The program ended before it had written the token down.');
        }
        this.#stored = token;
      },
      // The Web Lock that page and worker share; a machine has one process and its own lock.
      exclusive: <T>(task: () => Promise<T>): Promise<T> => {
        const turn = this.#lock.then(task, task);
        this.#lock = turn.catch(() => undefined);
        return turn;
      },
    };
    return new TokenSource(http, store, () => this.#nowMs() + this.#skewMs);
  }

  readonly #fetch: Fetch = async (url, init) => {
    const random = this.#random;
    this.#found.requests++;
    const fault = faultOf(random);
    if (fault === 'cut') {
      this.#found.cut++;
      throw new Error('no way through');
    }
    const headers: Record<string, string> = {
      ...(init.headers as Record<string, string>),
      'X-Forwarded-For': publicAddress(random),
      'User-Agent': `Browser/${random.below(200)}`,
    };
    if (this.#member.device.kind === 'phone') headers['Origin'] = this.#origin;
    const reply = await fetch(url, { ...init, headers });
    if (fault !== 'lost') return reply;
    this.#found.lost++;
    await reply.body?.cancel();
    throw new Error('the answer was lost');
  };

  async #once(): Promise<void> {
    const call = { method: 'GET', path: '/v1/devices', reply: DevicesReply } as const;
    if (this.#sources.length > 1 && this.#random.chance(0.3)) {
      this.#found.races++;
      const both = await Promise.allSettled(this.#sources.map((source) => source.call(call)));
      const failed = both.find((r) => r.status === 'rejected' && !isNetwork(r.reason)) ?? both.find((r) => r.status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
      return;
    }
    const source = this.#random.pick(this.#sources);
    await source.call(call);
    if (this.#random.chance(0.05)) {
      const { socket } = await joined(this.#origin, { ...this.#member, tokens: source });
      this.#found.sockets++;
      socket.destroy();
    }
  }

  /** One waking; says when the next one is. */
  async wake(): Promise<void> {
    const random = this.#random;
    this.#found.wakes++;
    if (random.chance(0.05)) this.#restart();
    if (random.chance(0.05)) this.#skewMs += random.below(2 * DAY_MS) - DAY_MS;
    let failed = false;
    try {
      await this.#once();
    } catch (error) {
      failed = true;
      if (!isNetwork(error))
        this.#found.falseAlarms.push(`${this.#member.device.kind}: ${error instanceof ClawError ? error.code : String(error)}`);
      else if (error instanceof ClawError && error.code === 'died') this.#restart();
    }
    // Tries again soon, or after a tunnel, or after a night in a pocket.
    const soon = 500 + random.below(30_000);
    const later = random.chance(0.8) ? random.below(40 * MINUTE_MS) : random.below(12 * 60 * MINUTE_MS);
    this.nextAtMs = this.#nowMs() + (failed && random.chance(0.6) ? soon : later);
  }
}

const isNetwork = (error: unknown): boolean => error instanceof ClawError && NETWORK.has(error.code);

export async function weekOfPhones(options: { households: number; days: number; seed: number }): Promise<Week> {
  const random = seeded(options.seed);
  const found: Week = {
    days: options.days,
    devices: 0,
    wakes: 0,
    requests: 0,
    cut: 0,
    lost: 0,
    died: 0,
    races: 0,
    restarts: 0,
    sockets: 0,
    falseAlarms: [],
    events: [],
  };
  const database = await startTestPostgres();
  let clockMs = Date.now();
  const nowMs = (): number => clockMs;
  const start = (port: number): Promise<TestRelay> =>
    startTestRelay(
      { DATABASE_URL: database.url, TRUST_PROXY: '1', LISTEN: `127.0.0.1:${port}`, PUBLIC_ORIGIN: `http://127.0.0.1:${port}` },
      { nowMs },
    );
  let relay = await startTestRelay({ DATABASE_URL: database.url });
  const { port } = relay;
  await relay.close();
  relay = await start(port);
  try {
    const owners: Owner[] = [];
    const accounts: string[] = [];
    for (let i = 0; i < options.households; i++) {
      const home = await signUp(relay.origin);
      accounts.push(home.account);
      const members = [home.phone, await addDevice(relay.origin, home), await addDevice(relay.origin, home, 'phone')];
      owners.push(...members.map((member) => new Owner(member, relay.origin, random, found, nowMs)));
    }
    found.devices = owners.length;
    const endMs = clockMs + options.days * DAY_MS;
    for (;;) {
      const next = owners.reduce((a, b) => (b.nextAtMs < a.nextAtMs ? b : a));
      if (next.nextAtMs > endMs) break;
      clockMs = Math.max(clockMs, next.nextAtMs);
      // The relay's own clock is set back and forth by the network's time.
      if (random.chance(0.01)) clockMs += random.below(20_000) - 10_000;
      if (random.chance(0.005)) {
        await relay.close();
        relay = await start(port);
        found.restarts++;
      }
      await next.wake();
    }
    for (const account of accounts) {
      const events = await relay.parts.store.events(account, 0, 200);
      found.events.push(...events.map((e) => e.kind).filter((kind) => kind === 'token_misused' || kind === 'device_quarantined'));
    }
  } finally {
    await relay.stop();
    await database.remove();
  }
  return found;
}

export const weekFigures = (found: Week): Figure[] => [
  {
    name: `${found.days} days of ${found.devices} devices`,
    note:
      `${found.wakes} wakings, ${found.requests} requests each from a new address, ${found.cut} cut, ${found.lost} answers lost, ${found.died} programs that died ` +
      `over a new token, ${found.races} races, ${found.restarts} restarts of the relay, ${found.sockets} sockets`,
  },
  { name: 'devices refused without cause', count: found.falseAlarms.length, more: [...new Set(found.falseAlarms)].slice(0, 5).join('; ') },
  { name: 'false security events', count: found.events.length, more: [...new Set(found.events)].join(', ') },
];
