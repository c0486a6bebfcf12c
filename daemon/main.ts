/**
 * The daemon, put together: state → account → runs → questions → jobs → the door → local socket and uplink. Owns the order of start and stop and the
 * wires between the parts; each part's work is in its own file. Opens no TCP port.
 */
import * as os from 'node:os';
import * as path from 'node:path';
import { ClawError } from '../shared/errors.ts';
import type { Machine, Question, Run } from '../shared/protocol.ts';
import { Account } from './account/account.ts';
import { loadAgents, type Registry } from './agents/registry.ts';
import { Api } from './api.ts';
import { DeviceBook } from './device-book.ts';
import { JobFiles } from './jobs/job-files.ts';
import { Jobs } from './jobs/jobs.ts';
import { LiveRuns } from './live-runs.ts';
import { localVerbs } from './local/local-verbs.ts';
import { assertNoDaemon, serveLocal } from './local/server.ts';
import { describeError, fileLog } from './log.ts';
import type { Notice } from './notices.ts';
import { Notices } from './notices.ts';
import { outputTaps } from './output-taps.ts';
import { ownCommand } from './own-command.ts';
import { Pushes } from './push/pushes.ts';
import { Answers } from './questions/answer.ts';
import { QuestionBook } from './questions/book.ts';
import { AnswerJournal } from './questions/journal.ts';
import { findExecutable } from './runs/executable.ts';
import { RunStore } from './runs/run-store.ts';
import { readSettings, type Settings } from './settings.ts';
import { fitQuestion } from './snapshot.ts';
import { planStart } from './start-request.ts';
import { openState, type State } from './state.ts';
import { Uplink } from './uplink.ts';
import { VERSION } from './version.ts';

/** Runs are pruned this often. */
const PRUNE_MS = 3600_000;
/** A wall clock that jumps this far against the monotonic one means that the machine slept. */
const WAKE_MS = 5000;

export interface DaemonOptions {
  env?: NodeJS.ProcessEnv;
  /** Shown to who started it in the foreground. */
  onNotice?(notice: Notice): void;
  /** `clawtab daemon stop` asked for the end. */
  onStopRequest?(): void;
}

export interface Daemon {
  state: State;
  account: Account;
  api: Api;
  uplink: Uplink;
  /** How many agents live now. */
  runs(): number;
  stop(): Promise<void>;
}

