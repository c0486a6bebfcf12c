/**
 * The relay beside a bare `ws` relay, interleaved in one run, clients in a process of their own on raw sockets: ratios of CPU, latency, time to
 * reconnect; memory. Every figure is the median of the rounds. `--json` prints one object, `--quick` does it smaller. Linux: /proc.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RELAY_FLAGS } from '../../daemon/relay-process.ts';
import { databaseDirs } from '../../relay/store/embedded-place.ts';
import { FLOOD_PAIRS, FLOODS, fanout, flood, memory, spread, storm, stuckReader } from './relay/measure.ts';
import { median, rssKiB, serve } from './relay/process.ts';
import { type Running, run, SYSTEMS, type System } from './relay/systems.ts';

const json = process.argv.includes('--json');
const quick = process.argv.includes('--quick');
const only = process.argv
  .find((w) => w.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const SIZE = quick
  ? { rounds: 5, floodMs: 600, spreadPairs: 250, spreadMs: 2000, readers: 100, storm: 500, memory: [1000], memoryRounds: 1, stuck: 100e6 }
  : {
      rounds: 5,
      floodMs: 1500,
      spreadPairs: 500,
      spreadMs: 4000,
      readers: 100,
      storm: 2000,
      memory: [1000, 9500],
      memoryRounds: 5,
      stuck: 300e6,
    };

const say = (line: string): void => {
  if (!json) process.stdout.write(`${line}\n`);
};
const round2 = (value: number): number => Math.round(value * 100) / 100;
type Pair = Record<System, number[]>;
const pair = (): Pair => ({ bare: [], clawtab: [] });
const ratio = (p: Pair): number => round2(median(p.clawtab) / median(p.bare));
const wanted = (part: string): boolean => !only || only.includes(part);

/** Both systems, in changing order, as often as there are rounds. */
async function interleaved(name: string, rounds: number, measure: (at: Running) => Promise<void>, fresh: boolean): Promise<void> {
  const kept = new Map<System, Running>();
  for (let i = 0; i < rounds; i++) {
    for (const system of i % 2 === 0 ? SYSTEMS : [...SYSTEMS].reverse()) {
      const at = kept.get(system) ?? (await run(system));
      if (!fresh) kept.set(system, at);
      await measure(at);
      if (fresh) await at.stop();
    }
    say(`  ${name}, round ${i + 1} of ${rounds}`);
  }
  for (const at of kept.values()) await at.stop();
}

const figures: { value: number; goal: number }[] = [];
/** A figure is printed as soon as it is known: a part that breaks later takes none of the earlier ones with it. */
function figure(name: string, value: number, goal: number, unit = '', more = ''): void {
  figures.push({ value, goal });
  const mark = value <= goal ? 'ok  ' : 'MISS';
  say(`${mark} ${name.padEnd(50)} ${String(value).padStart(7)} ${unit.padEnd(2)} (≤ ${goal})  ${more}`);
}
const both = (p: Pair, unit: string): string => `bare ${round2(median(p.bare))}, clawtab ${round2(median(p.clawtab))} ${unit}`;

async function floods(): Promise<Record<string, number>> {
  const cpu: Record<string, Pair> = Object.fromEntries(FLOODS.map((f) => [f.bytes, pair()]));
  await interleaved(
    'flood',
    SIZE.rounds + 1,
    async (at) => {
      await at.join(FLOOD_PAIRS * 2, 'pairs', 20);
      for (const f of FLOODS) cpu[f.bytes]![at.system].push(await flood(at, f, SIZE.floodMs));
      await at.leave();
    },
    false,
  );
  const goals: Record<string, number> = { 120: 0.15, 4096: 0.55, 65536: 1.3 };
  for (const [bytes, p] of Object.entries(cpu)) {
    for (const system of SYSTEMS) p[system].shift(); // the first round warms up
    figure(`CPU per message of ${bytes} B, ratio`, ratio(p), goals[bytes]!, '', both(p, 'µs'));
  }
  return Object.fromEntries(Object.entries(cpu).map(([bytes, p]) => [bytes, ratio(p)]));
}

async function fans(): Promise<number> {
  const cpu = pair();
  await interleaved('fan-out', SIZE.rounds, async (at) => void cpu[at.system].push(await fanout(at, SIZE.readers, SIZE.floodMs)), false);
  figure('CPU per delivery, 1 to 100, ratio', ratio(cpu), 0.15, '', both(cpu, 'µs'));
  return ratio(cpu);
}

