/**
 * Relay and daemon as two processes of their own, as built, in a place of their own: each can be killed and started again at the same address. The phone is
 * daemon/test-phone.ts, the desk daemon/test-daemon.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { DAEMON_FLAGS } from '../../daemon/own-command.ts';
import { Listener } from '../../daemon/test-daemon.ts';
import { TestPhone } from '../../daemon/test-phone.ts';
import { parseEnrolmentLink } from '../../shared/enrolment.ts';
import { createPlace, type Place } from './place.ts';

const DIST = resolve(import.meta.dirname, '../../dist');

/** A port that was free a moment ago: a relay that comes back must come back there. */
function freePort(): Promise<number> {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => found(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Starts a built program and waits for a line of it. */
function start(
  name: string,
  args: readonly string[],
  env: Record<string, string>,
  ready: RegExp,
  hear: (line: string) => void,
  flags: readonly string[] = [],
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...flags, join(DIST, args[0]!), ...args.slice(1)], {
    env,
    cwd: env['HOME'],
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let last = '';
  return new Promise((done, failed) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream! }).on('line', (line) => {
        hear(line);
        last = line;
        if (ready.test(line)) done(child);
      });
    child.once('close', (code, signal) => failed(new Error(`${name} ended with ${code ?? signal} before it was ready: ${last}`)));
  });
}

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise((done) => child.once('exit', () => done()));

export interface ProductOptions {
  /** config.toml of the daemon. */
  settings?: string;
  env?: Record<string, string>;
  /** Where clients find the relay, when something stands between: given the relay's own port. */
  between?(relayPort: number): Promise<number>;
}

export class Product {
  readonly place: Place;
  readonly origin: string;
  /** Everything that relay and daemon printed. */
  readonly printed: string[] = [];
  readonly #port: number;
  #relay: ChildProcess | null = null;
  #daemon: ChildProcess | null = null;

  private constructor(place: Place, port: number, publicPort: number) {
    this.place = place;
    this.#port = port;
    this.origin = `http://localhost:${publicPort}`;
  }

  static async start(options: ProductOptions = {}): Promise<Product> {
    const place = createPlace(options.env);
    place.env['CLAWTAB_STATE'] = join(place.home, 'state');
    mkdirSync(join(place.home, 'state'), { mode: 0o700 });
    if (options.settings !== undefined) writeFileSync(join(place.home, 'state', 'config.toml'), options.settings, { mode: 0o600 });
    const port = await freePort();
    const product = new Product(place, port, options.between ? await options.between(port) : port);
    try {
      await product.startRelay();
      await product.startDaemon();
    } catch (error) {
      await product.stop();
      throw error;
    }
    return product;
  }

  get socket(): string {
    return join(this.place.home, 'state', 's', 'daemon.sock');
  }
  get daemonPid(): number {
    return this.#daemon?.pid ?? 0;
  }
  get relayPid(): number {
    return this.#relay?.pid ?? 0;
  }

  async startRelay(): Promise<void> {
    const env = { ...this.place.env, LISTEN: `127.0.0.1:${this.#port}`, PUBLIC_ORIGIN: this.origin };
    this.#relay = await start('the relay', ['relay/main.node.js'], env, /"listening"/, (line) => this.printed.push(line));
  }

  async startDaemon(): Promise<void> {
    const hear = (line: string): void => void this.printed.push(line);
    // With the flags of its service.
    this.#daemon = await start('the daemon', ['daemon/cli.js', 'daemon', 'run'], this.place.env, /ready/, hear, DAEMON_FLAGS);
  }

  async kill(which: 'relay' | 'daemon', signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = which === 'relay' ? this.#relay : this.#daemon;
    if (!child) return;
    child.kill(signal);
    await ended(child);
  }

  /** A command line caller on the unix socket. */
  desk(): Promise<Listener> {
    return Listener.connect({ socket: this.socket });
  }

  /** A new account whose phone has this daemon, with an open channel. */
  async phone(): Promise<TestPhone> {
    const phone = await TestPhone.register(this.origin);
    const desk = await this.desk();
    const { link } = await desk.client.call('account.enrol', { origin: this.origin });
    await phone.enrol((await parseEnrolmentLink(link))!);
    desk.client.close();
    phone.connect();
    await phone.until(() => phone.channel?.isOpen);
    return phone;
  }

  /** Ends every run, then daemon, relay and database. */
  async stop(): Promise<void> {
    if (this.#daemon && this.#daemon.exitCode === null && this.#daemon.signalCode === null) {
      const desk = await this.desk();
      const { runs } = await desk.client.call('state.get', {});
      for (const run of runs) if (run.status.state !== 'ended') await desk.client.call('runs.stop', { run: run.run, hard: true });
      desk.client.close();
    }
    await this.kill('daemon', 'SIGTERM');
    // The database outlives a relay that was killed: one more relay takes it over and stops it in order.
    if (this.#relay && this.#relay.signalCode !== null) await this.startRelay().catch(() => undefined);
    await this.kill('relay', 'SIGTERM');
    this.place.remove();
  }
}
