// npm run tour: walks through the command line in a real terminal (tmux) with a daemon and a demo agent of its own, and writes the screens to docs/tour.md.
// `--check` walks and writes nothing. What differs from run to run (ids, pids, paths) is written as one fixed sample.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildStale } from './lib/build.mjs';
import { fail, root, say } from './lib/say.mjs';

const COLS = 100;
const ROWS = 28;
const WAIT_MS = 60_000;

const home = mkdtempSync(join(tmpdir(), 'ct-tour-'));
const tmux = (...args) =>
  execFileSync('tmux', ['-S', join(home, 'tmux'), '-f', '/dev/null', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8' },
  });
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** A home with `clawtab` and the demo agent on its PATH, and nothing of this machine's own. */
function makeHome() {
  const bin = join(home, 'bin');
  mkdirSync(join(home, 'shop'));
  mkdirSync(bin);
  const command = (name, file) => {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'dist/daemon', file)}' "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  };
  command('clawtab', 'cli.js');
  command('shop-agent', 'demo/demo-agent.js');
  const env = {
    PATH: `${bin}:/usr/bin:/bin`,
    HOME: home,
    LANG: 'C.UTF-8',
    TERM: 'tmux-256color',
    PS1: '$ ',
    HISTFILE: '',
    CLAWTAB_DEMO_PACE: '150',
  };
  // Named, so that no service manager of this machine is touched.
  env.CLAWTAB_STATE = join(home, '.local/state/clawtab');
  return ['env', '-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), 'bash', '--noprofile', '--norc', '-i'];
}

/** Text of a window, trailing blanks cut. */
const screen = (window) => tmux('capture-pane', '-p', '-t', `tour:${window}`).replace(/\s+$/, '');

/** Waits until the window shows it. */
async function shows(window, pattern) {
  for (let left = WAIT_MS; left > 0; left -= 50) {
    if (pattern.test(screen(window))) return;
    await pause(50);
  }
  throw new Error(`window ${window} never showed ${pattern}:\n${screen(window)}`);
}

async function type(window, text) {
  tmux('send-keys', '-t', `tour:${window}`, '-l', text);
  tmux('send-keys', '-t', `tour:${window}`, 'Enter');
}

/** A command on a fresh screen, and what it printed once the prompt is back. */
async function command(window, text, until = /\n\$ ?$/) {
  tmux('send-keys', '-t', `tour:${window}`, 'C-l');
  await shows(window, /^\$ ?$/);
  await type(window, text);
  await shows(window, until);
  return screen(window)
    .replace(/\n\$ ?$/, '')
    .trimEnd();
}

const known = new Map();
let runs = 0;
/** One sample for everything that is different each time; columns stay where they are. */
function settled(text) {
  return text
    .replaceAll(home, '~')
    .replaceAll(process.execPath, '/usr/bin/node')
    .replace(/\bm[a-z0-9]{7}-[a-z0-9]{6}\b/g, (id) => {
      if (!known.has(id)) known.set(id, `mtour00${++runs}-sample`);
      return known.get(id);
    })
    .replace(/\b(q\d+)-[A-Za-z0-9_-]{10}/g, '$1-sampleSAMP')
    .replace(/\bpid \d+/g, 'pid 4711')
    .replace(/(\bfor|·) \d+s$/gm, '$1 1s')
    .replace(/\bNode\.js \d+\.\d+\.\d+/g, 'Node.js 20')
    .replace(/\b20\d\d-\d\d-\d\d \d\d:\d\d/g, '2026-11-24 09:30');
}

