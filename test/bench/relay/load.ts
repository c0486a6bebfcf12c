/**
 * The load generator: a process of its own that joins a relay with many sockets and carries out one measurement at a time, told over IPC.
 * Both systems see the same bytes from the same code; only the greeting differs.
 */
import { CLASS, encodeFrame, FRAME, FRAME_HEADER_BYTES } from '../../../shared/frame.ts';
import { type Credential, greet } from './greeting.ts';
import { clientFrame, RawSocket } from './raw-socket.ts';

export type Order =
  | { do: 'join'; system: 'bare' | 'clawtab'; origin: string; credentials: Credential[]; parallel: number }
  /** Pairs (2i → 2i+1) send as fast as `inFlight` bytes a pair allow. */
  | { do: 'flood'; bytes: number; ms: number; inFlight: number; pairs: number }
  /** Each pair sends `perSecond` messages; one-way times in microseconds come back. */
  | { do: 'paced'; bytes: number; ms: number; perSecond: number; pairs: number }
  /** Socket 0 sends each message to every other. */
  | { do: 'fanout'; bytes: number; ms: number; inFlight: number; readers: number }
  /** Socket 1 stops reading while socket 0 sends `totalBytes` to it; the pairs behind go on at a pace. */
  | { do: 'stuck'; bytes: number; totalBytes: number; perSecond: number }
  | { do: 'leave' };
export type Result = { messages: number; us?: number[]; ms?: number; closed?: string[] };

interface Joined {
  raw: RawSocket;
  connection: number;
}

let joined: Joined[] = [];
const closed: string[] = [];

async function join(order: Extract<Order, { do: 'join' }>): Promise<Result> {
  const started = performance.now();
  const next = order.credentials.entries();
  const out: Joined[] = new Array(order.credentials.length);
  const worker = async (): Promise<void> => {
    for (const [i, credential] of next) {
      const raw = await RawSocket.open(order.origin, order.system === 'bare' ? '/' : '/v1/ws', credential.kind === 'phone');
      out[i] = { raw, connection: await greet(order.system, order.origin, raw, credential) };
      raw.onClose = (why) => closed.push(why);
    }
  };
  await Promise.all(Array.from({ length: order.parallel }, worker));
  const base = joined.length;
  joined = joined.concat(out);
  return { messages: joined.length - base, ms: performance.now() - started };
}

const frameTo = (peer: number, bytes: number): Buffer =>
  clientFrame(encodeFrame(FRAME.data, bytes > 1024 ? CLASS.bulk : CLASS.control, peer, new Uint8Array(bytes - FRAME_HEADER_BYTES)));
/** Where the send time lies in the client frame: behind both headers. */
const stamp = (frame: Buffer): void => void frame.writeDoubleBE(performance.timeOrigin + performance.now(), frame.length - 8);
const isData = (payload: Buffer): boolean => payload[1] === undefined || payload[1] === FRAME.data;

/** A sender keeps at most `inFlight` bytes unconfirmed; the receiver, being in this process, confirms by a counter. */
function flood(order: Extract<Order, { do: 'flood' }>): Promise<Result> {
  let messages = 0;
  let running = true;
  for (let i = 0; i < order.pairs; i++) {
    const [from, to] = [joined[2 * i]!, joined[2 * i + 1]!];
    const frame = frameTo(to.connection, order.bytes);
    const burst = Math.max(1, Math.floor(order.inFlight / order.bytes));
    const batch = Buffer.concat(Array.from({ length: burst }, () => frame));
    let seen = 0;
    to.raw.onMessage = (payload) => {
      if (!isData(payload)) return;
      messages++;
      if (++seen === burst && running) {
        seen = 0;
        from.raw.socket.write(batch);
      }
    };
    from.raw.socket.write(batch);
  }
  return new Promise((resolve) =>
    setTimeout(() => {
      running = false;
      resolve({ messages, closed });
    }, order.ms),
  );
}

function paced(order: Extract<Order, { do: 'paced' }>, first = 0): Promise<Result> {
  const us: number[] = [];
  const timers: NodeJS.Timeout[] = [];
  const everyMs = 1000 / order.perSecond;
  for (let i = first; i < first + order.pairs; i++) {
    const [from, to] = [joined[2 * i]!, joined[2 * i + 1]!];
    const frame = frameTo(to.connection, order.bytes);
    to.raw.onMessage = (payload) => {
      if (isData(payload)) us.push((performance.timeOrigin + performance.now() - payload.readDoubleBE(payload.length - 8)) * 1000);
    };
    const send = (): void => {
      stamp(frame);
      from.raw.socket.write(Buffer.from(frame));
    };
    // Spread over the interval, so that pairs do not fire together.
    timers.push(setTimeout(() => timers.push(setInterval(send, everyMs)), (everyMs * (i - first)) / order.pairs));
  }
  return new Promise((resolve) =>
    setTimeout(() => {
      for (const timer of timers) clearInterval(timer);
      resolve({ messages: us.length, us: us.length > 20_000 ? us.filter((_, i) => i % Math.ceil(us.length / 20_000) === 0) : us, closed });
    }, order.ms),
  );
}

function fanout(order: Extract<Order, { do: 'fanout' }>): Promise<Result> {
  let messages = 0;
  let running = true;
  const sender = joined[0]!;
  const readers = joined.slice(1, 1 + order.readers);
  const rounds = Math.max(1, Math.floor(order.inFlight / order.bytes));
  const batch = Buffer.concat(Array.from({ length: rounds }, () => Buffer.concat(readers.map((r) => frameTo(r.connection, order.bytes)))));
  let seen = 0;
  for (const reader of readers) {
    reader.raw.onMessage = (payload) => {
      if (!isData(payload)) return;
      messages++;
      if (++seen === rounds * readers.length && running) {
        seen = 0;
        sender.raw.socket.write(batch);
      }
    };
  }
  sender.raw.socket.write(batch);
  return new Promise((resolve) =>
    setTimeout(() => {
      running = false;
      resolve({ messages, closed });
    }, order.ms),
  );
}

async function stuck(order: Extract<Order, { do: 'stuck' }>): Promise<Result> {
  const [from, to] = [joined[0]!, joined[1]!];
  to.raw.socket.pause();
  const frame = frameTo(to.connection, order.bytes);
  const neighbours = paced({ do: 'paced', bytes: 120, ms: 4000, perSecond: order.perSecond, pairs: Math.floor(joined.length / 2) - 1 }, 1);
  let offered = 0;
  const refused = new Promise<void>((resolve) => {
    from.raw.onClose = () => resolve();
  });
  const offer = async (): Promise<void> => {
    while (offered < order.totalBytes && !from.raw.socket.destroyed) {
      offered += order.bytes;
      if (!from.raw.socket.write(frame)) await Promise.race([new Promise<void>((r) => from.raw.socket.once('drain', () => r())), refused]);
    }
  };
  await offer();
  const result = await neighbours;
  return { ...result, messages: offered };
}

async function carryOut(order: Order): Promise<Result> {
  switch (order.do) {
    case 'join':
      return join(order);
    case 'flood':
      return flood(order);
    case 'paced':
      return paced(order);
    case 'fanout':
      return fanout(order);
    case 'stuck':
      return stuck(order);
    case 'leave':
      for (const { raw } of joined) {
        raw.onClose = () => undefined;
        raw.socket.destroy();
      }
      joined = [];
      closed.length = 0;
      return { messages: 0 };
  }
}

process.on('message', (order: Order) => {
  carryOut(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
