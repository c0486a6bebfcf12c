/**
 * npm run bench -- questions: from the last byte of a prompt, as its agent writes it, to the card on the phone, through holder, daemon, screen, seal and relay;
 * on a quiet machine and beside `yes` floods; what reading costs; how far a reader lags behind a flood. [--quick] [--json] Linux: /proc.
 */
import { resolve } from 'node:path';
import type { TestPhone } from '../../daemon/test-phone.ts';
import { randomId } from '../../shared/bytes.ts';
import { Figures, options, percentile, spread } from '../rig/figures.ts';
import { Product } from '../rig/product.ts';
import { cpuUs } from './relay/process.ts';

const wanted = options();
const figures = new Figures('questions', wanted);
const askers = wanted.number('askers', 3, 3);
const count = wanted.number('count', 120, 30);
const steadyMs = wanted.number('steady-ms', 20_000, 5000);
const RATE = 1_000_000;

const script = (file: string, ...args: (string | number)[]): string[] => [
  process.execPath,
  resolve(import.meta.dirname, 'questions', file),
  ...args.map(String),
];
const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

class Bench {
  readonly #product: Product;
  readonly #phone: TestPhone;
  #ended = new Map<string, () => void>();
  /** First sight of each question, milliseconds after its last byte. */
  #cards = new Map<string, number>();

  constructor(product: Product, phone: TestPhone) {
    this.#product = product;
    this.#phone = phone;
    phone.onEvent = (event) => {
      if (event.event === 'question' && event.data.state.state === 'open') {
        const stamp = /@(\d+)@/.exec(JSON.stringify(event.data.question))?.[1];
        if (stamp !== undefined && !this.#cards.has(stamp)) this.#cards.set(stamp, nowMs() - Number(stamp) / 1e6);
      } else if (event.event === 'run' && event.data.status.state === 'ended') this.#ended.get(event.data.run)?.();
      phone.events.length = 0;
    };
  }

  async start(argv: string[]): Promise<{ run: string; ended: Promise<void> }> {
    const { run } = await this.#phone.call('runs.start', { from: 'command', requestId: randomId(), argv, cwd: this.#product.place.home });
    return { run, ended: new Promise((done) => this.#ended.set(run, done)) };
  }

  /** Runs the askers to their end: milliseconds to each card. */
  async cards(runs: number, ...args: number[]): Promise<number[]> {
    this.#cards.clear();
    const started = await Promise.all(Array.from({ length: runs }, () => this.start(script('asker.mjs', ...args))));
    await Promise.all(started.map(({ ended }) => ended));
    return [...this.#cards.values()];
  }

  async stop(run: string): Promise<void> {
    await this.#phone.call('runs.stop', { run, hard: true });
  }

  /** Share of one core that the daemon takes meanwhile. */
  async cpuDuring(work: Promise<void>): Promise<number> {
    const [before, started] = [cpuUs(this.#product.daemonPid), performance.now()];
    await work;
    return (cpuUs(this.#product.daemonPid) - before) / 1000 / (performance.now() - started);
  }
}

function gateCards(name: string, ms: readonly number[], asked: number, p50: number | null, worst: { p: number; ms: number }): void {
  figures.note(`${name}: prompt → card`, spread(ms));
  figures.gate(`${name}: cards`, `${ms.length} of ${asked}`, 'all', ms.length === asked);
  if (p50 !== null) figures.gate(`${name}: p50`, `${Math.round(percentile(ms, 50))} ms`, `≤ ${p50} ms`, percentile(ms, 50) <= p50);
  const seen = percentile(ms, worst.p);
  figures.gate(`${name}: ${worst.p === 100 ? 'slowest' : `p${worst.p}`}`, `${Math.round(seen)} ms`, `≤ ${worst.ms} ms`, seen <= worst.ms);
}

const product = await Product.start();
try {
  const phone = await product.phone();
  await phone.call('phone.hello', { name: 'Bench', watching: true, protocol: 1 });
  const bench = new Bench(product, phone);

  await bench.cards(1, 6); // warms up
  gateCards('quiet', await bench.cards(askers, count), askers * count, 100, { p: 99, ms: 300 });

  const floods = await Promise.all([bench.start(['yes']), bench.start(['yes'])]);
  gateCards('beside two `yes` floods', await bench.cards(1, count), count, null, { p: 100, ms: 300 });
  for (const { run } of floods) await bench.stop(run);

  const few = Math.max(6, Math.round(count / 10));
  // The screen model reads 20 to 40 MB/s (performance of @xterm/headless): a bound for the lag, not a goal for the card.
  gateCards('behind 20 MB of its own output', await bench.cards(1, few, 20), few, null, { p: 100, ms: 1500 });

  const idle = await bench.cpuDuring(pause(steadyMs / 2));
  const { ended } = await bench.start(script('steady.mjs', RATE, steadyMs));
  const busy = await bench.cpuDuring(ended);
  figures.note('daemon while nothing happens', `${(idle * 100).toFixed(1)} % of a core`);
  figures.gate('reading 1 MB/s of output', `${(busy * 100).toFixed(1)} % of a core`, '≤ 10 %', busy <= 0.1);
  phone.close();
} finally {
  await product.stop();
}
figures.end();
