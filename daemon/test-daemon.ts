/** A real daemon in a place of its own, and a client that waits for events: for tests. Not part of the product. */
import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { randomId } from '../shared/bytes.ts';
import type { Answer, ProtocolEvent, Question, Run } from '../shared/protocol.ts';
import type { Choice } from '../shared/question.ts';
import { LocalClient } from './local/client.ts';
import { ownCommand } from './own-command.ts';
import type { RunRecord } from './runs/holder-protocol.ts';
import { familyOf, processFacts, sendSignal } from './runs/processes.ts';

export interface Place {
  dir: string;
  env: NodeJS.ProcessEnv;
  socket: string;
  remove(): void;
}

/** A state directory of its own, and the environment that leads to it. */
export function makePlace(): Place {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-'));
  fs.chmodSync(dir, 0o700);
  const env = { PATH: process.env.PATH, HOME: dir, CLAWTAB_STATE: path.join(dir, 's'), CLAWTAB_DEMO_PACE: '5', LANG: 'C.UTF-8' };
  return {
    dir,
    env,
    socket: path.join(dir, 's', 's', 'daemon.sock'),
    remove: () => {
      endRuns(path.join(dir, 's'));
      removeDatabases(dir);
      fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The databases of relays that had their state here: root's server keeps its files where its own user reaches them, under the name in this file. */
function removeDatabases(dir: string): void {
  for (const entry of fs.readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name !== 'database-id') continue;
    const id = fs.readFileSync(path.join(entry.parentPath, entry.name), 'utf8').trim();
    if (/^[\w-]{16,}$/.test(id)) fs.rmSync(path.join('/var/lib/clawtab-postgres', id), { recursive: true, force: true });
  }
}

/** Ends every run of a state directory, hard and at once: its holder, its agent, and what the agent started. Tests that fail half way leave nothing alive. */
export function endRuns(state: string): void {
  const runs = path.join(state, 'runs');
  if (!fs.existsSync(runs)) return;
  for (const id of fs.readdirSync(runs)) {
    const file = path.join(runs, id, 'run.json');
    if (!fs.existsSync(file) || fs.existsSync(path.join(runs, id, 'exit.json'))) continue;
    const { pid, holderPid } = JSON.parse(fs.readFileSync(file, 'utf8')) as RunRecord;
    // A pid may be another process by now: the agent is the one whose parent is the holder, and leads its own session.
    const agent = processFacts(pid);
    if (agent === null || agent.ppid !== holderPid || agent.pgid !== pid) continue;
    for (const member of [holderPid, ...familyOf(pid).map((one) => one.pid)]) sendSignal(member, 'SIGKILL');
  }
}

/** Starts `clawtab daemon run` as a process of its own; resolves when it answers. `cli`: another build than these sources. */
export async function spawnDaemon(place: Place, cli: readonly string[] = ownCommand('cli')): Promise<ChildProcess> {
  const [node, ...args] = cli;
  const child = spawn(node!, [...args, 'daemon', 'run'], { env: place.env, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', (chunk: Buffer) => chunk.includes('ready') && resolve());
    child.once('exit', (code) => reject(new Error(`the daemon ended with ${code}`)));
  });
  return child;
}

/** A client that remembers every event. */
export class Listener {
  readonly events: ProtocolEvent[] = [];
  readonly output: { stream: number; offset: number; bytes: Buffer }[] = [];
  client!: LocalClient;
  #wake: (() => void)[] = [];

  static async connect(place: Pick<Place, 'socket'>): Promise<Listener> {
    const listener = new Listener();
    listener.client = await LocalClient.connect(place.socket, {
      onEvent: (event) => listener.#heard(() => listener.events.push(event)),
      onOutput: (chunk) => listener.#heard(() => listener.output.push({ ...chunk, bytes: Buffer.from(chunk.bytes) })),
    });
    return listener;
  }

  #heard(note: () => void): void {
    note();
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Resolves with what `look` finds, as soon as it finds something. */
  async until<T>(look: () => T | undefined | false | Promise<T | undefined | false>, timeoutMs = 20_000): Promise<T> {
    const dueMs = performance.now() + timeoutMs;
    for (;;) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > dueMs)
        throw new Error(`nothing came in ${timeoutMs} ms; last events: ${JSON.stringify(this.events.slice(-3)).slice(0, 1500)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 250);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** The newest state of the open question of `run`. */
  question(run: string, not?: string): Promise<Question> {
    return this.until(() => {
      const newest = new Map<string, Question>();
      for (const event of this.events) if (event.event === 'question' && event.data.run === run) newest.set(event.data.qid, event.data);
      return [...newest.values()].find(
        (question) => question.state.state === 'open' && question.qid !== not && question.question.kind !== 'idle',
      );
    });
  }

  ended(run: string): Promise<Run> {
    return this.until(() => {
      const last = this.events.findLast((event) => event.event === 'run' && event.data.run === run);
      return last?.event === 'run' && last.data.status.state === 'ended' ? last.data : undefined;
    });
  }
}

export const answerTo = (question: Question, choice: Choice, change: Partial<Answer> = {}): Answer => ({
  answerId: randomId(),
  run: question.run,
  qid: question.qid,
  rev: question.rev,
  digest: question.digest,
  choice,
  ttlS: 60,
  ...change,
});

export const pick = (question: Question, index: number): Choice => ({ type: 'option', index, labelDigest: question.labelDigests[index]! });
