/** `clawtab daemon …`: start, stop, restart, status, logs, and `run` for the foreground. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Command } from 'commander';
import { ClawError, EXIT } from '../../shared/errors.ts';
import type { DaemonStatus } from '../local/local-commands.ts';
import type { BackgroundControl } from '../service/background.ts';
import { pickService, serviceSpec } from '../service/pick.ts';
import { LAUNCHD_LABEL, type Service, type ServiceState } from '../service/service.ts';
import { UNIT } from '../service/systemd.ts';
import { openState, type State } from '../state.ts';
import { tryDaemon } from './connect.ts';
import { age, json, say, visible, warnOfRoot, yellow } from './print.ts';
import { wholeNumber } from './whole-number.ts';

const START_MS = 20_000;
const STOP_MS = 10_000;
/** How long a daemon that has let go of everything may take to end by itself. */
const END_MS = 2000;
const OUT_BYTES = 1 << 20;

export function daemonCommand(): Command {
  const daemon = new Command().addHelpText(
    'after',
    '\nAgents live in processes of their own: stopping or restarting the daemon stops none of them.',
  );
  daemon.command('start').description('start it in the background').option('--foreground', 'stay in the foreground').action(start);
  daemon.command('run', { hidden: true }).description('run it in the foreground').action(runForeground);
  daemon.command('stop').description('stop it; agents go on').action(stop);
  daemon.command('restart').description('stop it and start it again; agents go on').action(restart);
  daemon.command('uninstall').description('stop it and remove the service; the state directory stays').action(uninstall);
  daemon.command('status', { isDefault: true }).description('is it running, and is all well').option('--json', 'as JSON').action(status);
  daemon
    .command('logs')
    .description('the log file')
    .option('-n, --lines <count>', 'how many lines', wholeNumber, 50)
    .option('-f, --follow', 'keep going')
    .action(logs);
  return daemon;
}

/** What the daemon of a service prints is appended for ever, crash by crash: one old part is kept. */
function boundOutput(file: string): void {
  if (sizeOf(file) <= OUT_BYTES) return;
  try {
    fs.copyFileSync(file, `${file}.1`);
    // In place: the service manager has it open.
    fs.truncateSync(file);
  } catch {
    // A full disk: the daemon is worth more than its output.
  }
}

async function runForeground(): Promise<void> {
  boundOutput(outFile(openState()));
  const { startForeground } = await import('../foreground.ts');
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const daemon = await startForeground({ onStopRequest: () => finish() });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => finish());
  say(`clawtab daemon ${process.pid} ready`);
  await finished;
  await daemon.stop();
  // Whatever may still hang somewhere is no reason for a service not to end; a loop that is empty ends before this.
  setTimeout(() => process.exit(), END_MS).unref();
}

async function start(options: { foreground?: boolean }): Promise<void> {
  if (options.foreground === true) return runForeground();
  const state = openState();
  const pid = await control.running();
  if (pid !== null) return say(`The daemon is already running (pid ${pid}).`);
  warnOfRoot();
  const service = await pickService(state, control);
  const said = sizeOf(outFile(state));
  for (const line of await service.start(serviceSpec(state))) say(line);
  say(`It answers (pid ${await answering(state, service, said)}).`);
}

async function restart(): Promise<void> {
  const state = openState();
  const before = await control.running();
  const service = await pickService(state, control);
  const said = sizeOf(outFile(state));
  for (const line of await service.restart(serviceSpec(state))) say(line);
  say(`It answers (pid ${await answering(state, service, said, before)}).`);
}

