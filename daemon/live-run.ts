/**
 * One run that lives: its holder's connection, its screen and detector, what it is doing now. Turns what the detector sees into the book's
 * events. Owns the run's lock and the order in which output reaches the screen; what is typed is answer.ts's and the executor's.
 */
import { asClawError, ClawError } from '../shared/errors.ts';
import type { Run } from '../shared/protocol.ts';
import type { Choice, ParsedQuestion } from '../shared/question.ts';
import type { Agent, AgentState } from './agents/agent.ts';
import type { AnswerTarget } from './questions/answer.ts';
import { type Performed, performChoice } from './questions/answering.ts';
import type { QuestionBook, RunFacts } from './questions/book.ts';
import { type DetectorEvent, questionIn } from './questions/detector.ts';
import { questionDigest } from './questions/digest.ts';
import { Watcher } from './questions/watcher.ts';
import { endOf, type RunState, runState } from './run-words.ts';
import type { HolderClient } from './runs/holder-client.ts';
import type { ExitRecord, Gap, RunRecord } from './runs/holder-protocol.ts';
import type { RunStore } from './runs/run-store.ts';
import { onlyMoves } from './runs/terminal-input.ts';
import { Typists } from './typists.ts';
import { Waiters } from './waiters.ts';

/** Output waiting for the screen above which the holder is not read on (it keeps it in the log). */
const HIGH_BYTES = 1 << 20;
const LOW_BYTES = 256 << 10;
/** How long an answer waits for output that is on its way to the screen. */
const CATCH_UP_MS = 1000;
/** Changes of a run that are only "output went on" are told at most this often. */
const ACTIVITY_MS = 1000;

export interface LiveRunOptions {
  store: RunStore;
  record: RunRecord;
  agent: Agent;
  book: QuestionBook;
  onChange(run: LiveRun): void;
  /** It ended, or its holder was lost; nothing follows. */
  onEnd(run: LiveRun): void;
  onTrouble(error: unknown): void;
  /** When it goes on by itself after its limit. */
  resumeAt(): number | undefined;
  nowMs?: () => number;
}

export class LiveRun implements AnswerTarget {
  readonly record: RunRecord;
  readonly agent: Agent;
  readonly facts: RunFacts;
  readonly #options: LiveRunOptions;
  readonly #nowMs: () => number;
  readonly #watcher: Watcher;
  #client: HolderClient;
  #lock: Promise<unknown> = Promise.resolve();
  #feeding: Promise<void> = Promise.resolve();
  #queuedBytes = 0;
  /** Offset up to which the screen shows the output. */
  #shown = 0;
  readonly #shownMore = new Waiters();
  readonly #standsElse = new Waiters();
  /** Until the past has been replayed nothing on the screen counts. */
  #live = false;
  #liveFrom: number;
  #outputEnd: number;
  #logStart: number;
  #state: AgentState | null = null;
  readonly #typists: Typists;
  #terminals: number;
  #lastActivityMs: number;
  /** Who pressed a key that may have answered what stands: the desk; a run view. */
  #deskTyped = false;
  #typedBy: string | null = null;
  #toldAtMs = 0;
  #tellTimer: NodeJS.Timeout | undefined;
  #exit: ExitRecord | null = null;

