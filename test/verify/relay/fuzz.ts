/**
 * A million frames on real sockets. Lanes run side by side, each an account with a listener and one socket after another that says odd things, proves that
 * each did what it should (delivered or answered, the socket still alive), and at last something broken or mutated; every third socket never says hello.
 */
import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { OPCODE, type RelayFrame, TestSocket, wireFrame } from '../../../relay/test-socket.ts';
import { lengthPrefixed, randomId, utf8 } from '../../../shared/bytes.ts';
import type { DeviceKind } from '../../../shared/device-list.ts';
import { CLASS, encodeFrame, FRAME } from '../../../shared/frame.ts';

import { socketProofText } from '../../../shared/relay-api.ts';
import { FRAME_VERSION } from '../../../shared/version.ts';
import { type Random, seeded } from '../../rig/random.ts';
import { type ChildRelay, startChildRelay } from './child-relay.ts';
import { brokenFrame, firstFrame, mutatedFrame, oddFrame } from './fuzz-frames.ts';
import type { Figure } from './parts.ts';

export interface Fuzzed {
  frames: number;
  sockets: number;
  /** How the relay ended, if it did. */
  crashed: string | null;
  /** Log lines of errors that nobody foresaw. */
  internal: string[];
  /** Odd frames that were due at the other end, and those that came. */
  due: number;
  delivered: number;
  /** Sockets that lived on after a broken frame, or died of an odd one. */
  wrong: string[];
  /** Close codes and how often each. */
  endings: Map<number, number>;
  heap: { before: number; after: number };
  rss: { before: number; after: number };
  ms: number;
}

const LANES = 12;
const LIMITS = 'frameBurst=1000000000,framesPerSecond=1000000000,helloPerIp=1000,relayTokenS=600';
/** Nothing that happens here takes so long; a lane that hangs is a finding. */
const STUCK_MS = 20_000;
const LATE_MS = 10_000;

interface Device {
  account: string;
  device: string;
  kind: DeviceKind;
  pub: string;
  key: KeyObject;
}