async function walk() {
  const shots = [];
  const show = (title, text, screenText) => shots.push({ title, text, screen: settled(screenText) });
  const shell = makeHome();
  tmux('new-session', '-d', '-s', 'tour', '-n', '1', '-x', String(COLS), '-y', String(ROWS), '-c', join(home, 'shop'), ...shell);
  await shows(1, /\$/);
  tmux('new-window', '-d', '-t', 'tour:2', '-c', join(home, 'shop'), ...shell);
  await shows(2, /\$/);

  show(
    'The daemon starts',
    'As a LaunchAgent on macOS, a user unit under systemd; here, with a state directory of its own, in the background.',
    await command(1, 'clawtab daemon start'),
  );
  show('… and says how it is', '', await command(1, 'clawtab daemon'));

  await type(1, 'clear; clawtab run --name cart --agent demo -- shop-agent');
  await shows(1, /Do you want to proceed\?[\s\S]*Esc to cancel/);
  show(
    'An agent runs under clawtab',
    'An ordinary terminal. Here the scripted demo agent; yours is `clawtab run -- claude`. It works, then asks.',
    screen(1),
  );

  show('Somewhere else: what is being asked', 'The same card is on the phone.', await command(2, 'clawtab questions'));
  await type(2, 'clear; clawtab questions --watch');
  await shows(2, /Do you want to proceed\?/);

  tmux('send-keys', '-t', 'tour:1', 'C-\\');
  tmux('send-keys', '-t', 'tour:1', 'd');
  await shows(1, /Stop it:[\s\S]*\$ ?$/);
  show('The terminal is left', '`Ctrl-\\` then `d`: the agent goes on without it.', screen(1).split('\n').slice(-4, -1).join('\n'));
  show('What runs', '', await command(1, 'clawtab jobs'));

  const qid = /^(\S+)\s+cart/m.exec(await command(1, 'clawtab questions'))?.[1] ?? fail('there is no question');
  show('An answer from a script', '', await command(1, `clawtab answer ${qid} yes`));
  await shows(2, /commit message/);
  show('The watcher saw all of it', '`clawtab questions --watch` in the other terminal.', screen(2));

  await type(1, 'clear; clawtab attach cart');
  await shows(1, /commit message be\?/);
  show('The terminal is joined again', 'With its whole screen as it stands.', screen(1));
  await type(1, 'Count the discount once');
  await shows(1, /That was the whole loop[\s\S]*\$ ?$/);
  show('… answered at the desk, and at its end', 'The exit code is the agent’s own.', screen(1).replace(/\n\$ ?$/, ''));

  const add = 'clawtab jobs add nightly --cron "0 3 * * 1-5" --time-zone Europe/Berlin -- sh -c "echo tests; exit 3"';
  show('A job that runs by itself', '', await command(1, add));
  show('… and at once', '', await command(1, 'clawtab jobs start nightly'));
  await command(1, 'while clawtab jobs ls --json | grep -q working; do sleep 0.2; done');
  show('What there is now', '', await command(1, 'clawtab jobs'));
  show('What has been', '', await command(1, 'clawtab jobs history'));
  show('Output is kept', '', await command(1, 'clawtab jobs logs nightly'));
  show('Who did what', 'Each entry is chained to the one before.', await command(1, 'clawtab audit'));
  show('Is all well?', 'Each finding with its mend.', await command(1, 'clawtab doctor'));
  show('A word mistyped', '', await command(1, 'clawtab stauts'));
  show('The daemon stops', 'Agents would go on.', await command(1, 'clawtab daemon stop'));
  return shots;
}

/** Ends what the tour started: the daemon, the terminal, and a run that is left where the tour broke off. */
function end() {
  const state = join(home, '.local/state/clawtab');
  const cli = join(root, 'dist/daemon/cli.js');
  try {
    execFileSync(process.execPath, [cli, 'daemon', 'uninstall'], {
      env: { PATH: process.env.PATH, HOME: home, CLAWTAB_STATE: state },
      stdio: 'ignore',
    });
  } catch {
    // It was not running.
  }
  for (const id of existsSync(join(state, 'runs')) ? readdirSync(join(state, 'runs')) : []) {
    if (existsSync(join(state, 'runs', id, 'exit.json'))) continue;
    const { holderPid } = JSON.parse(readFileSync(join(state, 'runs', id, 'run.json'), 'utf8'));
    process.kill(holderPid, 'SIGTERM');
  }
  try {
    tmux('kill-server');
  } catch {
    // It had not been started.
  }
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}

function page(shots) {
  const parts = shots.map(
    ({ title, text, screen: lines }) => `## ${title}\n\n${text === '' ? '' : `${text}\n\n`}\`\`\`\n${lines}\n\`\`\`\n`,
  );
  return `# A tour of the command line\n\nWritten by \`npm run tour\`, which walks through all of this in a real terminal (tmux, ${COLS} × ${ROWS}). Ids, pids and times are samples.\n\n${parts.join('\n')}`;
}

try {
  execFileSync('tmux', ['-V'], { stdio: 'ignore' });
} catch {
  fail('tmux is not installed', 'apt-get install tmux, or brew install tmux');
}
await buildStale();
try {
  const shots = await walk();
  if (!process.argv.includes('--check')) writeFileSync(join(root, 'docs/tour.md'), page(shots));
  say(`${shots.length} screens${process.argv.includes('--check') ? '' : ' in docs/tour.md'}.`);
} finally {
  end();
}
