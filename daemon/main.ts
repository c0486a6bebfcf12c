/**
 * The daemon, put together: state → account → runs → questions → jobs → the door → local socket and uplink. Owns the order of start and stop and the
 * wires between the parts; each part's work is in its own file. Opens no TCP port.
 */
import * as os from 'node:os';
import * as path from 'node:path';
import { randomId } from '../shared/bytes.ts';
import type { Machine, Question, Run } from '../shared/protocol.ts';
import { addedWord, shortId } from '../shared/security-events.ts';
import { Account } from './account/account.ts';
import { loadAgents } from './agents/registry.ts';
import { Api } from './api.ts';
import { AuditLog } from './audit.ts';
import { DeviceBook } from './device-book.ts';
import { JobFiles } from './jobs/job-files.ts';
import { Jobs } from './jobs/jobs.ts';
import { PlanFile } from './jobs/plan-file.ts';
import { Resumes } from './limits/resumes.ts';
import { LiveRuns } from './live-runs.ts';
import { localVerbs } from './local/local-verbs.ts';
import { assertNoDaemon, serveLocal } from './local/server.ts';
import { describeError, fileLog } from './log.ts';
import { cleanEnv, listDevices, machineOf } from './machine.ts';
import type { Notice } from './notices.ts';
import { Notices } from './notices.ts';
import { outputTaps } from './output-taps.ts';
import { ownCommand } from './own-command.ts';
import { Pairing } from './pairing.ts';
import { Policies } from './policies/policies.ts';
import { Alerts } from './push/alerts.ts';
import { Pushes, wallClock } from './push/pushes.ts';
import { pushSender } from './push/sender.ts';
import { Answers } from './questions/answer.ts';
import { QuestionBook } from './questions/book.ts';
import { AnswerJournal } from './questions/journal.ts';
import { RunStore } from './runs/run-store.ts';
import { SecurityWatch } from './security-watch.ts';
import { outputLimit, readSettings, retentionOf } from './settings.ts';
import { fitQuestion } from './snapshot.ts';
import { checkCwd, planStart } from './start-request.ts';
import { openState, type State } from './state.ts';
import { startTimers } from './timers.ts';
import { Trail } from './trail.ts';
import { Uplink } from './uplink.ts';
import { VERSION } from './version.ts';