/** Starts the daemon of this state directory. Throws `already_running`, `state_*`, `permission_*`, `config_*`. */
export async function startDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  const env = options.env ?? process.env;
  const state = openState(env);
  await assertNoDaemon(state.daemonSocket);
  const settings = readSettings(state);
  const log = fileLog(path.join(state.logs, 'daemon.log'));
  const onTrouble = (error: unknown): void => log('error', describeError(error));
  const agents = await loadAgents();
  const store = new RunStore(state);

  // Parts below tell each other through these; they are called only after everything stands.
  const notices = new Notices(log, (notice) => {
    api.publish({ event: 'notice', data: notice });
    options.onNotice?.(notice);
  });
  const devices = new DeviceBook(state, (text) => notices.warn(text));
  const account = await Account.open(state, {
    onList: (trusted, before) => {
      for (const device of trusted.devices.values())
        if (before && !before.devices.has(device.id))
          notices.info(`A new ${device.kind} was added to the account (${device.id.slice(0, 6)}).`);
      for (const [id] of devices.entries()) if (!trusted.devices.has(id)) devices.forget(id);
      uplink.listChanged(trusted);
    },
    onWarning: (text) => notices.warn(text),
  });

  const journal = AnswerJournal.open(state.journal, (text) => notices.warn(text));
  const book = new QuestionBook({
    directory: path.join(state.journal, 'open'),
    forget: journal.damaged,
    doubted: new Set(journal.inDoubt.map(({ qid }) => qid)),
    onChange: (question) => questionChanged(question),
    note: (text) => notices.warn(text),
  });

  const home = env.HOME ?? os.homedir();
  const roots = settings.roots ?? [home];
  const planner = { job: (name: string) => jobs.get(name), demo: () => ownCommand('demo', 'demo-agent'), home };
  const runs = new LiveRuns({
    store,
    agents,
    book,
    planner,
    roots: () => roots,
    env: () => cleanEnv(env),
    hookCommand: ownCommand('hook'),
    onChange: (run) => api.publish({ event: 'run', data: run }),
    onEnd: (run) => runEnded(run),
    onTrouble,
  });
  const jobs = new Jobs({
    files: new JobFiles(state.jobs),
    runs: {
      plan: (job, parameters) => planStart({ from: 'job', requestId: '', job, parameters }, { ...planner, agents, roots: null }),
      launch: async (planned, who, labels) => {
        const run = await runs.launch(planned, who, labels);
        jobs.started(run);
        return run;
      },
      stop: (run, hard, by) => runs.stop(run, hard, by),
      liveOf: (job) => [...runs.all.values()].filter((live) => live.record.job === job).map((live) => live.view()),
      lastOf: (job) => store.list().find(({ run }) => run.job === job)?.run.id,
    },
    onChange: (view) => api.publish({ event: 'job', data: view }),
    onRemoved: (job) => api.publish({ event: 'job.removed', data: { job } }),
    notice: (level, text) => notices.tell(level, text),
  });

  const answers = new Answers({
    book,
    journal,
    target: (run) => runs.find(run),
    onVerdict: (verdict) => api.publish({ event: 'verdict', data: verdict }),
    onTrouble,
  });
  const machine = (): Machine => machineOf(account.id, settings, agents, roots, env);
  const pushes = new Pushes({
    devices,
    machine: () => ({ id: account.id, name: machine().name }),
    tokens: () => uplink.tokens,
    watching: (device) => api.watching(device),
    log,
  });

  const local = localVerbs({
    state,
    account,
    startedAt: Date.now(),
    machineName: () => machine().name,
    uplink: () => uplink,
    counts: () => ({ runs: runs.all.size, questions: book.all().filter((question) => question.state.state === 'open').length }),
    warnings: () => notices.warnings,
    notices,
    stop: () => options.onStopRequest?.(),
  });

  const api: Api = new Api({
    version: VERSION,
    output: outputTaps(store),
    snapshot: () => ({ machine: machine(), jobs: jobs.list(), runs: runs.list(), questions: book.all(), nowMs: Date.now() }),
    jobs: { save: (args) => jobs.save(args), remove: (name) => jobs.remove(name) },
    runs: {
      start: async (request, by) => {
        const run = await runs.start(request, by);
        jobs.started(run);
        return run;
      },
      stop: (run, hard, by) => runs.stop(run, hard, by.name),
      history: (query) => runs.history(query),
      screen: (run) => runs.screen(run),
      type: (request, by) => runs.type(request, by.name),
      announce: (run) => runs.announce(run),
      hook: (hint) => runs.hook(hint),
    },
    answer: (answer, by) => answers.answer(answer, by.name),
    devices: async (by) => ({ devices: listDevices(account, devices, machine().name, by.id), words: await account.words() }),
    push: {
      subscribe: (by, request) => pushes.subscribe(by.id, request),
      unsubscribe: (by) => devices.forget(by.id, 'push'),
      test: (by) => pushes.test(by.id),
    },
    named: (caller) => {
      if (caller.kind === 'phone') devices.update(caller.id, { name: caller.name, lastSeenAt: Date.now() });
    },
    local: local.verbs,
    onUnexpected: (error, command) => log('error', { command, ...describeError(error) }),
  });

  const uplink = new Uplink({
    state,
    account,
    api,
    log,
    nameOf: (device) => devices.get(device).name,
    onState: () => undefined,
    onWarning: (text) => notices.warn(text),
  });

  function questionChanged(question: Question): void {
    api.publish({ event: 'question', data: fitQuestion(question) });
    const live = runs.find(question.run);
    if (live) api.publish({ event: 'run', data: live.view() });
    pushes.question(question);
  }
  function runEnded(run: Run): void {
    api.publish({ event: 'run', data: run });
    const attempt = Number(store.get(run.run)?.run.labels.attempt ?? 0);
    jobs.ended(run, attempt);
    pushes.ended(run);
  }

  const door = await serveLocal({ socket: state.daemonSocket, api, runs: () => runs.processes, onTrouble });
  const stopWatching = runs.watch();
  await runs.adopt().catch(onTrouble);
  jobs.start();
  uplink.start();
  const stopTimers = startTimers(
    () => store.prune(),
    () => uplink.nudge(),
    onTrouble,
  );
  log('started', { version: VERSION, pid: process.pid });

  return {
    state,
    account,
    api,
    uplink,
    runs: () => runs.all.size,
    stop: async () => {
      stopTimers();
      stopWatching();
      uplink.stop();
      jobs.stop();
      local.close();
      await door.close();
      runs.detach();
      journal.close();
      log('stopped');
    },
  };
}

/** Pruning, and noticing that the machine slept: the line to the relay is then dead without knowing it. */
function startTimers(prune: () => void, woke: () => void, onTrouble: (error: unknown) => void): () => void {
  const pruning = setInterval(() => {
    try {
      prune();
    } catch (error) {
      onTrouble(error);
    }
  }, PRUNE_MS);
  let skew = Date.now() - performance.now();
  const waking = setInterval(() => {
    const now = Date.now() - performance.now();
    if (Math.abs(now - skew) > WAKE_MS) woke();
    skew = now;
  }, 2000);
  pruning.unref();
  waking.unref();
  return () => {
    clearInterval(pruning);
    clearInterval(waking);
  };
}

function machineOf(id: string, settings: Settings, agents: Registry, roots: readonly string[], env: NodeJS.ProcessEnv): Machine {
  const installed = (argv0: string): boolean => {
    try {
      findExecutable(argv0, env.PATH, '/');
      return true;
    } catch (error) {
      if (error instanceof ClawError) return false;
      throw error;
    }
  };
  return {
    id,
    name: settings.name ?? os.hostname(),
    platform: process.platform,
    version: VERSION,
    agents: agents
      .all()
      .map((agent) => ({ name: agent.name, title: agent.title, installed: installed(agent.launch({ flags: [] })[0] ?? agent.name) })),
    roots: [...roots],
  };
}

/** What the daemon hands to what it starts: its own environment without what belongs to another run, to npm or to a relay in the same terminal. */
function cleanEnv(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(?:CLAWTAB_(?!STATE$|DEMO_PACE$)|VAPID_|npm_|INIT_CWD$|NODE_OPTIONS$|TMUX|STY$)/.test(name)),
  );
}

function listDevices(account: Account, book: DeviceBook, own: string, self: string) {
  const trusted = account.membership?.trusted;
  return [...(trusted?.devices.values() ?? [])].map(({ id, kind }) => {
    const { name, lastSeenAt } = book.get(id);
    const shown = id === account.id ? own : name;
    return {
      id,
      kind,
      ...(shown === undefined ? {} : { name: shown }),
      ...(lastSeenAt === undefined ? {} : { lastSeenAt }),
      self: id === self,
    };
  });
}
