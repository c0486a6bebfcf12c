/** What must be right for ClawTab to work on this machine, checked one by one. Each finding names the thing, and the mend where it is broken. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { asClawError, type ClawError } from '../shared/errors.ts';
import { checkOrigin } from '../shared/relay-http.ts';
import { fileTokenStore, readMembership } from './account/account-files.ts';
import { openDeviceKey } from './account/device-key.ts';
import { loadAgents } from './agents/registry.ts';
import { JobFiles } from './jobs/job-files.ts';
import { LocalClient } from './local/client.ts';
import { findExecutable } from './runs/executable.ts';
import { RunStore } from './runs/run-store.ts';
import { readSettings } from './settings.ts';
import { openState, type State } from './state.ts';

export interface Finding {
  level: 'good' | 'note' | 'bad';
  what: string;
  mend?: string;
}

const good = (what: string): Finding => ({ level: 'good', what });
const note = (what: string, mend?: string): Finding => ({ level: 'note', what, ...(mend === undefined ? {} : { mend }) });
const bad = (error: ClawError): Finding => ({
  level: 'bad',
  what: error.message,
  ...(error.hint === undefined ? {} : { mend: error.hint }),
});

const LOW_DISK_BYTES = 256 << 20;

export async function* checkAll(env: NodeJS.ProcessEnv = process.env): AsyncGenerator<Finding> {
  let state: State;
  try {
    state = openState(env);
    yield good(`State directory ${state.root}, private`);
  } catch (error) {
    yield bad(asClawError(error));
    return;
  }
  yield* checkFiles(state);
  yield* checkDaemon(state);
  yield* checkRuns(state);
  yield* checkAgents(env);
  yield* checkPty();
}

async function* checkFiles(state: State): AsyncGenerator<Finding> {
  const free = fs.statfsSync(state.root);
  const bytes = free.bavail * free.bsize;
  if (bytes < LOW_DISK_BYTES)
    yield {
      level: 'bad',
      what: `${Math.round(bytes / 1e6)} MB free where the state lies`,
      mend: 'Free some space: without it answers cannot be journalled and are refused.',
    };
  try {
    readSettings(state);
    const { problems } = new JobFiles(state.jobs).list();
    for (const { name, problem } of problems) yield { level: 'bad', what: problem, mend: `clawtab jobs edit ${name}` };
    const aside = fs.readdirSync(state.journal).filter((name) => /\.(?:damaged|newer)-/.test(name));
    if (aside.length > 0)
      yield note(`A damaged answer journal was set aside: ${path.join(state.journal, aside[0]!)}`, 'Look at it, then delete it.');
    yield good('Settings and job files are readable');
  } catch (error) {
    yield bad(asClawError(error));
  }
}

async function* checkDaemon(state: State): AsyncGenerator<Finding> {
  let origin: string | undefined;
  try {
    await openDeviceKey(state);
    origin = (await readMembership(state))?.origin;
    yield origin === undefined
      ? note('This machine is not signed in', 'clawtab login, or open the link of clawtab up')
      : (await fileTokenStore(state).load()) === null
        ? { level: 'bad', what: `Signed in at ${origin}, but the device token is missing`, mend: 'clawtab login' }
        : good(`Signed in at ${origin}`);
  } catch (error) {
    yield bad(asClawError(error));
  }
  if (origin !== undefined) yield await checkRelay(origin);
  try {
    const daemon = await LocalClient.connect(state.daemonSocket);
    const status = await daemon.call('daemon.status', {});
    daemon.close();
    yield good(`Daemon runs (pid ${status.pid}, version ${status.version})`);
    if (status.account !== null && status.relay.state !== 'online')
      yield {
        level: 'bad',
        what: `The daemon is not connected to its relay: ${status.relay.message ?? status.relay.state}`,
        mend: status.relay.state === 'signed_out' ? 'clawtab login' : 'clawtab daemon logs',
      };
    for (const warning of status.warnings) yield note(warning);
  } catch (error) {
    yield bad(asClawError(error));
  }
}

async function checkRelay(origin: string): Promise<Finding> {
  try {
    const response = await fetch(`${checkOrigin(origin)}/readyz`, { redirect: 'manual', signal: AbortSignal.timeout(5000) });
    if (response.ok) return good(`Relay ${origin} answers and is ready`);
    return { level: 'bad', what: `Relay ${origin} answers ${response.status}`, mend: 'Look at the relay’s log.' };
  } catch {
    return { level: 'bad', what: `Relay ${origin} does not answer`, mend: 'Check the network and that the relay runs.' };
  }
}

async function* checkRuns(state: State): AsyncGenerator<Finding> {
  const open = new RunStore(state).list().filter(({ exit }) => exit === null);
  for (const { run } of open) {
    try {
      process.kill(run.holderPid, 0);
    } catch {
      yield note(`Run ${run.name} (${run.id}) has lost its holder`, 'Start the daemon; it then counts as ended.');
    }
  }
  if (open.length > 0) yield good(`${open.length} ${open.length === 1 ? 'run has its' : 'runs have their'} holder`);
}

async function* checkAgents(env: NodeJS.ProcessEnv): AsyncGenerator<Finding> {
  const found: string[] = [];
  // The demo comes with clawtab: it is nobody's agent.
  for (const agent of (await loadAgents()).all().filter(({ name }) => name !== 'demo')) {
    try {
      found.push(`${agent.title} (${findExecutable(agent.launch({ flags: [] })[0]!, env.PATH, '/')})`);
    } catch {
      // Not installed: nothing wrong with that.
    }
  }
  yield found.length > 0
    ? good(`Agents found: ${found.join(', ')}`)
    : note('No known agent was found on PATH', 'Any command works: clawtab run -- COMMAND. To see the loop: clawtab demo');
}

async function* checkPty(): AsyncGenerator<Finding> {
  try {
    await import('./runs/pty.ts');
    yield good('A pseudo-terminal can be made');
  } catch (error) {
    yield {
      level: 'bad',
      what: 'The pty module does not load',
      mend: `npm rebuild node-pty (${error instanceof Error ? error.message.split('\n')[0] : 'unknown'})`,
    };
  }
}