/** Verdicts that say that keys were, or may have been, written. */
const WRITTEN: ReadonlySet<string> = new Set(['confirmed', 'typed_unconfirmed', 'unknown']);

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
  const notices = new Notices(log, (notice, audience) => {
    api.publish({ event: 'notice', data: notice }, audience);
    options.onNotice?.(notice);
  });
  const devices = new DeviceBook(state, (text) => notices.warn(text));
  const pairing = new Pairing(state, settings.pairing ?? 'auto', (text) => notices.warn(text));
  const account = await Account.open(state, {
    onList: (trusted, before) => {
      pairing.seen(trusted);
      const waits = new Set(pairing.waiting(trusted));
      for (const device of trusted.devices.values())
        if (before && !before.devices.has(device.id)) {
          const more = waits.has(device.id) ? ` It waits for you: clawtab devices approve ${shortId(device.id)}` : '';
          notices.info(`${addedWord(device).text}${more}`);
          alerts.added(device);
        }
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
    outputLimit: outputLimit(settings),
    env: () => cleanEnv(env),
    hookCommand: ownCommand('hook'),
    resumeAt: (run) => resumes.at(run),
    onChange: (run) => api.publish({ event: 'run', data: run }),
    onJoined: () => door.recheck(),
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
      // Newest first: the one that is entered last stays.
      lasts: () =>
        new Map(
          store
            .list()
            .flatMap(({ run }) => (run.job === null ? [] : [[run.job, run.id] as const]))
            .reverse(),
        ),
    },
    plan: new PlanFile(path.join(state.root, 'schedule.json'), (text) => notices.warn(text)),
    onNotStarted: (job, why) => pushes.notStarted(job, why),
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
  const resumes = new Resumes({
    state,
    find: (run) => runs.find(run)?.view(),
    type: (run, text, by) => runs.type({ run, typeId: randomId(), text, keys: ['enter'] }, by),
    onChange: (run) => {
      const live = runs.find(run);
      if (live) api.publish({ event: 'run', data: live.view() });
    },
    notice: (level, text) => notices.tell(level, text),
  });
  const trail = new Trail(new AuditLog(state.journal, (text) => notices.warn(text)), state.journal);
  const policies = new Policies({
    state,
    jobOf: (run) => runs.find(run)?.record.job ?? null,
    answer: (answer, by) => answers.answer(answer, by),
    note: (text) => notices.warn(text),
    onAnswered: (question, rule, verdict) => trail.answered(book.find(question.run, question.qid) ?? question, verdict, { rule }),
  });
  const machine = (): Machine => machineOf(account.id, settings, agents, roots, env);
  const send = pushSender({ devices, machine: () => ({ id: account.id, name: machine().name }), tokens: () => uplink.tokens, log });
  const toPhones = { devices, send, watching: (device: string) => api.watching(device), clock: wallClock };
  const alerts = new Alerts({ ...toPhones, nameOf: (device) => (device === account.id ? machine().name : devices.get(device).name) });
  const pushes = new Pushes({
    ...toPhones,
    machineName: () => machine().name,
    warn: (text) => api.publish({ event: 'notice', data: { level: 'warning', text } }),
  });

  const local = localVerbs({
    state,
    account,
    pairing,
    startedAt: Date.now(),
    machineName: () => machine().name,
    uplink: () => uplink,
    counts: () => ({ runs: runs.all.size, questions: book.all().filter((question) => question.state.state === 'open').length }),
    warnings: () => [...notices.warnings, ...pushes.warnings()],
    notices,
    stop: () => options.onStopRequest?.(),
  });

  const api: Api = new Api({
    version: VERSION,
    output: outputTaps(store),
    snapshot: () => ({ machine: machine(), jobs: jobs.list(), runs: runs.list(), questions: book.all(), nowMs: Date.now() }),
    jobs: {
      save: (args, by) => {
        // A schedule starts it as well: where a phone may not start anything, it plans nothing either.
        const { cwd, schedule } = args.job;
        if (by.kind === 'phone' && schedule !== undefined && schedule.paused !== true) checkCwd(cwd, roots);
        // An agent that there is none of is said now, not at three in the morning.
        if (args.job.agent !== undefined) agents.byName(args.job.agent);
        return jobs.save(args);
      },
      remove: (name) => jobs.remove(name),
    },
    runs: {
      start: async (request, by) => {
        const run = await runs.start(request, by);
        jobs.started(run);
        trail.started(run, by);
        return run;
      },
      stop: async (run, hard, by) => {
        const stopped = await runs.stop(run, hard, by.name);
        if (!stopped.alreadyStopped) trail.stopped(run, store.get(run)?.run.name ?? run, by);
        return stopped;
      },
      history: (query) => runs.history(query),
      screen: (run) => runs.screen(run),
      type: async (request, by) => {
        const typed = await runs.type(request, by.name);
        trail.typed(request, by);
        return typed;
      },
      resume: ({ run, on, at, text }, by) => {
        if (on) return { at: resumes.set(run, by.name, { atMs: at, text }) };
        resumes.cancel(run);
        return {};
      },
      announce: (run) => runs.announce(run),
      hook: (hint) => runs.hook(hint),
    },
    answer: async (answer, by) => {
      const verdict = await answers.answer(answer, by.name);
      const question = book.find(answer.run, answer.qid);
      if (question && WRITTEN.has(verdict.verdict)) trail.answered(question, verdict, by);
      return verdict;
    },
    policies: {
      list: () => policies.list(),
      add: (request, by) => {
        const rule = policies.add(request, by.name);
        trail.rule('added', rule, by);
        return rule;
      },
      remove: (id, by) => trail.rule('removed', policies.remove(id), by),
    },
    audit: (query) => trail.list(query),
    devices: async (by) => ({ devices: listDevices(account, devices, machine().name, by.id), words: await account.words() }),
    push: {
      subscribe: (by, request) => pushes.subscribe(by.id, request),
      unsubscribe: (by) => devices.forget(by.id, 'push'),
      test: (_by, device) => pushes.test(device),
      wish: (by, { wishes }) => pushes.wish(by.id, wishes),
      received: (by, n) => pushes.received(by.id, n),
      devices: (by) => pushes.hearings(by.id),
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
    pairing,
    log,
    nameOf: (device) => devices.get(device).name,
    onWord: () => watch.look(),
    onWarning: (text) => notices.warn(text),
  });
  const watch = new SecurityWatch({
    state,
    self: () => account.id,
    account: () => (account.membership && uplink.tokens ? { id: account.membership.pin.account, tokens: uplink.tokens } : null),
    nameOf: (device) => devices.get(device).name,
    tell: (level, text) => notices.tell(level, text, 'desk'),
    news: (event) => alerts.event(event),
    failed: (code) => log('events.fetch', { code }),
  });

  function questionChanged(question: Question): void {
    api.publish({ event: 'question', data: fitQuestion(question) });
    const live = runs.find(question.run);
    if (live) api.publish({ event: 'run', data: live.view() });
    pushes.question(question);
    // After this event has been told: a rule's answer must not overtake the card it answers.
    if (question.state.state === 'open') queueMicrotask(() => policies.opened(question));
    else trail.closed(question);
  }
  function runEnded(run: Run): void {
    api.publish({ event: 'run', data: run });
    const attempt = Number(store.get(run.run)?.run.labels.attempt ?? 0);
    jobs.ended(run, attempt);
    pushes.ended(run);
  }

  const door = await serveLocal({ socket: state.daemonSocket, api, runOf: (pid) => runs.runOf(pid), onTrouble });
  const stopWatching = runs.watch();
  await runs.adopt().catch(onTrouble);
  for (const live of runs.all.values()) jobs.started(live.view());
  pushes.adopt(book.all());
  jobs.start();
  resumes.start();
  uplink.start();
  const stopTimers = startTimers(
    () => {
      const gone = store.prune(retentionOf(settings));
      if (gone.length > 0) log('runs_pruned', { count: gone.length });
    },
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
      watch.stop();
      uplink.stop();
      jobs.stop();
      resumes.stop();
      local.close();
      await door.close();
      runs.detach();
      journal.close();
      log('stopped');
    },
  };
}
