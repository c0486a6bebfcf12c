/** Starts a run: checks what can be checked, makes its folder and its holder, and waits until the agent runs. Needs no daemon. */
import { type StdioPipe, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClawError } from '../../shared/errors.ts';
import { errno, type State } from '../state.ts';
import { RUN_ENV } from './caller.ts';
import { findExecutable } from './executable.ts';
import type { RunRecord } from './holder-protocol.ts';
import type { HolderReady, HolderSpec } from './holder-spec.ts';
import { DEFAULT_LOG_LIMIT_BYTES } from './output-log.ts';
import { newRunId } from './run-id.ts';

export interface StartRequest {
  /** Program and arguments, never a shell line. */
  argv: readonly string[];
  cwd: string;
  /** The agent's whole environment; `CLAWTAB_RUN` is added. */
  env: Readonly<Record<string, string | undefined>>;
  name?: string;
  agent?: string | null;
  job?: string | null;
  /** `desk`, `schedule:<job>`, `device:<id>`. */
  who: string;
  cols: number;
  rows: number;
  localTerminal: boolean;
  labels?: Record<string, string>;
  /** Size of the output ring on disk. */
  logLimitBytes?: number;
  /** Asciicast file to make. */
  record?: string;
  /** Chosen beforehand by the caller, for instance to tell hooks the id. */
  id?: string;
}

/** How long a holder may take to start, loaded machine included. */
const START_TIMEOUT_MS = 20_000;
/** Characters of a run's name (security.md BAD-100). */
const MAX_NAME = 200;
/** A holder's heap stays small: less young space, and no threads for work it does not have. */
const HOLDER_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=256', '--v8-pool-size=1', '--no-warnings'];

/** @throws agent_not_found, agent_not_executable, bad_cwd, state_* */
export async function startRun(state: State, request: StartRequest): Promise<RunRecord> {
  const [command] = request.argv;
  if (command === undefined)
    throw new ClawError('usage', 'There is no command to run.', { hint: 'Name it behind --, for example: clawtab run -- claude' });
  for (const part of request.argv) if (part.includes('\0')) throw new ClawError('usage', 'An argument holds a NUL byte.');
  checkCwd(request.cwd);
  findExecutable(command, request.env.PATH, request.cwd);
  const id = request.id ?? newRunId();
  const dir = path.join(state.runs, id);
  const spec: HolderSpec = {
    id,
    dir,
    socket: path.join(state.sockets, `${id}.sock`),
    name: shortName(request.name ?? path.basename(command)),
    argv: [...request.argv],
    env: definedOnly(request.env),
    cwd: request.cwd,
    agent: request.agent ?? null,
    job: request.job ?? null,
    who: request.who,
    parent: request.env[RUN_ENV] ?? null,
    cols: request.cols,
    rows: request.rows,
    localTerminal: request.localTerminal,
    labels: request.labels ?? {},
    logLimitBytes: request.logLimitBytes ?? DEFAULT_LOG_LIMIT_BYTES,
    record: request.record === undefined ? null : path.resolve(request.record),
  };
  makeFolder(dir);
  try {
    return await startHolder(spec);
  } catch (error) {
    fs.rmSync(dir, { recursive: true, force: true });
    fs.rmSync(spec.socket, { force: true });
    throw error;
  }
}

/** A name stands on one line of every list and card. */
function shortName(name: string): string {
  const line = name.replace(/\s+/gu, ' ').trim();
  return line.length > MAX_NAME ? `${line.slice(0, MAX_NAME - 1)}…` : line || 'run';
}

function makeFolder(dir: string): void {
  try {
    fs.mkdirSync(dir, { mode: 0o700 });
    fs.mkdirSync(path.join(dir, 'log'), { mode: 0o700 });
  } catch (error) {
    throw new ClawError('state_io', `Cannot make the run's folder ${dir}: ${errno(error)}.`, {
      hint: 'Free some disk space in the state directory.',
      cause: error,
    });
  }
}

function checkCwd(cwd: string): void {
  const why = whyNotCwd(cwd);
  if (why !== null) throw new ClawError('bad_cwd', `The working directory ${cwd} ${why}.`);
}

function whyNotCwd(cwd: string): string | null {
  if (!path.isAbsolute(cwd)) return 'is not absolute';
  if (cwd.includes('\0')) return 'holds a NUL byte';
  try {
    if (!fs.statSync(cwd).isDirectory()) return 'is not a directory';
    fs.accessSync(cwd, fs.constants.X_OK);
    return null;
  } catch (error) {
    return errno(error) === 'ENOENT'
      ? 'does not exist'
      : errno(error) === 'EACCES'
        ? 'may not be entered'
        : `cannot be used (${errno(error)})`;
  }
}

async function startHolder(spec: HolderSpec): Promise<RunRecord> {
  const errors = fs.openSync(path.join(spec.dir, 'holder.log'), 'a', 0o600);
  // Its own session: nothing that happens to the starter's terminal, group or service reaches it.
  const stdio: [StdioPipe, StdioPipe, number] = ['pipe', 'pipe', errors];
  const child = spawn(process.execPath, holderArgs(), { detached: true, cwd: '/', env: holderEnv(), stdio });
  fs.closeSync(errors);
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new ClawError('internal', 'The holder has no pipes.');
  let said = '';
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      stdin.on('error', () => undefined); // It died before it read: its end is reported below.
      stdin.end(JSON.stringify(spec));
      stdout.setEncoding('utf8');
      stdout.on('data', (text: string) => {
        said += text;
      });
      stdout.once('close', resolve);
    });
  } finally {
    clearTimeout(timer);
    child.unref();
  }
  const ready = parseReady(said);
  if (ready?.ok === true) return ready.run;
  if (ready?.ok === false) throw new ClawError(ready.code, ready.message);
  throw new ClawError('state_holder', 'The pty holder did not start.', { hint: `See ${tailOf(path.join(spec.dir, 'holder.log'))}` });
}

function parseReady(line: string): HolderReady | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function tailOf(file: string): string {
  const text = fs.readFileSync(file, 'utf8').trim();
  return text === '' ? file : text.slice(-400);
}

/** From sources the holder is run through tsx, as everything else is; as installed it is plain JavaScript. */
function holderArgs(): string[] {
  const here = fileURLToPath(import.meta.url);
  if (!here.endsWith('.ts')) return [...HOLDER_FLAGS, path.join(path.dirname(here), 'holder.main.js')];
  return [
    ...HOLDER_FLAGS,
    '--import',
    `file://${createRequire(import.meta.url).resolve('tsx')}`,
    path.join(path.dirname(here), 'holder.main.ts'),
  ];
}

/** The agent's environment goes through the spec; the holder itself needs nearly nothing and must not obey a NODE_OPTIONS. */
function holderEnv(): Record<string, string> {
  return definedOnly({ PATH: process.env.PATH, HOME: process.env.HOME, LANG: process.env.LANG, TMPDIR: process.env.TMPDIR });
}

function definedOnly(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) out[name] = value;
  return out;
}