  private constructor(options: LiveRunOptions, client: HolderClient) {
    const { record, agent } = options;
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.record = record;
    this.agent = agent;
    this.facts = { run: record.id, agent: agent.name, agentTitle: agent.title, runName: record.name, cwd: record.cwd };
    this.#client = client;
    const { status } = client;
    this.#liveFrom = status.log.end;
    this.#outputEnd = status.log.end;
    this.#logStart = status.log.start;
    this.#typists = new Typists(status.localInputs);
    this.#terminals = status.terminals;
    this.#lastActivityMs = status.lastOutputMs ?? record.startedMs;
    this.#watcher = new Watcher({
      agent,
      argv: record.argv,
      cols: record.cols,
      rows: record.rows,
      onEvent: (event) => this.#detected(event),
      onReply: (bytes) => this.#reply(bytes),
    });
  }

  /** Joins a run that lives. Throws `session_gone` where it has just ended. */
  static async attach(options: LiveRunOptions): Promise<LiveRun> {
    const { store, record } = options;
    const run = new LiveRun(options, await store.connectAtLast(record, { role: 'daemon' }));
    // A line that broke just now is mended by `lost`; a run that has just ended is not joined.
    await run.#follow().catch((error: unknown) => {
      if (store.get(record.id)?.exit != null) throw error;
    });
    return run;
  }

  get id(): string {
    return this.record.id;
  }
  get ended(): boolean {
    return this.#exit !== null;
  }
  get exit(): ExitRecord | null {
    return this.#exit;
  }
  get client(): HolderClient {
    return this.#client;
  }
  get watcher(): Watcher {
    return this.#watcher;
  }

  view(): Run {
    const { record, agent } = this;
    const exit = this.#exit;
    const resumeAt = this.#options.resumeAt();
    return {
      run: record.id,
      name: record.name,
      ...(record.job === null ? {} : { job: record.job }),
      agent: agent.name,
      agentTitle: agent.title,
      argv: record.argv,
      cwd: record.cwd,
      status: this.#status(),
      startedAt: record.startedMs,
      lastActivityAt: this.#lastActivityMs,
      ...(exit === null ? {} : endOf(exit)),
      startedBy: record.who,
      cols: this.#watcher.screen.cols,
      rows: this.#watcher.screen.rows,
      atDesk: this.#terminals > 0,
      ...(resumeAt === undefined ? {} : { resumeAt }),
      output: { epoch: record.epoch, start: this.#logStart, end: this.#outputEnd },
    };
  }

  screen(): { cols: number; rows: number; offset: number; text: string[]; ansi: string } {
    const view = this.#watcher.view();
    return { cols: view.cols, rows: view.rows, offset: this.#shown, text: view.lines(), ansi: this.#watcher.screen.serialize() };
  }

  hook(event: string, payload: unknown): void {
    this.#watcher.hook(event, payload);
  }

  // ---- what an answer needs -------------------------------------------------------------------------------------------------------

  exclusive<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#lock.then(task, task);
    this.#lock = result.catch(() => undefined);
    return result;
  }

  async catchUp(): Promise<void> {
    await this.#showAll();
    await this.#watcher.ready();
    await this.#typists.settle(() => this.ended);
  }

  /** Asks the holder how much there is, and waits until the screen shows it. */
  async #showAll(): Promise<void> {
    const { log } = await this.#client.refresh();
    await this.#shownMore.until(() => this.#shown >= log.end || this.ended, CATCH_UP_MS);
  }

  liveDigest(): string | null {
    const question = questionIn(this.#watcher.read());
    return question === null ? null : questionDigest(question);
  }

  async perform(question: ParsedQuestion, choice: Choice): Promise<Performed> {
    try {
      if (this.#typists.typing) return { typed: false, why: 'somebody is typing' };
      // What shows while keys go in is a page of this question.
      this.#watcher.cover('all');
      const performed = await performChoice({
        agent: this.agent,
        watcher: this.#watcher,
        question,
        choice,
        catchUp: () => this.#showAll(),
        onSend: (page) => this.#watcher.cover(page),
        // The desk and the phone race for every key: what others type from now on is noticed, and what the desk types makes the holder refuse.
        write: (bytes, blind) =>
          this.#client.input(Buffer.from(bytes), { guard: this.#typists.check(), ...(blind ? {} : { seen: this.#shown }) }),
      });
      if (performed.typed) this.#watcher.detector.renew();
      else this.#watcher.cover(null);
      return performed;
    } catch (error) {
      this.#watcher.cover(null);
      if (!(error instanceof ClawError)) throw error;
      if (error.code === 'local_input') return { typed: false, why: 'somebody typed at the desk at the same moment' };
      if (error.code === 'session_gone') return { typed: false, why: 'the agent ended' };
      const part = error.code === 'agent_not_reading' && Number(error.data?.written ?? 0) > 0;
      if (part) throw new Error('a part of the answer was written', { cause: error });
      throw error;
    }
  }

  async gone(qid: string, timeoutMs: number): Promise<boolean> {
    const gone = await this.#standsElse.until(() => this.#options.book.standingOf(this.id)?.qid !== qid, timeoutMs);
    // A page that did not take its Enter is a question from now on.
    if (!gone) this.#watcher.cover(null);
    return gone;
  }

  /** Types past the answer protocol: a line or keys from the run view. */
  async type(bytes: string, by: string): Promise<void> {
    this.#typists.remoteTyped();
    if (this.#watcher.input(onlyMoves(bytes))) this.#typedBy = by;
    this.#options.book.touched(this.id);
    await this.#client.input(Buffer.from(bytes));
  }

  async stop(by: string, hard: boolean): Promise<void> {
    await this.#client.stop(by, hard ? { signal: 'SIGKILL', graceMs: 0 } : {});
  }

  /** Lets go of the run, which lives on. */
  detach(): void {
    clearTimeout(this.#tellTimer);
    this.#client.close();
    this.#watcher.dispose();
  }

  // ---- from the holder ------------------------------------------------------------------------------------------------------------

  async #follow(): Promise<void> {
    const client = this.#client;
    client.on('output', (bytes, offset) => this.#output(bytes, offset));
    client.on('gap', (gap) => this.#gap(gap));
    client.on('resized', ({ cols, rows }) => this.#inOrder(() => this.#resized(cols, rows)));
    client.on('localInput', (count, _atMs, moves) => this.#localInput(count, moves));
    client.on('terminals', (count) => {
      this.#terminals = count;
      this.#changed();
    });
    client.on('exit', (exit) => this.#inOrder(() => this.#ended(exit)));
    client.on('lost', () => this.#inOrder(() => this.#lost()));
    await client.subscribe(Math.max(this.#shown, client.status.log.start), this.record.epoch);
    this.#inOrder(() => this.#maybeLive());
  }

  #inOrder(task: () => void | Promise<void>): void {
    this.#feeding = this.#feeding.then(task).catch(this.#options.onTrouble);
  }

  #output(bytes: Buffer, offset: number): void {
    this.#queuedBytes += bytes.length;
    this.#outputEnd = offset + bytes.length;
    if (this.#live) this.#lastActivityMs = this.#nowMs();
    if (this.#queuedBytes > HIGH_BYTES) this.#client.pause();
    this.#inOrder(async () => {
      if (this.#live) await this.#watcher.feed(bytes);
      else await this.#watcher.screen.feed(bytes);
      this.#shown = offset + bytes.length;
      this.#queuedBytes -= bytes.length;
      if (this.#queuedBytes <= LOW_BYTES) this.#client.resume();
      this.#shownMore.wake();
      this.#maybeLive();
    });
    if (this.#live) this.#activity();
  }

  #gap(gap: Gap): void {
    this.#logStart = Math.max(this.#logStart, gap.to);
    this.#inOrder(() => {
      this.#shown = gap.to;
      // What was lost may have held half a picture: a full-screen agent draws itself again, others are read as they go on. Not waited for: the
      // reply comes through a socket that may be paused until this very queue has been worked off.
      if (this.#live) void this.#client.repaint().catch(() => undefined);
    });
  }

  #maybeLive(): void {
    if (this.#live || this.#shown < this.#liveFrom) return;
    this.#live = true;
    void this.#watcher.feed('');
    this.#changed();
  }

  #resized(cols: number, rows: number): void {
    if (this.#live) this.#watcher.resize(cols, rows);
    else this.#watcher.screen.resize(cols, rows);
    this.#changed();
  }

  #localInput(count: number, moves: boolean): void {
    this.#typists.deskTyped(count);
    if (this.#watcher.input(moves)) this.#deskTyped = true;
  }

  #ended(exit: ExitRecord): void {
    this.#exit = exit;
    clearTimeout(this.#tellTimer);
    this.#watcher.end();
    this.#standsElse.wake();
    this.#shownMore.wake();
    this.#options.onEnd(this);
    this.#watcher.dispose();
  }

  /** The connection broke. If the holder still serves, come back where the screen stands; else the run is lost. */
  async #lost(): Promise<void> {
    await this.#options.store.adopt();
    const exit = this.#options.store.get(this.id)?.exit ?? null;
    if (exit !== null) {
      this.#ended(exit);
      return;
    }
    this.#client = await this.#options.store.connectAtLast(this.record, { role: 'daemon' });
    await this.#follow();
  }

  #reply(bytes: string): void {
    // With a terminal at the desk that one answers; before the screen is live the query is long answered.
    if (!this.#live || this.#terminals > 0) return;
    this.#client.input(Buffer.from(bytes), { reply: true }).catch((error: unknown) => {
      if (asClawError(error).code === 'internal') this.#options.onTrouble(error);
    });
  }

  // ---- from the detector ----------------------------------------------------------------------------------------------------------

  #detected(event: DetectorEvent): void {
    const { book } = this.#options;
    if (event.event === 'state') this.#state = event.state;
    else if (event.event === 'closed') this.#vanished(event);
    else if (event.change === 'new') {
      this.#typedBy = null;
      this.#deskTyped = false;
      book.appeared(this.facts, event.standing, this.#typists.desk);
    } else book.revised(this.id, event.standing, event.change === 'rev');
    this.#standsElse.wake();
    this.#changed();
  }

  #vanished({ qid: detectorId, reason, unsure }: Extract<DetectorEvent, { event: 'closed' }>): void {
    const { book } = this.#options;
    const atMs = this.#nowMs();
    const desk = this.#deskTyped && unsure !== true;
    // It ended before its answer had settled: the question is off the screen.
    const answered = reason === 'ended' && desk && questionIn(this.#watcher.read()) === null;
    if (reason === 'ended' && !answered) book.vanished(this.id, detectorId, { type: 'closed', reason: 'agent_ended', atMs });
    else if (desk) book.vanished(this.id, detectorId, { type: 'closed', reason: 'answered_at_desk', atMs, by: 'desk' });
    else if (this.#typedBy !== null && unsure !== true)
      book.vanished(this.id, detectorId, { type: 'closed', reason: 'answered', atMs, by: this.#typedBy });
    else book.vanished(this.id, detectorId, { type: 'closed', reason: 'superseded', atMs });
  }

  #status(): RunState {
    const open = this.#options.book.openOf(this.id)?.question ?? null;
    return runState({ ended: this.#exit !== null, live: this.#live, open, state: this.#state });
  }

  #changed(): void {
    if (this.#exit !== null) return;
    this.#toldAtMs = this.#nowMs();
    this.#options.onChange(this);
  }

  /** Output goes on: told once a second at most, and once after the last. */
  #activity(): void {
    if (this.#tellTimer !== undefined) return;
    const wait = Math.max(0, this.#toldAtMs + ACTIVITY_MS - this.#nowMs());
    this.#tellTimer = setTimeout(() => {
      this.#tellTimer = undefined;
      this.#changed();
    }, wait);
    this.#tellTimer.unref();
  }
}
