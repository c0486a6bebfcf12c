/** Clawtab's pty path as a user has it: relay, daemon and holders as built, in processes of their own; the phone here, its channel sealed. */
import { join } from 'node:path';
import { HolderClient } from '../../../daemon/runs/holder-client.ts';
import type { TestPhone } from '../../../daemon/test-phone.ts';
import { randomId } from '../../../shared/bytes.ts';
import { Product } from '../../rig/product.ts';
import { cpuUs, rssKiB } from '../relay/process.ts';
import { Stamps } from './stamps.ts';

const CREDIT_BYTES = 4 << 20;

export class Clawtab {
  readonly #product: Product;
  readonly #phone: TestPhone;

  private constructor(product: Product, phone: TestPhone) {
    this.#product = product;
    this.#phone = phone;
  }

  static async start(): Promise<Clawtab> {
    const product = await Product.start();
    try {
      return new Clawtab(product, await product.phone());
    } catch (error) {
      await product.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#phone.close();
    await this.#product.stop();
  }

  /** From the write in the child to the opened bytes in the phone, microseconds each. */
  async latency(argv: readonly string[]): Promise<number[]> {
    const run = await this.#run(argv);
    const stamps = new Stamps();
    await this.#watch(run, (bytes) => stamps.take(bytes));
    await this.#phone.until(() => this.#phone.events.some((e) => e.event === 'stream.end') || undefined, 120_000);
    this.#forget();
    return stamps.us;
  }

  /** Bytes a second that the child gets rid of (as its holder logs them), and the daemon's largest memory meanwhile, kB. */
  async flood(argv: readonly string[], ms: number, watched: boolean): Promise<{ bytesPerS: number; daemonKiB: number; seen: number }> {
    const run = await this.#run(argv);
    let seen = 0;
    if (watched)
      await this.#watch(run, (bytes) => {
        seen += bytes.length;
      });
    const state = join(this.#product.place.home, 'state');
    const holder = await HolderClient.connect(join(state, 's', `${run}.sock`), join(state, 'runs', run), { role: 'viewer' });
    let daemonKiB = 0;
    const look = setInterval(() => {
      daemonKiB = Math.max(daemonKiB, rssKiB(this.#product.daemonPid));
    }, 50);
    await pause(300);
    const from = (await holder.refresh()).log.end;
    const startedMs = performance.now();
    await pause(ms);
    const bytes = (await holder.refresh()).log.end - from;
    const bytesPerS = (bytes / (performance.now() - startedMs)) * 1000;
    clearInterval(look);
    holder.close();
    await this.#phone.call('runs.stop', { run, hard: true });
    this.#forget();
    return { bytesPerS, daemonKiB, seen };
  }

  /** Memory and CPU while nothing happens: the daemon with its phone connected and one agent that waits; and that agent's holder. */
  async idle(ms: number): Promise<{ daemonKiB: number; daemonCpu: number; holderKiB: number }> {
    const run = await this.#run(['sh', '-c', 'echo ready; read line']);
    const { holderPid } = await this.#record(run);
    // V8 goes on tidying up for some seconds after a start.
    await pause(10_000);
    const before = cpuUs(this.#product.daemonPid);
    const startedMs = performance.now();
    await pause(ms);
    const daemonCpu = (cpuUs(this.#product.daemonPid) - before) / 1000 / (performance.now() - startedMs);
    const seen = { daemonKiB: rssKiB(this.#product.daemonPid), daemonCpu, holderKiB: rssKiB(holderPid) };
    await this.#phone.call('runs.stop', { run, hard: true });
    return seen;
  }

  async #run(argv: readonly string[]): Promise<string> {
    const { home } = this.#product.place;
    return (await this.#phone.call('runs.start', { from: 'command', requestId: randomId(), argv: [...argv], cwd: home })).run;
  }

  async #record(run: string): Promise<{ holderPid: number }> {
    const state = join(this.#product.place.home, 'state');
    const holder = await HolderClient.connect(join(state, 's', `${run}.sock`), join(state, 'runs', run), { role: 'viewer' });
    const { holderPid } = holder.status.run;
    holder.close();
    return { holderPid };
  }

  /** Follows the run's output as the page does: credit is given back as bytes arrive. */
  async #watch(run: string, take: (bytes: Uint8Array) => void): Promise<void> {
    let owed = 0;
    this.#phone.onOutput = (chunk) => {
      take(chunk.bytes);
      owed += chunk.bytes.length;
      if (owed < CREDIT_BYTES / 4) return;
      void this.#phone.call('runs.credit', { stream: chunk.stream, bytes: owed }).catch(() => undefined);
      owed = 0;
    };
    await this.#phone.call('runs.subscribe', { run, from: 0, creditBytes: CREDIT_BYTES });
  }

  #forget(): void {
    this.#phone.onOutput = null;
    this.#phone.events.length = 0;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
