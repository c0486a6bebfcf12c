/** The measurements of the relay bench, one function each: what one running system costs under one kind of load. */
import type { Order, Result } from './load.ts';
import { cpuUs, percentile, rssKiB } from './process.ts';
import type { Running } from './systems.ts';

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** CPU of the relay per message, microseconds, and what the load saw. */
export async function cpuPer(at: Running, order: Order): Promise<{ us: number; result: Result }> {
  const before = cpuUs(at.served.pid);
  const result = await at.load.order(order);
  if (result.closed && result.closed.length > 0) throw new Error(`${at.system} closed sockets: ${result.closed[0]}`);
  return { us: (cpuUs(at.served.pid) - before) / Math.max(1, result.messages), result };
}

export const FLOODS = [
  { bytes: 120, inFlight: 16 * 1024 },
  { bytes: 4096, inFlight: 128 * 1024 },
  { bytes: 65_536, inFlight: 256 * 1024 },
] as const;
export const FLOOD_PAIRS = 20;

export async function flood(at: Running, { bytes, inFlight }: (typeof FLOODS)[number], ms: number): Promise<number> {
  const { us } = await cpuPer(at, { do: 'flood', bytes, inFlight, ms, pairs: FLOOD_PAIRS });
  await pause(200); // what is under way still arrives
  return us;
}

export async function fanout(at: Running, readers: number, ms: number): Promise<number> {
  await at.join(readers + 1, 'fan', 50);
  const { us } = await cpuPer(at, { do: 'fanout', bytes: 120, inFlight: 4096, ms, readers });
  await at.leave();
  return us;
}

/** 500 pairs, 20 messages a second each: CPU a message, and the slowest per cent of the ways from socket to socket, microseconds. */
export async function spread(at: Running, pairs: number, ms: number): Promise<{ us: number; p50: number; p99: number }> {
  await at.join(pairs * 2, 'pairs', 50);
  await pause(500);
  const { us, result } = await cpuPer(at, { do: 'paced', bytes: 120, ms, perSecond: 20, pairs });
  await at.leave();
  return { us, p50: percentile(result.us ?? [], 50), p99: percentile(result.us ?? [], 99) };
}

/** kB of the relay's memory per idle socket, both ends of a pair counted. */
export async function memory(at: Running, pairs: number): Promise<number> {
  await at.join(2, 'pairs', 1);
  await pause(1000);
  const before = rssKiB(at.served.pid);
  await at.join(pairs * 2, 'pairs', 50);
  await pause(3000);
  return ((rssKiB(at.served.pid) - before) * 1.024) / (pairs * 2);
}

/** All at once: milliseconds until the last one is welcome. */
export const storm = (at: Running, sockets: number): Promise<number> => at.join(sockets, 'pairs', sockets);

/** Growth of the relay's memory, MB, while one reader stops and is offered `totalBytes`; p99 of its neighbours, microseconds. */
export async function stuckReader(at: Running, totalBytes: number): Promise<{ mb: number; p99: number }> {
  await at.join(22, 'pairs', 10);
  // Warm: buffers of the flood itself are not the stuck reader's.
  await at.load.order({ do: 'flood', bytes: 16_384, inFlight: 262_144, ms: 1000, pairs: 1 });
  await pause(1000);
  const before = rssKiB(at.served.pid);
  let top = before;
  const watch = setInterval(() => {
    top = Math.max(top, rssKiB(at.served.pid));
  }, 20);
  const result = await at.load.order({ do: 'stuck', bytes: 16_384, totalBytes, perSecond: 20 });
  clearInterval(watch);
  return { mb: ((top - before) * 1.024) / 1000, p99: percentile(result.us ?? [], 99) };
}