function makeDevice(account: string, kind: DeviceKind): Device {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' });
  const pub = Buffer.concat([Buffer.of(4), Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')]).toString('base64');
  return { account, device: randomId().padEnd(43, 'x'), kind, pub, key: privateKey };
}

class Lane {
  readonly #relay: ChildRelay;
  readonly #random: Random;
  readonly #found: Fuzzed;
  readonly #talker: Device;
  readonly #hearer: Device;
  #tokens: string[] = [];
  #listener: TestSocket | null = null;
  #listenerAt = 0;

  constructor(relay: ChildRelay, random: Random, found: Fuzzed) {
    this.#relay = relay;
    this.#random = random;
    this.#found = found;
    const account = randomId();
    const phoneTalks = random.chance(0.5);
    this.#talker = makeDevice(account, phoneTalks ? 'phone' : 'daemon');
    this.#hearer = makeDevice(account, phoneTalks ? 'daemon' : 'phone');
  }

  /** Until `more` says no. */
  async run(more: () => boolean): Promise<void> {
    const [token] = await this.#relay.mint([this.#hearer]);
    const { socket, connection } = await this.#join(this.#hearer, token!);
    this.#listener = socket;
    this.#listenerAt = connection;
    while (more() && this.#relay.crashed() === null) {
      if (this.#random.chance(0.33)) await this.#stranger();
      else await this.#member();
    }
    socket.destroy();
  }

  #open(device: Device): Promise<TestSocket> {
    this.#found.sockets++;
    return TestSocket.open(this.#relay.origin, device.kind === 'phone' ? { Origin: this.#relay.origin } : {});
  }

  async #join(device: Device, relayToken: string): Promise<{ socket: TestSocket; connection: number }> {
    const socket = await this.#open(device);
    const { nonce, node } = (await socket.frame(FRAME.challenge)).json() as { nonce: string; node: string };
    const text = socketProofText({ nonce, relayToken, origin: this.#relay.origin, node, version: FRAME_VERSION });
    const sig = createSign('sha256')
      .update(lengthPrefixed(utf8('ct-ws'), utf8(text)))
      .sign({ key: device.key, dsaEncoding: 'ieee-p1363' })
      .toString('base64url');
    socket.say(FRAME.hello, { relayToken, kid: device.device, sig, version: FRAME_VERSION });
    const welcome = (await socket.frame(FRAME.welcome)).json() as { connection: number };
    socket.frames.length = 0;
    return { socket, connection: welcome.connection };
  }

  async #token(): Promise<string> {
    if (this.#tokens.length === 0) this.#tokens = await this.#relay.mint(Array.from({ length: 64 }, () => this.#talker));
    return this.#tokens.pop()!;
  }

  async #stranger(): Promise<void> {
    const socket = await this.#open(this.#talker);
    socket.write(firstFrame(this.#random));
    socket.socket.end();
    this.#ended(await socket.ending());
    this.#found.frames++;
  }

  /** A wire frame that the relay must answer once it has seen everything before. */
  async #answered(socket: TestSocket, what: string): Promise<boolean> {
    const mark = Buffer.from(`mark ${randomId()}`);
    socket.send(encodeFrame(FRAME.ping, CLASS.control, 0, mark));
    const isMark = (f: RelayFrame): boolean => f.type === FRAME.pong && f.payload.equals(mark);
    while (!socket.ended && !socket.frames.some(isMark))
      await socket.until(() => socket.ended || socket.frames.some(isMark)).catch(() => undefined);
    const alive = socket.frames.some(isMark);
    if (!alive && what !== '') this.#found.wrong.push(`${what}: ${socket.closed?.code ?? 1006} ${socket.closed?.reason ?? ''}`);
    return alive;
  }

  async #member(): Promise<void> {
    const random = this.#random;
    const { socket } = await this.#join(this.#talker, await this.#token());
    const listener = this.#listener!;
    const batch = Array.from({ length: 40 + random.below(200) }, () => oddFrame(random, this.#listenerAt));
    const due = batch.filter((f) => f.delivered).length;
    listener.frames.length = 0;
    // Cut anywhere: the relay sees frames in pieces and several at once.
    const all = Buffer.concat(batch.map((f) => f.wire));
    const cut = random.below(all.length);
    socket.write(all.subarray(0, cut));
    socket.write(all.subarray(cut));
    const alive = await this.#answered(socket, 'odd frames ended the socket');
    this.#found.frames += batch.length + 1;
    if (alive) {
      const heard = await this.#heard(due);
      this.#found.due += due;
      this.#found.delivered += heard;
    }
    if (!socket.ended) await this.#finish(socket);
    socket.destroy();
  }

  /** How many data frames the listener got, waiting for the last of `due`. */
  async #heard(due: number): Promise<number> {
    const listener = this.#listener!;
    const count = (): number => listener.frames.filter((f) => f.type === FRAME.data).length;
    await listener.until(() => count() >= due);
    for (const frame of listener.frames)
      if (frame.type !== FRAME.data && frame.type !== FRAME.presence) this.#found.wrong.push(`the listener got type ${frame.type}`);
    return count();
  }

  async #finish(socket: TestSocket): Promise<void> {
    const broken = this.#random.chance(0.6);
    const last = broken ? brokenFrame(this.#random) : mutatedFrame(this.#random, this.#listenerAt);
    socket.frames.length = 0;
    socket.write(last);
    this.#found.frames++;
    // A broken frame ends the socket by itself, be it after a look at keys; what is anyone's guess is hung up on.
    if (!broken) socket.socket.end(wireFrame(OPCODE.close, Uint8Array.of(3, 232)));
    const late = setTimeout(() => {
      this.#found.wrong.push(`lived on after ${last.subarray(0, 24).toString('hex')} (${last.length} bytes)`);
      socket.destroy();
    }, LATE_MS);
    this.#ended(await socket.ending());
    clearTimeout(late);
  }

  #ended({ code }: { code: number }): void {
    this.#found.endings.set(code, (this.#found.endings.get(code) ?? 0) + 1);
  }
}

async function lanes(relay: ChildRelay, seed: number, found: Fuzzed, frames: number, say: (text: string) => void): Promise<void> {
  const from = found.frames;
  let [lastSeen, lastAtMs, saidAt] = [found.frames, performance.now(), 0];
  const stuck = new Promise<never>((_, failed) => {
    const timer = setInterval(() => {
      if (found.frames !== lastSeen) [lastSeen, lastAtMs] = [found.frames, performance.now()];
      else if (performance.now() - lastAtMs > STUCK_MS) failed(new Error(`a lane is stuck after ${found.frames} frames`));
      if (++saidAt % 60 === 0) say(`${found.frames} frames`);
    }, 500);
    timer.unref();
  });
  const all = Array.from({ length: LANES }, (_, i) =>
    new Lane(relay, seeded(seed * 1000 + i), found).run(() => found.frames - from < frames),
  );
  await Promise.race([Promise.all(all), stuck]);
}

/** So many frames make what is made once: compiled code, pools, tables. */
const WARM_FRAMES = 100_000;

/** `frames` in all; the first of them, half at most, before memory is looked at. */
export async function fuzzRelay(options: { frames: number; seed: number; say: (text: string) => void }): Promise<Fuzzed> {
  const started = performance.now();
  const relay = await startChildRelay({ CLAWTAB_LIMITS: LIMITS });
  const found: Fuzzed = {
    frames: 0,
    sockets: 0,
    crashed: null,
    internal: [],
    due: 0,
    delivered: 0,
    wrong: [],
    endings: new Map(),
    heap: { before: 0, after: 0 },
    rss: { before: 0, after: 0 },
    ms: 0,
  };
  try {
    await lanes(relay, options.seed, found, Math.min(WARM_FRAMES, Math.round(options.frames / 2)), options.say);
    ({ heap: found.heap.before, rss: found.rss.before } = await relay.memory());
    await lanes(relay, options.seed + 1, found, options.frames - found.frames, options.say);
    ({ heap: found.heap.after, rss: found.rss.after } = await relay.memory());
  } finally {
    found.crashed = relay.crashed();
    found.internal = relay.log.filter((line) => !/^\{"level":[1-4]0,/.test(line));
    found.ms = performance.now() - started;
    await relay.stop();
  }
  return found;
}

/** Growth that is the collector’s own business: its young generation takes its full size in time, 3 × 16 MiB at most. */
const HEAP_SLACK = 4e6;
const RSS_SLACK = 16e6;
const mb = (bytes: number): string => `${Math.round(bytes / 1e5) / 10} MB`;

export const fuzzFigures = (found: Fuzzed): Figure[] => [
  {
    name: 'fuzzed frames',
    note: `${found.frames} on ${found.sockets} sockets in ${Math.round(found.ms / 1000)} s; closed with ${[...found.endings]
      .sort((a, b) => b[1] - a[1])
      .map(([code, n]) => `${code}: ${n}`)
      .join(', ')}`,
  },
  { name: 'crashes of the relay', count: found.crashed === null ? 0 : 1, more: found.crashed ?? '' },
  { name: 'errors that it did not foresee', count: found.internal.length, more: found.internal[0] ?? '' },
  { name: `odd frames lost, of ${found.due}`, count: found.due - found.delivered },
  { name: 'sockets that ended and must not, or must and did not', count: found.wrong.length, more: found.wrong.slice(0, 3).join('; ') },
  {
    name: 'heap back to its base',
    value: `${mb(found.heap.before)} → ${mb(found.heap.after)}`,
    goal: `+${mb(HEAP_SLACK)}`,
    ok: found.heap.after <= found.heap.before + HEAP_SLACK,
  },
  {
    name: 'resident memory back to its base',
    value: `${mb(found.rss.before)} → ${mb(found.rss.after)}`,
    goal: `+${mb(RSS_SLACK)}`,
    ok: found.rss.after <= found.rss.before + RSS_SLACK,
  },
];