/** What the background service needs to know: who answers on the socket, and how to end it. */
const control: BackgroundControl = {
  async running() {
    const client = await tryDaemon();
    if (!client) return null;
    const { pid } = await client.call('daemon.status', {});
    client.close();
    return pid;
  },
  async stop(pid) {
    const client = await tryDaemon();
    // One that was told to end by other means may not answer any more.
    await client?.call('daemon.stop', {}).catch(() => undefined);
    client?.close();
    const dueMs = performance.now() + STOP_MS;
    while (isAlive(pid)) {
      if (performance.now() > dueMs)
        throw new ClawError('state_daemon', `The daemon (pid ${pid}) does not stop.`, { hint: `End it: kill ${pid}` });
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  },
};

const outFile = (state: State): string => path.join(state.logs, 'daemon.out');
const sizeOf = (file: string): number => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/**
 * Resolves with the pid of the daemon once it answers (another one than `before`). Throws what it said, from byte `said` of its output on, where it does
 * not come up.
 */
async function answering(state: State, service: Service, said: number, before: number | null = null): Promise<number> {
  const file = outFile(state);
  const dueMs = performance.now() + START_MS;
  let given = false;
  while (performance.now() < dueMs && !given) {
    // Asked before the daemon, so that one which ended in between has had its chance to answer.
    given = service.kind === 'background' && (await service.status()).state !== 'running';
    const pid = await control.running().catch(() => null);
    if (pid !== null && pid !== before) return pid;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const from = sizeOf(file) < said ? 0 : said;
  const text = fs.existsSync(file) ? fs.readFileSync(file).subarray(from).toString('utf8') : '';
  const why = /^clawtab: (.*)$/m.exec(text)?.[1];
  const hint = /^try: (.*)$/m.exec(text)?.[1];
  throw new ClawError('state_daemon', `The daemon did not come up${why === undefined ? '.' : `: ${why}`}`, {
    hint: `${hint === undefined ? '' : `${hint} `}See ${file}, or try it here: clawtab daemon start --foreground`,
  });
}

async function stop(): Promise<void> {
  const client = await tryDaemon();
  const { runs, pid } = client === null ? { runs: 0, pid: 0 } : await client.call('daemon.status', {});
  client?.close();
  const service = await pickService(openState(), control);
  // A daemon of another kind (clawtab up, or started by hand) is asked by its socket; what holds it by its own means.
  const held = (await service.status()).state === 'running';
  if (held) for (const line of await service.stop()) say(line);
  else if (client !== null) {
    await control.stop(pid);
    say('Stopped the daemon.');
  } else say('The daemon was not running.');
  if (runs > 0) say(`${runs} ${runs === 1 ? 'agent goes' : 'agents go'} on; stop one with: clawtab jobs stop`);
}

async function uninstall(): Promise<void> {
  const service = await pickService(openState(), control);
  for (const line of await service.uninstall()) say(line);
  say(`What it knows stays in ${openState().root}.`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function status(options: { json?: boolean }): Promise<void> {
  const client = await tryDaemon();
  const found = client === null ? null : await client.call('daemon.status', {});
  client?.close();
  const service = await pickService(openState(), control);
  const held = { kind: service.kind, ...(await service.status()) };
  if (found === null) process.exitCode = EXIT.network;
  if (options.json === true) return json({ running: found !== null, ...found, service: held });
  if (found === null) say('The daemon is not running.');
  else printStatus(found);
  if (found !== null || held.state !== 'not_installed') say(`Service: ${describe(held)}`);
  if (found === null) say('try: clawtab daemon start');
}

function describe(held: { kind: Service['kind'] } & ServiceState): string {
  if (held.kind === 'background') return 'in the background; it does not start again at login';
  const name = held.kind === 'launchd' ? `launchd (${LAUNCHD_LABEL})` : `systemd (${UNIT})`;
  return held.state === 'running' ? name : held.state === 'stopped' ? `${name}, stopped` : 'none; clawtab daemon start installs one';
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

function printStatus(found: DaemonStatus): void {
  say(`Running: pid ${found.pid}, version ${found.version}, for ${age(Date.now() - found.startedAt)}`);
  say(`State:   ${found.stateDir}`);
  if (found.account === null) say('Account: not signed in (clawtab login, or open the link of clawtab up)');
  else {
    say(`Account: ${found.account.origin}, ${found.account.devices} devices, list ${found.account.epoch}`);
    say(`Words:   ${found.account.words}`);
  }
  if (found.account !== null)
    say(`Relay:   ${found.relay.state}${found.relay.message === undefined ? '' : ` (${visible(found.relay.message)})`}`);
  say(`Now:     ${count(found.runs, 'run')}, ${count(found.questions, 'open question')}, ${count(found.phones, 'phone')} connected`);
  for (const warning of found.warnings) say(yellow(`Warning: ${visible(warning)}`));
}

async function logs(options: { lines: number; follow?: boolean }): Promise<void> {
  const file = path.join(openState().logs, 'daemon.log');
  if (!fs.existsSync(file)) return say('There is no log yet.');
  const bytes = fs.readFileSync(file);
  const lines = bytes.toString('utf8').trimEnd().split('\n');
  say(lines.slice(-options.lines).join('\n'));
  if (options.follow !== true) return;
  let at = bytes.length;
  fs.watchFile(file, { interval: 300 }, (now) => {
    if (now.size < at) at = 0;
    if (now.size === at) return;
    const stream = fs.createReadStream(file, { start: at, end: now.size - 1 });
    at = now.size;
    stream.pipe(process.stdout, { end: false });
  });
  await new Promise(() => undefined);
}
