/**
 * Numbered lines from an agent to a phone and a desk while every link on the way is cut, again and again: phone to relay, daemon to relay, desk to daemon,
 * daemon to holder; daemon and relay are killed in between. Each reader goes on from its offset, as the page and the CLI do. Lost, doubled, silently
 * left out: counted by line-check.ts.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { LocalClient } from '../../daemon/local/client.ts';
import type { TestPhone } from '../../daemon/test-phone.ts';
import { randomId } from '../../shared/bytes.ts';
import type { ProtocolEvent } from '../../shared/protocol.ts';
import { FaultProxy } from './fault-proxy.ts';
import { LineCheck } from './line-check.ts';
import { Product } from './product.ts';
import { seeded } from './random.ts';

export interface LineRounds {
  lines: number;
  readers: { name: string; check: LineCheck; subscribed: number }[];
  cuts: Record<'phone' | 'daemon' | 'desk' | 'holder' | 'daemonKilled' | 'relayKilled', number>;
  tookMs: number;
}

const CREDIT_BYTES = 512 << 10;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Prints `lines` numbered lines at about `perSecond`, in blocks every ten milliseconds. */
const AGENT = `
const [lines, perSecond] = process.argv.slice(2).map(Number);
let n = 0;
const started = performance.now();
const turn = () => {
  const due = Math.min(lines, Math.ceil((performance.now() - started + 10) * perSecond / 1000));
  let text = '';
  while (n < due) {
    text += ++n + '\\n';
    if (text.length > 65536) { process.stdout.write(text); text = ''; }
  }
  process.stdout.write(text);
  if (n < lines) setTimeout(turn, 10);
};
turn();`;

interface Reader {
  name: string;
  check: LineCheck;
  subscribed: number;
  done: Promise<void>;
}

export async function lineRounds(options: {
  lines: number;
  perSecond: number;
  seed: number;
  onCut?(count: number): void;
}): Promise<LineRounds> {
  const random = seeded(options.seed);
  const startedMs = performance.now();
  let relayLine!: FaultProxy;
  const product = await Product.start({
    // A reader that is cut off for a minute finds all of it: the ring holds more than is written.
    settings: 'outputMiB = 256\n',
    // A phone that is cut a thousand times asks for more tokens than a relay would give one device.
    env: { CLAWTAB_LIMITS: 'relayTokenPerMinute=100000,requestsPerMinute=1000000,helloPerIp=1000' },
    between: async (port) => {
      relayLine = await FaultProxy.listen({ host: '127.0.0.1', port });
      return relayLine.port;
    },
  });
  const lines: FaultProxy[] = [relayLine];
  const cuts: LineRounds['cuts'] = { phone: 0, daemon: 0, desk: 0, holder: 0, daemonKilled: 0, relayKilled: 0 };
  try {
    const phone = await product.phone();
    const state = join(product.place.home, 'state');
    fs.writeFileSync(join(product.place.home, 'agent.cjs'), AGENT);
    const argv = [process.execPath, join(product.place.home, 'agent.cjs'), String(options.lines), String(options.perSecond)];
    const { run, output } = await phone.call('runs.start', { from: 'command', requestId: randomId(), argv, cwd: product.place.home });
    // From here on the daemon and its holder speak through a line of ours, and so does the desk.
    const socket = join(state, 's', `${run}.sock`);
    fs.renameSync(socket, `${socket}.real`);
    const holderLine = await FaultProxy.listen({ path: `${socket}.real` }, socket);
    const deskLine = await FaultProxy.listen({ path: product.socket }, join(state, 's', 'desk.line'));
    lines.push(holderLine, deskLine);
    const of = { run, epoch: output.epoch };
    const readers = [phoneReader('phone', phone, of), deskReader('desk', join(state, 's', 'desk.line'), of)];
    let reading = true;
    const all = Promise.all(readers.map((reader) => reader.done)).then(() => {
      reading = false;
    });
    const total = (): number => Object.values(cuts).reduce((sum, n) => sum + n, 0);
    const cutter = async (name: keyof typeof cuts, proxy: FaultProxy, kind: 'phone' | 'daemon' | 'any', everyMs: number): Promise<void> => {
      while (reading) {
        await pause(everyMs / 2 + random.below(everyMs));
        if (reading && proxy.cut(kind, random)) cuts[name]++;
      }
    };
    const killer = async (): Promise<void> => {
      while (reading) {
        await pause(4000 + random.below(8000));
        if (!reading) return;
        const which = random.chance(0.6) ? 'daemon' : 'relay';
        cuts[which === 'daemon' ? 'daemonKilled' : 'relayKilled']++;
        await product.kill(which);
        await (which === 'daemon' ? product.startDaemon() : product.startRelay());
      }
    };
    const watch = setInterval(() => options.onCut?.(total()), 5000);
    await Promise.all([
      all,
      cutter('phone', relayLine, 'phone', 600),
      cutter('daemon', relayLine, 'daemon', 1800),
      cutter('desk', deskLine, 'any', 350),
      cutter('holder', holderLine, 'any', 900),
      killer(),
    ]);
    clearInterval(watch);
    phone.close();
    return {
      lines: options.lines,
      readers: readers.map(({ name, check, subscribed }) => ({ name, check, subscribed })),
      cuts,
      tookMs: performance.now() - startedMs,
    };
  } finally {
    await product.stop();
    for (const line of lines) line.close();
  }
}

