/**
 * The runs of this machine as the daemon looks after them: adopts those that live, starts new ones, forgets those that ended, answers what callers
 * ask about any of them. One run's inside is live-run.ts; folders and holders are daemon/runs'.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { ClawError } from '../shared/errors.ts';
import type { ArgsOf, ResultOf, Run, Start } from '../shared/protocol.ts';
import { keyBytes } from './agents/lib/keys.ts';
import type { Registry } from './agents/registry.ts';
import type { Caller } from './api-connection.ts';
import { LiveRun } from './live-run.ts';
import type { QuestionBook } from './questions/book.ts';
import { checkText } from './questions/choice.ts';
import { endOf } from './run-words.ts';
import { runOfCaller } from './runs/caller.ts';
import type { RunRecord } from './runs/holder-protocol.ts';
import { isRunId, newRunId } from './runs/run-id.ts';
import type { RunStore, StoredRun } from './runs/run-store.ts';
import { startRun } from './runs/start-run.ts';
import { type Planned, type Planner, planStart } from './start-request.ts';

/** A run started from a phone has no terminal of its own yet. */
const SIZE = { cols: 120, rows: 36 };
/** Ended runs in a snapshot; the rest is history. */
const RECENT = 40;
/** Request ids remembered, so that a start that is sent again starts nothing twice. */
const REMEMBERED_STARTS = 500;
/** A run that ended longer ago than this is news to nobody. */
const JUST_ENDED_MS = 60_000;
/** An end that no daemon saw is told by the next one, unless it is older than this. */
const UNTOLD_MS = 86_400_000;
/** Ended runs remembered, so that the end of each is told once, on a full disk too. */
const REMEMBERED_ENDS = 500;

export interface LiveRunsOptions {
  store: RunStore;
  agents: Registry;
  book: QuestionBook;
  planner: Omit<Planner, 'agents' | 'roots'>;
  roots(): readonly string[];
  /** How much output of a run is kept, where the settings say so. */
  outputLimit: { logLimitBytes?: number };
  /** Environment for what the daemon starts. */
  env(): Readonly<Record<string, string | undefined>>;
  /** Command that carries an agent's hook to the daemon. */
  hookCommand: readonly string[];
  /** When a run goes on by itself after its limit. */
  resumeAt(run: string): number | undefined;
  onChange(run: Run): void;
  /** A run is looked after from now on: who has called from inside it before was not known as such. */
  onJoined(): void;
  /** Once for each run that ends while this daemon looks after it, however short it was. */
  onEnd(run: Run): void;
  onTrouble(error: unknown): void;
}

export class LiveRuns {
  readonly #options: LiveRunsOptions;
  readonly #live = new Map<string, LiveRun>();
  readonly #joining = new Map<string, Promise<LiveRun | null>>();
  readonly #starts = new Map<string, { key: string; run: Promise<Run> }>();
  readonly #typed = new Map<string, Promise<{ typed: boolean }>>();
  readonly #over = new Set<string>();
  #closed = false;

  constructor(options: LiveRunsOptions) {
    this.#options = options;
  }

