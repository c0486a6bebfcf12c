/** One run of an agent under the recorder: the screen as it is now, keys typed at a person's pace, an end that is waited for. */
import { once } from 'node:events';
import type { ScreenView } from '../../daemon/agents/agent.ts';
import { keyBytes } from '../../daemon/agents/lib/keys.ts';
import type { HolderClient } from '../../daemon/runs/holder-client.ts';
import { RunStore } from '../../daemon/runs/run-store.ts';
import { startRun } from '../../daemon/runs/start-run.ts';
import { Screen } from '../../daemon/screen.ts';
import { openState } from '../../daemon/state.ts';

export interface RunOptions {
  argv: readonly string[];
  env: Record<string, string>;
  cwd: string;
  cols: number;
  rows: number;
  /** The asciicast that the run's holder writes. */
  cast: string;
}

const KEY_PACE_MS = 150;
const GRACE_MS = 3000;
/** The screen is looked at when it changes, and this often while a time must pass. */
const LOOK_MS = 50;

export class RecordedRun {
  readonly #client: HolderClient;
  readonly #screen: Screen;
  readonly #startedMs = performance.now();
  #fed: Promise<void> = Promise.resolve();
  #ended = false;

  private constructor(client: HolderClient, screen: Screen) {
    this.#client = client;
    this.#screen = screen;
    // As the daemon does where no terminal is attached: an agent that asks what it runs in gets an answer.
    screen.onReply = (bytes) => void client.input(Buffer.from(bytes), { reply: true }).catch(() => undefined);
    client.on('output', (bytes) => {
      this.#fed = this.#fed.then(() => screen.feed(bytes));
    });
    client.once('exit', () => {
      this.#ended = true;
    });
  }

  static async start({ argv, env, cwd, cols, rows, cast }: RunOptions): Promise<RecordedRun> {
    const state = openState(env);
    const record = await startRun(state, { argv, env, cwd, who: 'desk', cols, rows, localTerminal: false, record: cast });
    const client = await new RunStore(state).connect(record, { role: 'daemon' });
    const run = new RecordedRun(client, new Screen({ cols, rows }));
    await client.subscribe(0, client.status.log.epoch);
    return run;
  }

  /** Seconds since the start, as the recording counts them (to some milliseconds). */
  get atS(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  view(): ScreenView {
    return this.#screen.view();
  }

  /** Waits until `holds` has been true of the screen for `forMs`. @throws after `timeoutMs`, or at the run's end, with what stands */
  async until(what: string, holds: (view: ScreenView) => boolean, { timeoutMs = 60_000, forMs = 0 } = {}): Promise<void> {
    const endsMs = performance.now() + timeoutMs;
    let sinceMs: number | null = null;
    for (;;) {
      await this.#fed;
      const nowMs = performance.now();
      sinceMs = holds(this.view()) ? (sinceMs ?? nowMs) : null;
      if (sinceMs !== null && nowMs - sinceMs >= forMs) return;
      if (this.#ended || nowMs > endsMs) {
        const why = this.#ended ? 'before the agent ended' : `within ${Math.round(timeoutMs / 1000)} s`;
        throw new Error(`${what} did not come ${why}; the screen:\n${this.view().lines().join('\n').trimEnd().replace(/^/gm, '  | ')}`);
      }
      await pause(LOOK_MS);
    }
  }

  async type(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.#client.input(Buffer.from(keyBytes(key, this.view().applicationCursor)), { typed: true });
      await pause(KEY_PACE_MS);
    }
  }

  async end(): Promise<void> {
    if (!this.#ended) {
      const gone = Promise.race([once(this.#client, 'exit'), once(this.#client, 'lost')]);
      await this.#client.stop('the recorder', { graceMs: GRACE_MS }).catch(() => undefined);
      if (!this.#ended) await gone;
    }
    this.#client.close();
    this.#screen.dispose();
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