type Of = { run: string; epoch: string };

/** What both kinds of reader share: subscribe from where the last byte was, take, give credit, end at the stream's end. */
function follow(
  reader: Reader,
  of: Of,
  link: {
    subscribe(args: { run: string; epoch: string; from: number; creditBytes: number }): Promise<number>;
    credit(stream: number, bytes: number): void;
  },
) {
  let stream: number | null = null;
  let owed = 0;
  let finish: () => void = () => undefined;
  let again: () => void = () => undefined;
  reader.done = new Promise((resolve) => {
    finish = resolve;
  });
  return {
    /** Resolves when this subscription is over: ended (true), or to be made again. */
    async once(broken: Promise<unknown>): Promise<boolean> {
      let over = false;
      const ended = new Promise<boolean>((resolve) => {
        again = () => resolve(false);
        void reader.done.then(() => resolve(true));
        void broken.then(() => resolve(false));
      });
      stream = null;
      owed = 0;
      reader.subscribed++;
      const subscribed = link.subscribe({ ...of, from: reader.check.next, creditBytes: CREDIT_BYTES }).then(
        (id) => {
          if (!over) stream = id;
        },
        () => again(),
      );
      const result = await Promise.race([ended, subscribed.then(() => ended)]);
      over = true;
      return result;
    },
    output(chunk: { stream: number; offset: number; bytes: Uint8Array }): void {
      if (stream !== null && chunk.stream !== stream) return;
      if (!reader.check.take(chunk.offset, chunk.bytes)) return again();
      owed += chunk.bytes.length;
      if (owed < CREDIT_BYTES / 4) return;
      link.credit(chunk.stream, owed);
      owed = 0;
    },
    event(event: ProtocolEvent): void {
      if (event.event === 'gap' && (stream === null || event.data.stream === stream)) {
        reader.check.gap(event.data.from, event.data.to, event.data.why);
        // A gap of nothing: the daemon lost its source, and closed the stream.
        if (event.data.from === event.data.to) again();
      }
      if (event.event === 'stream.end' && (stream === null || event.data.stream === stream)) {
        if (event.data.end === reader.check.next) finish();
        else again();
      }
    },
  };
}

function newReader(name: string): Reader {
  return { name, check: new LineCheck(), subscribed: 0, done: Promise.resolve() };
}

function phoneReader(name: string, phone: TestPhone, of: Of): Reader {
  const reader = newReader(name);
  const following = follow(reader, of, {
    subscribe: async (args) => (await phone.call('runs.subscribe', args)).stream,
    credit: (stream, bytes) => void phone.call('runs.credit', { stream, bytes }).catch(() => undefined),
  });
  phone.onOutput = (chunk) => following.output(chunk);
  phone.onEvent = (event) => {
    following.event(event);
    phone.events.length = 0;
  };
  const go = async (): Promise<void> => {
    for (let over = false; !over; ) {
      await phone.until(() => phone.channel?.isOpen && phone.link?.state.state === 'online', 120_000);
      const { channel } = phone;
      const broken = phone.until(
        () => phone.channel !== channel || !phone.channel?.isOpen || phone.link?.state.state !== 'online',
        3600_000,
      );
      over = await following.once(broken.catch(() => undefined));
      if (!over) await pause(20);
    }
  };
  void go();
  return reader;
}

function deskReader(name: string, socket: string, of: Of): Reader {
  const reader = newReader(name);
  let client: LocalClient | null = null;
  const following = follow(reader, of, {
    subscribe: async (args) => (await client!.call('runs.subscribe', args)).stream,
    credit: (stream, bytes) => void client?.call('runs.credit', { stream, bytes }).catch(() => undefined),
  });
  const go = async (): Promise<void> => {
    for (let over = false; !over; ) {
      let broke: () => void = () => undefined;
      const broken = new Promise<void>((resolve) => {
        broke = resolve;
      });
      try {
        client = await LocalClient.connect(socket, {
          onEvent: (event) => following.event(event),
          onOutput: (chunk) => following.output(chunk),
          onClose: () => broke(),
        });
        over = await following.once(broken);
        client.close();
      } catch {
        // The daemon is not there, or the line was cut during the greeting: once more.
      }
      if (!over) await pause(20);
    }
  };
  void go();
  return reader;
}
