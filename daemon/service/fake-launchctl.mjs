#!/usr/bin/env node
// A launchctl for tests, first on PATH: knows the argument rules and exit codes of the real one (macOS 14), keeps its services in $FAKE_LAUNCHD, starts
// what a plist names, and writes each call to $FAKE_LAUNCHD/calls. What the real one refuses, this one refuses.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

const home = process.env.FAKE_LAUNCHD;
const [verb, ...args] = process.argv.slice(2);
appendFileSync(join(home, 'calls'), `${[verb, ...args].join(' ')}\n`);
const end = (code, text, to = process.stderr) => {
  to.write(`${text}\n`);
  process.exit(code);
};
const usage = (what) => end(64, `Usage: launchctl ${what}`);
const uid = process.getuid();

/** service-target: gui/UID/LABEL, of the caller's own domain. */
function service(target) {
  const parts = /^(gui|user)\/(\d+)\/([A-Za-z0-9._-]+)$/.exec(target ?? '');
  if (!parts) end(64, `Unrecognized target specifier, did you mean gui/${uid}/LABEL`);
  if (Number(parts[2]) !== uid) end(125, 'Domain does not support specified action');
  const file = join(home, `${parts[3]}.json`);
  return { label: parts[3], file, entry: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null };
}
const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
const save = ({ file }, entry) => writeFileSync(file, JSON.stringify(entry));

const decode = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
const strings = (xml) => [...xml.matchAll(/<string>([\s\S]*?)<\/string>/g)].map((match) => decode(match[1]));
function read(plist) {
  const xml = readFileSync(plist, 'utf8');
  const value = (key, tag) => new RegExp(`<key>${key}</key>\\s*<${tag}>([\\s\\S]*?)</${tag}>`).exec(xml)?.[1];
  const env = value('EnvironmentVariables', 'dict') ?? '';
  const names = [...env.matchAll(/<key>([\s\S]*?)<\/key>/g)].map((match) => decode(match[1]));
  const values = strings(env);
  return {
    label: value('Label', 'string'),
    argv: strings(value('ProgramArguments', 'array') ?? ''),
    env: Object.fromEntries(names.map((name, i) => [name, values[i]])),
    out: value('StandardOutPath', 'string'),
    cwd: value('WorkingDirectory', 'string') ?? '/',
    runAtLoad: /<key>RunAtLoad<\/key>\s*<true\/>/.test(xml),
  };
}
function start(entry) {
  const out = openSync(entry.out ?? '/dev/null', 'a');
  // Next to nothing of the caller's environment, as launchd gives.
  const child = spawn(entry.argv[0], entry.argv.slice(1), { detached: true, env: entry.env, cwd: entry.cwd, stdio: ['ignore', out, out] });
  child.unref();
  return child.pid;
}

const VERBS = {
  bootstrap() {
    if (args.length !== 2 || !/^gui\/\d+$/.test(args[0])) usage('bootstrap <domain-target> [service-path, service-path2, ...]');
    if (args[0] !== `gui/${uid}`) end(125, 'Bootstrap failed: 125: Domain does not support specified action');
    const [, plist] = args;
    if (!isAbsolute(plist) || !existsSync(plist)) end(5, 'Bootstrap failed: 5: Input/output error');
    const { mode, uid: owner } = statSync(plist);
    if ((mode & 0o022) !== 0 || owner !== uid) end(122, `Path had bad ownership/permissions\nBootstrap failed: 122`);
    const wanted = read(plist);
    if (!wanted.label || wanted.argv.length === 0 || !isAbsolute(wanted.argv[0])) end(5, 'Bootstrap failed: 5: Input/output error');
    const known = service(`${args[0]}/${wanted.label}`);
    if (known.entry || existsSync(join(home, `${wanted.label}.disabled`))) end(5, 'Bootstrap failed: 5: Input/output error');
    save(known, { ...wanted, pid: wanted.runAtLoad ? start(wanted) : 0 });
  },
  bootout() {
    if (args.length !== 1) usage('bootout <domain-target> [service-path1, service-path2, ...] | <service-target>');
    const known = service(args[0]);
    if (!known.entry) end(3, 'Boot-out failed: 3: No such process');
    if (alive(known.entry.pid)) process.kill(known.entry.pid, 'SIGTERM');
    // Known to `print` until the job has ended.
    save(known, { ...known.entry, leaving: true });
    if (alive(known.entry.pid)) end(36, 'Boot-out failed: 36: Operation now in progress');
    rmSync(known.file);
  },
  print() {
    if (args.length !== 1) usage('print <domain-target> | <service-target>');
    const known = service(args[0]);
    if (known.entry?.leaving && !alive(known.entry.pid)) {
      rmSync(known.file);
      known.entry = null;
    }
    if (!known.entry) end(113, `Bad request.\nCould not find service "${known.label}" in domain for user gui: ${uid}`);
    const running = alive(known.entry.pid);
    const state = running ? `state = running\n\n\tpid = ${known.entry.pid}` : 'state = not running';
    end(0, `${args[0]} = {\n\tactive count = ${running ? 1 : 0}\n\ttype = LaunchAgent\n\t${state}\n}`, process.stdout);
  },
  kickstart() {
    const flags = args.filter((word) => word.startsWith('-'));
    const [target, ...rest] = args.filter((word) => !word.startsWith('-'));
    if (rest.length > 0 || flags.some((flag) => !/^-[kps]+$/.test(flag))) usage('kickstart [-kps] <service-target>');
    const known = service(target);
    if (!known.entry) end(113, `Could not find service "${known.label}" in domain for user gui: ${uid}`);
    const running = alive(known.entry.pid);
    if (running && !flags.some((flag) => flag.includes('k'))) return;
    if (running) process.kill(known.entry.pid, 'SIGKILL');
    save(known, { ...known.entry, pid: start(known.entry) });
  },
  enable() {
    if (args.length !== 1) usage('enable <service-target>');
    rmSync(join(home, `${service(args[0]).label}.disabled`), { force: true });
  },
};
mkdirSync(home, { recursive: true });
if (!Object.hasOwn(VERBS, verb ?? '')) end(64, `Unrecognized subcommand: ${verb}`);
VERBS[verb]();
