/**
 * Where one agent works in a test: a home of its own with a scrubbed environment, the scripted model, a folder it trusts and folders that are
 * new to it. Owns how the agent is started (always under `clawtab run`, always recorded); who answers is not its business.
 */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseCast } from '../../daemon/replay.ts';
import { Screen } from '../../daemon/screen.ts';
import { createPlace, type Place } from '../rig/place.ts';
import { CLI } from '../rig/up.ts';
import { type Installed, installAgent } from './install.ts';
import type { LiveAgent, Prepared } from './live-agent.ts';
import { ModelEndpoint } from './model-endpoint.ts';
import { scriptPrompt } from './script.ts';

export interface Started {
  run: string;
  /** Its recording, asciicast v2. */
  cast: string;
}

export class Workplace {
  readonly agent: LiveAgent;
  readonly installed: Installed;
  readonly place: Place;
  readonly model: ModelEndpoint;
  /** The folder that the agent trusts. */
  readonly trusted: string;
  readonly #prepared: Prepared;
  #count = 0;

  private constructor(agent: LiveAgent, place: Place, model: ModelEndpoint) {
    this.agent = agent;
    this.installed = installAgent(agent.name, agent.npm);
    this.place = place;
    this.model = model;
    this.trusted = this.folder('work');
    this.#prepared = agent.prepare(place.home, this.trusted, model.origin);
  }

  /** `place`: of a product that runs already, which removes it; default one of its own. */
  static async create(agent: LiveAgent, place?: Place): Promise<Workplace> {
    const model = await ModelEndpoint.start();
    try {
      return new Workplace(agent, place ?? createPlace(), model);
    } catch (error) {
      await model.stop();
      throw error;
    }
  }

  get env(): Record<string, string> {
    return { ...this.place.env, ...this.#prepared.env };
  }

  /** A folder in the home, made where it is not there. `repository`: with git in it (Codex asks about trust in such only). */
  folder(name: string, repository = false): string {
    const path = join(this.place.home, name);
    mkdirSync(path, { recursive: true });
    if (repository) execFileSync('git', ['init', '-q'], { cwd: path, env: this.place.env });
    return path;
  }

  /** The agent's own command with the prompt that starts `script`. */
  argv(script: string): string[] {
    return [this.installed.program, ...this.#prepared.args, ...this.agent.prompt(scriptPrompt(script))];
  }

  /** Starts the agent detached, at 80x24; @throws where `clawtab run` does not start it. */
  start(script: string, cwd = this.trusted): Started {
    const cast = join(this.place.home, `${++this.#count}-${script}.cast`);
    const words = [CLI, 'run', '--detach', '--name', script, '--record', cast, '--', ...this.argv(script)];
    const said = execFileSync(process.execPath, words, { cwd, env: this.env, encoding: 'utf8' });
    const run = / as (\S+)\./.exec(said)?.[1];
    if (run === undefined) throw new Error(`clawtab run said: ${said.trim()}`);
    return { run, cast };
  }

  /** Copies the recordings to a folder, for who looks for a reason. */
  keep(to: string): void {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(this.place.home).filter((each) => each.endsWith('.cast')))
      copyFileSync(join(this.place.home, name), join(to, `${this.agent.name}-${name}`));
  }

  stop(run: string): void {
    try {
      execFileSync(process.execPath, [CLI, 'jobs', 'stop', run], { env: this.env, stdio: 'ignore' });
    } catch {
      // It has ended by itself.
    }
  }

  /** Waits until the run has ended. @throws after `timeoutMs` */
  async ended(run: string, timeoutMs: number): Promise<void> {
    const endsMs = performance.now() + timeoutMs;
    for (;;) {
      const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'jobs', 'ls', '--json'], { env: this.env });
      const { runs } = JSON.parse(stdout) as { runs: { run: string; status: { state: string } }[] };
      if (runs.every((each) => each.run !== run || each.status.state === 'ended')) return;
      if (performance.now() > endsMs) throw new Error(`the agent still runs ${Math.round(timeoutMs / 1000)} s after the answer`);
    }
  }

  async end(): Promise<void> {
    await this.model.stop();
    this.place.remove();
  }
}

/** What stands on the screen at the end of a recording, for whoever looks for the reason of a failure. */
export async function lastScreen(cast: string): Promise<string> {
  const { cols, rows, events } = parseCast(readFileSync(cast, 'utf8'), cast);
  const screen = new Screen({ cols, rows });
  for (const { type, data } of events) {
    const size = type === 'r' ? /^(\d+)x(\d+)$/.exec(data) : null;
    if (type === 'o') await screen.feed(data);
    if (size) screen.resize(Number(size[1]), Number(size[2]));
  }
  const text = screen.view().lines().join('\n').trimEnd();
  screen.dispose();
  return text;
}