async function spreads(): Promise<{ cpu: number; p99: number }> {
  const [cpu, p99, p50] = [pair(), pair(), pair()];
  await interleaved(
    'spread',
    SIZE.rounds,
    async (at) => {
      const seen = await spread(at, SIZE.spreadPairs, SIZE.spreadMs);
      cpu[at.system].push(seen.us);
      p99[at.system].push(seen.p99);
      p50[at.system].push(seen.p50);
    },
    false,
  );
  figure(`CPU per message, ${SIZE.spreadPairs} pairs × 20/s, ratio`, ratio(cpu), 1.15, '', both(cpu, 'µs'));
  figure('p99 of the way under that load, ratio', ratio(p99), 1.5, '', `${both(p99, 'µs')}; p50 ${both(p50, 'µs')}`);
  return { cpu: ratio(cpu), p99: ratio(p99) };
}

async function memories(): Promise<Record<string, number>> {
  const out: Record<string, number> = {};
  const files = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
  for (const pairs of SIZE.memory.filter((n) => n * 2 + 200 < files)) {
    const kb = pair();
    await interleaved(`memory of ${pairs} pairs`, SIZE.memoryRounds, async (at) => void kb[at.system].push(await memory(at, pairs)), true);
    out[pairs] = round2(median(kb.clawtab));
    figure(`kB per idle connection, ${pairs} pairs`, out[pairs], pairs > 5000 ? 7 : 12, 'kB', `bare ${round2(median(kb.bare))} kB`);
  }
  return out;
}

async function storms(): Promise<number> {
  const ms = pair();
  await interleaved(
    'storm',
    SIZE.rounds,
    async (at) => {
      await at.join(200, 'pairs', 20);
      ms[at.system].push(await storm(at, SIZE.storm));
    },
    true,
  );
  figure(`${SIZE.storm} reconnects at once, ratio`, ratio(ms), 1.3, '', both(ms, 'ms'));
  return ratio(ms);
}

async function stuck(): Promise<number> {
  const seen: { mb: number; p99: number }[] = [];
  for (let i = 0; i < (quick ? 1 : SIZE.rounds); i++) {
    const at = await run('clawtab');
    seen.push(await stuckReader(at, SIZE.stuck));
    await at.stop();
  }
  const mb = round2(median(seen.map((s) => s.mb)));
  figure(
    `growth for a stuck reader offered ${SIZE.stuck / 1e6} MB`,
    mb,
    8,
    'MB',
    `neighbours’ p99 ${Math.round(median(seen.map((s) => s.p99)))} µs`,
  );
  return mb;
}

/** The relay as an operator starts it, with its own database, one second after it listens. */
async function idle(): Promise<number> {
  const seen: number[] = [];
  for (let i = 0; i < SIZE.rounds; i++) {
    const state = mkdtempSync(join(tmpdir(), 'clawtab-bench-'));
    const main = resolve(import.meta.dirname, '../../dist/relay/main.node.js');
    const served = await serve([...RELAY_FLAGS, main], { HOME: state, CLAWTAB_STATE: state, LISTEN: '127.0.0.1:0' });
    await new Promise((done) => setTimeout(done, 1000));
    seen.push((rssKiB(served.pid) * 1.024) / 1000);
    await served.stop();
    for (const dir of databaseDirs(state)) rmSync(dir, { recursive: true, force: true });
    rmSync(state, { recursive: true, force: true });
  }
  const mb = round2(median(seen));
  figure('idle relay process', mb, 70, 'MB');
  return mb;
}

const started = performance.now();
const cpuRatio = wanted('flood') ? await floods() : {};
const fanoutCpuRatio = wanted('fan') ? await fans() : Number.NaN;
const spreadSeen = wanted('spread') ? await spreads() : { cpu: Number.NaN, p99: Number.NaN };
const kBPerConnection = wanted('memory') ? await memories() : {};
const stormRatio = wanted('storm') ? await storms() : Number.NaN;
const stuckReaderMB = wanted('stuck') ? await stuck() : Number.NaN;
const idleRssMB = wanted('idle') ? await idle() : Number.NaN;

if (json) {
  const relay = {
    cpuRatio,
    spreadCpuRatio: spreadSeen.cpu,
    fanoutCpuRatio,
    p99LoadedRatio: spreadSeen.p99,
    kBPerConnection,
    stormRatio,
    stuckReaderMB,
    idleRssMB,
  };
  process.stdout.write(`${JSON.stringify({ relay })}\n`);
} else {
  const failed = figures.filter((f) => !(f.value <= f.goal)).length;
  say(`took ${Math.round((performance.now() - started) / 1000)} s; ${figures.length - failed} passed, ${failed} failed`);
}
process.exitCode = figures.every((f) => f.value <= f.goal) ? 0 : 1;
