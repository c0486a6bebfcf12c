#!/usr/bin/env node
// A systemctl (and, as `loginctl` by its argument, a loginctl) for tests, first on PATH: enforces what the real one does about arguments and order, keeps
// its units in $FAKE_SYSTEMD, starts what a unit names, and writes each call to $FAKE_SYSTEMD/calls.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const home = process.env.FAKE_SYSTEMD;
const words = process.argv.slice(2);
appendFileSync(join(home, 'calls'), `${words.join(' ')}\n`);
const end = (code, text, to = process.stderr) => {
  to.write(`${text}\n`);
  process.exit(code);
};
if (words[0] === 'show-user') end(0, 'Linger=no', process.stdout);
if (words.shift() !== '--user') end(1, 'Failed to connect to system scope bus');
const [verb, ...rest] = words;
const flags = rest.filter((word) => word.startsWith('-'));
const [unit] = rest.filter((word) => !word.startsWith('-'));

const FLAGS = {
  'daemon-reload': [],
  enable: ['--now'],
  disable: ['--now'],
  start: [],
  stop: [],
  restart: [],
  show: ['--property'],
  'show-environment': [],
};
if (!Object.hasOwn(FLAGS, verb ?? '')) end(1, `Unknown command verb ${verb}.`);
for (const flag of flags) if (!FLAGS[verb].includes(flag.split('=')[0])) end(1, `systemctl: unrecognized option '${flag}'`);
if (!['daemon-reload', 'show-environment'].includes(verb) && !/^[\w.@-]+\.service$/.test(unit ?? '')) end(1, 'Too few arguments.');

const stateFile = join(home, 'state.json');
const state = existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, 'utf8')) : { loaded: {}, enabled: {}, pids: {} };
const save = () => writeFileSync(stateFile, JSON.stringify(state));
const file = join(process.env.HOME, '.config/systemd/user', unit ?? '');
const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
/** The text of the unit as it was when it was loaded: a changed file counts after daemon-reload only. */
function text() {
  if (state.loaded[unit] === undefined && existsSync(file)) state.loaded[unit] = readFileSync(file, 'utf8');
  if (state.loaded[unit] === undefined) end(5, `Failed to ${verb} unit: Unit ${unit} not found.`);
  return state.loaded[unit];
}
const unquote = (word) =>
  word
    .slice(1, -1)
    .replaceAll('%%', '%')
    .replaceAll('$$', '$')
    .replace(/\\(.)/g, (_all, c) => (c === 'n' ? '\n' : c));
const quoted = (line) => (line.match(/"(?:[^"\\]|\\.)*"/g) ?? []).map(unquote);
function start() {
  const body = text();
  if (alive(state.pids[unit])) return;
  const line = (key) => new RegExp(`^${key}=(.*)$`, 'm').exec(body)?.[1] ?? '';
  const [program, ...args] = quoted(line('ExecStart'));
  const env = Object.fromEntries(
    [...body.matchAll(/^Environment=(.*)$/gm)].flatMap((m) => quoted(m[1])).map((pair) => pair.split(/=(.*)/s).slice(0, 2)),
  );
  const out = openSync(line('StandardOutput').replace('append:', '').replaceAll('%%', '%'), 'a');
  const child = spawn(program, args, { detached: true, env, cwd: process.env.HOME, stdio: ['ignore', out, out] });
  child.unref();
  state.pids[unit] = child.pid;
}
async function stop() {
  const pid = state.pids[unit];
  if (alive(pid)) process.kill(pid, 'SIGTERM');
  while (alive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}
const VERBS = {
  'show-environment': () => end(0, 'HOME=x', process.stdout),
  'daemon-reload'() {
    for (const name of Object.keys(state.loaded)) {
      const path = join(process.env.HOME, '.config/systemd/user', name);
      if (existsSync(path)) state.loaded[name] = readFileSync(path, 'utf8');
      else delete state.loaded[name];
    }
  },
  enable() {
    if (!existsSync(file)) end(1, `Failed to enable unit: Unit file ${unit} does not exist.`);
    if (!/^\[Install\]$/m.test(text())) end(1, 'The unit files have no installation config');
    state.enabled[unit] = true;
    if (flags.includes('--now')) start();
  },
  async disable() {
    if (!existsSync(file)) end(1, `Failed to disable unit: Unit file ${unit} does not exist.`);
    delete state.enabled[unit];
    if (flags.includes('--now')) await stop();
  },
  start,
  async stop() {
    text();
    await stop();
  },
  async restart() {
    text();
    await stop();
    start();
  },
  show() {
    const running = alive(state.pids[unit]);
    process.stdout.write(`ActiveState=${running ? 'active' : 'inactive'}\nMainPID=${running ? state.pids[unit] : 0}\n`);
  },
};
await VERBS[verb]();
save();