  /** Joins every run that lives: after a start or a crash of the daemon. What ended while there was none is told now. */
  async adopt(): Promise<void> {
    const alive = await this.#options.store.adopt();
    // One that cannot be joined costs its own screen, not the daemon; `watch` and whoever asks for it try again.
    await Promise.all(alive.map(({ run }) => this.join(run).catch(this.#options.onTrouble)));
    for (const stored of this.#options.store.list().reverse())
      if (stored.exit !== null && Date.now() - stored.exit.endedMs < UNTOLD_MS) this.#ended(this.viewOf(stored));
  }

  /** Sees runs that others start (`clawtab run`), as soon as their socket is there. Returns what ends it. */
  watch(): () => void {
    let timers: NodeJS.Timeout[] = [];
    const look = (): void => {
      const unknown = this.#options.store.list().filter(({ run, exit }) => exit === null && !this.#live.has(run.id));
      for (const { run } of unknown) this.join(run).catch(() => undefined);
    };
    const watcher = fs.watch(this.#options.store.state.sockets, (_event, name) => {
      const id = path.basename(name ?? '', '.sock');
      if (!name?.endsWith('.sock') || this.#live.has(id)) return;
      for (const timer of timers) clearTimeout(timer);
      // The record is written a moment after the socket, later on a busy machine.
      timers = [30, 150, 600, 2500].map((ms) => setTimeout(look, ms).unref());
    });
    watcher.on('error', this.#options.onTrouble);
    return () => {
      watcher.close();
      for (const timer of timers) clearTimeout(timer);
    };
  }

  get all(): ReadonlyMap<string, LiveRun> {
    return this.#live;
  }

  /** The run that process `pid` belongs to, or null. Runs that live and have not been joined yet count too: after a start of the daemon that is all of them. */
  runOf(pid: number): string | null {
    const live = [...this.#live.values()].map(({ record }) => record);
    return runOfCaller(pid, live) ?? runOfCaller(pid, this.#unjoined());
  }

  #unjoined(): RunRecord[] {
    const { state } = this.#options.store;
    return fs.readdirSync(state.sockets).flatMap((name) => {
      const id = path.basename(name, '.sock');
      if (!name.endsWith('.sock') || !isRunId(id) || this.#live.has(id)) return [];
      const stored = this.#options.store.get(id);
      return stored?.exit === null ? [stored.run] : [];
    });
  }

  find(id: string): LiveRun | undefined {
    return this.#live.get(id);
  }

  /** Live runs, then the latest that ended. */
  list(): Run[] {
    const live = [...this.#live.values()].map((run) => run.view());
    const ended = this.#options.store
      .list()
      .filter(({ run, exit }) => exit !== null && !this.#live.has(run.id))
      .slice(0, RECENT)
      .map((stored) => this.viewOf(stored));
    return [...live, ...ended];
  }

  /** A run as it lies on disk, in the protocol's words. */
  viewOf(stored: StoredRun): Run {
    const { run, exit } = stored;
    const log = this.#options.store.log(stored);
    return {
      run: run.id,
      name: run.name,
      ...(run.job === null ? {} : { job: run.job }),
      agent: run.agent ?? 'custom',
      agentTitle: this.#agentOf(run).title,
      argv: run.argv,
      cwd: run.cwd,
      status: { state: exit === null ? 'starting' : 'ended' },
      startedAt: run.startedMs,
      lastActivityAt: exit?.endedMs ?? run.startedMs,
      ...(exit === null ? {} : endOf(exit)),
      startedBy: run.who,
      cols: run.cols,
      rows: run.rows,
      atDesk: false,
      output: { epoch: run.epoch, start: log.start, end: log.end },
    };
  }

  /** Looks after a run from now on; null where it has just ended. */
  join(record: RunRecord): Promise<LiveRun | null> {
    const known = this.#live.get(record.id);
    if (known) return Promise.resolve(known);
    const joining = this.#joining.get(record.id) ?? this.#attach(record).finally(() => this.#joining.delete(record.id));
    this.#joining.set(record.id, joining);
    return joining;
  }

  /** A run that others have started; one that is over already is shown all the same, unless it is old: an agent may call this too. */
  async announce(id: string): Promise<void> {
    const stored = this.#options.store.get(id);
    if (stored?.exit === null) await this.join(stored.run);
    else if (stored !== null && Date.now() - stored.exit.endedMs < JUST_ENDED_MS) this.#options.onChange(this.viewOf(stored));
  }

  hook(hint: { run: string; event: string; payload: unknown }): void {
    this.#live.get(hint.run)?.hook(hint.event, hint.payload);
  }

  start(request: Start, by: Pick<Caller, 'kind' | 'id' | 'name'>): Promise<Run> {
    const key = JSON.stringify(request);
    const known = this.#starts.get(request.requestId);
    if (known) {
      if (known.key === key) return known.run;
      return Promise.reject(new ClawError('bad_request_id', 'This request id was already used to start something else.'));
    }
    const earlier = this.#options.store.list().find(({ run }) => run.labels.request === request.requestId);
    if (earlier) return Promise.resolve(this.#live.get(earlier.run.id)?.view() ?? this.viewOf(earlier));
    const run = this.#startNow(request, by);
    this.#starts.set(request.requestId, { key, run });
    // One that failed may be tried again under the same id.
    run.catch(() => this.#starts.delete(request.requestId));
    for (const old of this.#starts.keys()) {
      if (this.#starts.size <= REMEMBERED_STARTS) break;
      this.#starts.delete(old);
    }
    return run;
  }

  /** Starts what has been planned already (a schedule, a retry). */
  async launch(planned: Planned, who: string, labels: Record<string, string>): Promise<Run> {
    const agent = planned.agent === null ? this.#options.agents.forArgv(planned.argv) : this.#options.agents.byName(planned.agent);
    const hooked = agent.withHooks?.(planned.argv, this.#options.hookCommand) ?? { argv: planned.argv };
    const base = this.#options.env();
    const id = newRunId();
    const record = await startRun(this.#options.store.state, {
      id,
      argv: hooked.argv,
      cwd: planned.cwd,
      env: { ...base, TERM: 'xterm-256color', COLORTERM: base.COLORTERM ?? 'truecolor', ...hooked.env, ...planned.env },
      name: planned.name,
      agent: agent.name,
      job: planned.job?.name ?? null,
      who,
      ...SIZE,
      localTerminal: false,
      labels,
      ...this.#options.outputLimit,
    });
    const live = await this.join(record);
    const stored = this.#options.store.get(id);
    if (live === null && stored === null) throw new ClawError('session_gone', `“${planned.name}” ended at once and left nothing.`);
    return live?.view() ?? this.viewOf(stored!);
  }

  async stop(id: string, hard: boolean, by: string): Promise<{ alreadyStopped: boolean }> {
    const live = this.#live.get(id);
    if (!live) {
      if (this.#options.store.get(id) === null) throw new ClawError('not_found', `There is no run ${id}.`);
      return { alreadyStopped: true };
    }
    try {
      await live.stop(by, hard);
      return { alreadyStopped: false };
    } catch (error) {
      if (error instanceof ClawError && (error.code === 'already_stopped' || error.code === 'session_gone'))
        return { alreadyStopped: true };
      throw error;
    }
  }

  screen(id: string): ResultOf<'runs.screen'> {
    const live = this.#live.get(id);
    if (!live) throw sessionGone();
    return live.screen();
  }

  /** Each `typeId` types once, however often it comes. */
  type(request: ArgsOf<'runs.type'>, by: string): Promise<{ typed: boolean }> {
    const known = this.#typed.get(request.typeId);
    if (known) return known;
    const typed = this.#typeNow(request, by);
    this.#typed.set(request.typeId, typed);
    for (const old of this.#typed.keys()) {
      if (this.#typed.size <= REMEMBERED_STARTS) break;
      this.#typed.delete(old);
    }
    return typed;
  }

  history(query: ArgsOf<'runs.history'>): Run[] {
    const wanted = query.search?.toLowerCase();
    return this.#options.store
      .list()
      .filter(({ run, exit }) => {
        if (exit === null || (query.job !== undefined && run.job !== query.job)) return false;
        if (query.before !== undefined && run.startedMs >= query.before) return false;
        return wanted === undefined || `${run.name}\n${run.argv.join(' ')}\n${run.cwd}`.toLowerCase().includes(wanted);
      })
      .slice(0, query.limit ?? 50)
      .map((stored) => this.viewOf(stored));
  }

  /** Lets go of all, also of those that are being joined; they live on in their holders. */
  detach(): void {
    this.#closed = true;
    for (const run of this.#live.values()) run.detach();
    this.#live.clear();
  }

  #agentOf(record: RunRecord) {
    return record.agent === null ? this.#options.agents.forArgv(record.argv) : this.#options.agents.byName(record.agent);
  }

  async #attach(record: RunRecord): Promise<LiveRun | null> {
    const { store, book, onTrouble } = this.#options;
    try {
      const live = await LiveRun.attach({
        store,
        record,
        agent: this.#agentOf(record),
        book,
        onChange: (run) => this.#options.onChange(run.view()),
        onEnd: (run) => this.#ended(run.view()),
        onTrouble,
        resumeAt: () => this.#options.resumeAt(record.id),
      });
      if (this.#closed) {
        // The end came while this run was being joined: its connection must not keep the process.
        live.detach();
        return null;
      }
      if (!live.ended) {
        this.#live.set(record.id, live);
        this.#options.onJoined();
      }
      this.#options.onChange(live.view());
      return live;
    } catch (error) {
      const stored = store.get(record.id);
      if (stored?.exit == null) throw error;
      // Over before it could be joined: callers, retries and pushes hear of it as of any other end.
      this.#ended(this.viewOf(stored));
      return null;
    }
  }

  #ended(run: Run): void {
    this.#live.delete(run.run);
    if (this.#over.has(run.run)) return;
    this.#over.add(run.run);
    for (const old of this.#over) {
      if (this.#over.size <= REMEMBERED_ENDS) break;
      this.#over.delete(old);
    }
    if (this.#options.store.tellEnd(run.run)) this.#options.onEnd(run);
  }

  async #startNow(request: Start, by: Pick<Caller, 'kind' | 'id' | 'name'>): Promise<Run> {
    const { planner, agents, roots } = this.#options;
    const planned = planStart(request, { ...planner, agents, roots: by.kind === 'phone' ? roots() : null });
    return this.launch(planned, by.kind === 'phone' ? `device:${by.id}` : 'desk', { request: request.requestId });
  }

  async #typeNow(request: ArgsOf<'runs.type'>, by: string): Promise<{ typed: boolean }> {
    const live = this.#live.get(request.run);
    if (!live) throw sessionGone();
    if (request.text !== undefined) checkText(request.text, true);
    const { applicationCursor, bracketedPaste } = live.watcher.view();
    const text = request.text ?? '';
    const pasted = text.includes('\n') && bracketedPaste ? `\x1b[200~${text}\x1b[201~` : text.replaceAll('\n', '\r');
    const keys = (request.keys ?? []).map((key) => keyBytes(key, applicationCursor));
    if (text === '' && keys.length === 0) throw new ClawError('bad_arguments', 'There is nothing to type.');
    await live.exclusive(async () => {
      if (pasted !== '') await live.type(pasted, by);
      // Text and Enter in one write are lost by some agents (agents.md); a pause between them is not.
      if (pasted !== '' && keys.length > 0) await new Promise((resolve) => setTimeout(resolve, live.agent.paceMs));
      if (keys.length > 0) await live.type(keys.join(''), by);
    });
    return { typed: true };
  }
}

/** The run is not alive on this machine. */
const sessionGone = (): ClawError => new ClawError('session_gone', 'There is no such run on this machine, or it has ended.');
