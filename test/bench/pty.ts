/**
 * npm run bench -- pty: the pty path (child, holder, daemon, seal, relay, phone) beside a bare pty (plain node-pty) and, where installed, ttyd; interleaved.
 * Time from the write in the child, throughput of a `yes` flood, memory and CPU. [--quick] [--json] [--rounds=N] Linux: /proc.
 */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { Figures, options, percentile } from '../rig/figures.ts';
import { Clawtab } from './pty/clawtab.ts';
import { throughTtyd, ttydVersion } from './pty/ttyd.ts';
import { median } from './relay/process.ts';

const wanted = options();
const figures = new Figures('pty', wanted);
const rounds = wanted.number('rounds', 5, 3);
const lines = wanted.number('lines', 500, 200);
const floodMs = wanted.number('flood-ms', 3000, 1500);
const idleMs = wanted.number('idle-ms', 20_000, 6000);

const WRITER = [process.execPath, resolve(import.meta.dirname, 'pty/writer.mjs'), String(lines)];
const ms = (us: number): string => `${(us / 1000).toFixed(2)} ms`;
const mb = (kib: number): string => `${Math.round(kib / 1024)} MB`;
const mbs = (bytesPerS: number): string => `${(bytesPerS / 1e6).toFixed(1)} MB/s`;

/** The bare pty, in a process of its own. */
async function bare(order: { argv: readonly string[]; ms?: number }): Promise<{ us: number[]; bytes: number; tookMs: number }> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', resolve(import.meta.dirname, 'pty/bare.ts'), JSON.stringify(order)],
    { maxBuffer: 64 << 20 },
  );
  return JSON.parse(stdout) as { us: number[]; bytes: number; tookMs: number };
}

const ttyd = ttydVersion();
if (ttyd === null) figures.note('ttyd', 'not installed, left out');
const clawtab = await Clawtab.start();
try {
  const us = { bare: [] as number[][], ttyd: [] as number[][], clawtab: [] as number[][] };
  for (let i = 0; i < rounds; i++) {
    us.bare.push((await bare({ argv: WRITER })).us);
    us.clawtab.push(await clawtab.latency(WRITER));
    if (ttyd !== null) us.ttyd.push(await throughTtyd(WRITER));
  }
  // The median of the rounds: one that something else on the machine disturbed does not decide.
  const at = (all: readonly number[][], p: number): number => median(all.map((round) => percentile(round, p)));
  const spread = (all: readonly number[][]): string =>
    `p50 ${ms(at(all, 50))} · p95 ${ms(at(all, 95))} · p99 ${ms(at(all, 99))} (${all.length} × ${lines})`;
  figures.note('child write → bare pty', spread(us.bare));
  if (ttyd !== null) figures.note(`child write → client of ${ttyd}`, spread(us.ttyd));
  figures.gate('child write → phone, p50', ms(at(us.clawtab, 50)), '≤ 2 ms', at(us.clawtab, 50) <= 2000);
  figures.gate('child write → phone, p95', ms(at(us.clawtab, 95)), '< 16 ms', at(us.clawtab, 95) < 16_000);
  figures.note('child write → phone', spread(us.clawtab));
  const whole = us.clawtab.map((round) => round.length);
  figures.gate(
    'lines that arrived',
    `${whole.join(', ')} of ${lines}`,
    'all',
    whole.every((n) => n === lines),
  );

  const rate = { bare: [] as number[], alone: [] as number[], watched: [] as number[] };
  let daemonKiB = 0;
  let seen = 0;
  for (let i = 0; i < rounds; i++) {
    const plain = await bare({ argv: ['yes'], ms: floodMs });
    rate.bare.push((plain.bytes / plain.tookMs) * 1000);
    for (const watched of i % 2 === 0 ? [false, true] : [true, false]) {
      const flood = await clawtab.flood(['yes'], floodMs, watched);
      rate[watched ? 'watched' : 'alone'].push(flood.bytesPerS);
      daemonKiB = Math.max(daemonKiB, flood.daemonKiB);
      seen += flood.seen;
    }
  }
  const ratio = (all: readonly number[]): number => median(all) / median(rate.bare);
  const beside = (all: readonly number[]): string => `${ratio(all).toFixed(2)} (${mbs(median(all))} beside ${mbs(median(rate.bare))})`;
  figures.gate('`yes` flood, nobody watching: throughput beside the bare pty', beside(rate.alone), '≥ 0.80', ratio(rate.alone) >= 0.8);
  figures.gate('`yes` flood, a phone watching: throughput beside the bare pty', beside(rate.watched), '≥ 0.80', ratio(rate.watched) >= 0.8);
  figures.note('of it the phone has read', mbs(seen / ((rounds * floodMs) / 1000)));
  figures.gate('daemon in the floods, most memory', mb(daemonKiB), '≤ 150 MB', daemonKiB <= 150 * 1024);
} finally {
  await clawtab.stop();
}

const fresh = await Clawtab.start();
try {
  const idle = await fresh.idle(idleMs);
  figures.gate('idle daemon', mb(idle.daemonKiB), '≤ 80 MB', idle.daemonKiB <= 80 * 1024);
  figures.gate('idle daemon, CPU', `${(idle.daemonCpu * 100).toFixed(2)} %`, '≤ 0.5 %', idle.daemonCpu <= 0.005);
  figures.gate('holder of an idle agent', mb(idle.holderKiB), '≤ 45 MB', idle.holderKiB <= 45 * 1024);
} finally {
  await fresh.stop();
}
figures.end();
