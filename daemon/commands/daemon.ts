/** `clawtab daemon …`: start, stop, restart, status, logs, and `run` for the foreground. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Command } from 'commander';
import { ClawError, EXIT } from '../../shared/errors.ts';
import type { DaemonStatus } from '../local/local-commands.ts';
import { ownCommand } from '../own-command.ts';
import { openState } from '../state.ts';
import { tryDaemon } from './connect.ts';
import { age, json, say, visible, yellow } from './print.ts';

const START_MS = 20_000;
const STOP_MS = 10_000;

export function daemonCommand(): Command {
  const daemon = new Command().addHelpText(
    'after',
    '\nAgents live in processes of their own: stopping or restarting the daemon stops none of them.',
  );
  daemon.command('start').description('start it in the background').option('--foreground', 'stay in the foreground').action(start);
  daemon.command('run', { hidden: true }).description('run it in the foreground').action(runForeground);
  daemon.command('stop').description('stop it; agents go on').action(stop);
  daemon
    .command('restart')
    .description('stop it and start it again; agents go on')
    .action(async () => {
      await stop();
      await start({});
    });
  daemon.command('status', { isDefault: true }).description('is it running, and is all well').option('--json', 'as JSON').action(status);
  daemon
    .command('logs')
    .description('the log file')
    .option('-n, --lines <count>', 'how many lines', (text) => Number.parseInt(text, 10), 50)
    .option('-f, --follow', 'keep going')
    .action(logs);
  return daemon;
}

async function runForeground(): Promise<void> {
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
}

async function start(options: { foreground?: boolean }): Promise<void> {
  if (options.foreground === true) return runForeground();
  const running = await tryDaemon();
  if (running) {
    const { pid } = await running.call('daemon.status', {});
    running.close();
    return say(`The daemon is already running (pid ${pid}).`);
  }
  const pid = await spawnDaemon();
  say(`Started the daemon (pid ${pid}).`);
}

/** Starts the daemon detached and resolves when it answers. Throws what it said where it did not come up. */
export async function spawnDaemon(): Promise<number> {
  const state = openState();
  const log = path.join(state.logs, 'daemon.out');
  const out = fs.openSync(log, 'w', 0o600);
  const [node, ...args] = ownCommand('cli');
  const child = spawn(node!, [...args, 'daemon', 'run'], { detached: true, cwd: '/', stdio: ['ignore', out, out] });
  fs.closeSync(out);
  let ended = false;
  child.on('exit', () => {
    ended = true;
  });
  const dueMs = performance.now() + START_MS;
  while (performance.now() < dueMs) {
    const client = await tryDaemon();
    if (client) {
      client.close();
      child.unref();
      return child.pid ?? 0;
    }
    if (ended) throw new ClawError('state_daemon', `The daemon did not start: ${fs.readFileSync(log, 'utf8').trim() || 'it said nothing'}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new ClawError('state_daemon', 'The daemon did not come up in time.', { hint: `See ${log} and clawtab daemon logs.` });
}

async function stop(): Promise<void> {
  const client = await tryDaemon();
  if (!client) return say('The daemon is not running.');
  const { pid, runs } = await client.call('daemon.status', {});
  await client.call('daemon.stop', {});
  client.close();
  const dueMs = performance.now() + STOP_MS;
  while (isAlive(pid)) {
    if (performance.now() > dueMs)
      throw new ClawError('state_daemon', `The daemon (pid ${pid}) does not stop.`, { hint: `End it: kill ${pid}` });
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  say(`Stopped the daemon.${runs > 0 ? ` ${runs} ${runs === 1 ? 'agent goes' : 'agents go'} on; stop one with: clawtab jobs stop` : ''}`);
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
  if (!client) {
    process.exitCode = EXIT.network;
    if (options.json === true) return json({ running: false });
    say('The daemon is not running.');
    return say('try: clawtab daemon start');
  }
  const found = await client.call('daemon.status', {});
  client.close();
  if (options.json === true) return json({ running: true, ...found });
  printStatus(found);
}

function printStatus(found: DaemonStatus): void {
  say(`Running: pid ${found.pid}, version ${found.version}, for ${age(Date.now() - found.startedAt)}`);
  say(`State:   ${found.stateDir}`);
  if (found.account === null) say('Account: not signed in (clawtab login, or open the link of clawtab up)');
  else {
    say(`Account: ${found.account.origin}, ${found.account.devices} devices, list ${found.account.epoch}`);
    say(`Words:   ${found.account.words}`);
  }
  say(`Relay:   ${found.relay.state}${found.relay.message === undefined ? '' : ` (${visible(found.relay.message)})`}`);
  say(`Now:     ${found.runs} runs, ${found.questions} open questions, ${found.phones} phones connected`);
  for (const warning of found.warnings) say(yellow(`Warning: ${visible(warning)}`));
}

async function logs(options: { lines: number; follow?: boolean }): Promise<void> {
  const file = path.join(openState().logs, 'daemon.log');
  if (!fs.existsSync(file)) return say('There is no log yet.');
  const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
  say(lines.slice(-Math.max(1, options.lines || 50)).join('\n'));
  if (options.follow !== true) return;
  let at = fs.statSync(file).size;
  fs.watchFile(file, { interval: 300 }, (now) => {
    if (now.size < at) at = 0;
    if (now.size === at) return;
    const stream = fs.createReadStream(file, { start: at, end: now.size - 1 });
    at = now.size;
    stream.pipe(process.stdout, { end: false });
  });
  await new Promise(() => undefined);
}
