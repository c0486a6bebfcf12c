// A scripted agent for tests, plain JavaScript so that it starts at once. Each question carries a nonce in its text and in every label, and each
// byte of stdin goes to a log with the nonce that stood when it was read: what was typed, where, can be checked afterwards by anyone.
//   node fake-agent.mjs '{"log":"FILE","questions":[{"nonce":"…","style":"list|numbers|yesno|line","options":3}],…}'
// or with the JSON in the file named by `@FILE`.
import { appendFileSync, readFileSync } from 'node:fs';

const word = process.argv[2] ?? '{}';
const plan = JSON.parse(word.startsWith('@') ? readFileSync(word.slice(1), 'utf8') : word);
const log = (entry) => appendFileSync(plan.log, `${JSON.stringify({ atMs: Date.now(), ...entry })}\n`);
const out = (text) => process.stdout.write(text);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let printed = 0;
/** Work: numbered lines, so that a lost or doubled one is seen. */
function lines(count) {
  let text = '';
  for (let i = 0; i < count; i++) text += `line ${String(printed++).padStart(9, '0')} ${plan.canary ?? 'of work'}\r\n`;
  out(text);
}

let standing = null;
let onKey = null;
/** Takes the standing question back, as when its time is up. */
let takeBack = null;
process.on('SIGUSR1', () => takeBack?.());
/** Held up, as on a busy machine: nothing is painted, no key is read. */
const stall = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
process.stdin.on('data', (bytes) => {
  log({ stdin: bytes.toString('hex'), nonce: standing?.nonce ?? null });
  for (const key of keysOf(bytes.toString('latin1'))) onKey?.(key);
});

function keysOf(text) {
  return text.match(/\x1b\[200~[\s\S]*?\x1b\[201~|\x1b[[O][A-D]|[\s\S]/g) ?? [];
}

const label = (question, i) => `${['Yes', 'Later', 'No', 'Maybe', 'Never'][i]} ${question.nonce}`;

/** A row as menus paint it: the pointer and the row that it points at have a colour. */
const row = (active, text) => (active ? `\x1b[36m❯ ${text}\x1b[39m` : `  ${text}`);

const STYLES = {
  /** Arrows and Enter; no numbers. */
  list: {
    rows: 1,
    paint: (q, at) =>
      [`? Run step ${q.nonce}?`, ...Array.from({ length: q.options }, (_, i) => row(i === at, label(q, i)))]
        .map((l) => `${l}\x1b[K\r\n`)
        .join(''),
    key(q, state, key) {
      if (/^\x1b[[O]A$/.test(key)) state.at = (state.at + q.options - 1) % q.options;
      else if (/^\x1b[[O]B$/.test(key)) state.at = (state.at + 1) % q.options;
      else if (key === '\r' || key === '\n') return state.at;
      return null;
    },
  },
  /** Digits answer at once. */
  numbers: {
    rows: 1,
    paint: (q, at) =>
      [
        `Do you want to run step ${q.nonce}?`,
        ...Array.from({ length: q.options }, (_, i) => row(i === at, `${i + 1}. ${label(q, i)}`)),
        '',
        'Esc to cancel',
      ]
        .map((l) => `${l}\x1b[K\r\n`)
        .join(''),
    key(q, state, key) {
      const digit = Number(key);
      if (/^[1-9]$/.test(key) && digit <= q.options) return digit - 1;
      if (/^\x1b[[O]A$/.test(key)) state.at = (state.at + q.options - 1) % q.options;
      else if (/^\x1b[[O]B$/.test(key)) state.at = (state.at + 1) % q.options;
      else if (key === '\r') return state.at;
      return null;
    },
  },
  /** One line, one letter, Enter. */
  yesno: {
    paint: (q, _at, typed) => `Run step ${q.nonce}? [y/N] ${typed}`,
    key(_q, state, key) {
      if (key === '\r' || key === '\n') return /^y/i.test(state.typed) ? 0 : 1;
      // As a line editor does on an empty history: arrows move nothing.
      if (key.startsWith('\x1b')) return null;
      // As a terminal in its ordinary mode echoes: control bytes in writing, backspace takes one away, Ctrl-U the line.
      const seen = key.replace(/[\x00-\x1f]/g, (c) => `^${String.fromCharCode(c.charCodeAt(0) + 64)}`);
      if (key === '\x15') {
        out('\b \b'.repeat(state.typed.length));
        state.typed = '';
      } else if (key === '\x7f') {
        if (state.typed !== '') out('\b \b');
        state.typed = state.typed.slice(0, -1);
      } else {
        state.typed += seen;
        out(seen);
      }
      return null;
    },
  },
};

async function ask(question) {
  const style = STYLES[question.style];
  const state = { at: 0, typed: '' };
  const height = question.style === 'yesno' ? 0 : question.options + (question.style === 'numbers' ? 3 : 1);
  let stands = true;
  const paint = (again) => {
    if (!stands) return;
    if (again) {
      out(height > 0 ? `\x1b[${height}A\r\x1b[J` : '\r\x1b[K');
      if (question.erasedMs) stall(question.erasedMs);
    }
    out(style.paint(question, state.at, state.typed));
  };
  standing = question;
  if (height > 0) out('\x1b[?25l');
  paint(false);
  log({ asked: question.nonce });
  process.stdout.on('resize', () => paint(true));
  const repaints = question.repaintMs ? setInterval(() => paint(true), question.repaintMs) : null;
  const answered = await new Promise((resolve) => {
    // Taken back: the next one stands in its place. What lies in its terminal by then was typed for this one, and is read first.
    takeBack = () => resolve(null);
    const swap = question.swapMs === undefined ? null : setTimeout(() => setImmediate(takeBack), question.swapMs);
    onKey = (key) => {
      const before = state.at;
      const choice = style.key(question, state, key);
      if (choice !== null) {
        clearTimeout(swap);
        resolve(choice);
      } else if (state.at !== before) paint(true);
    };
  });
  stands = false;
  clearInterval(repaints);
  process.stdout.removeAllListeners('resize');
  onKey = null;
  takeBack = null;
  standing = null;
  log(answered === null ? { swapped: question.nonce } : { answered: question.nonce, option: answered });
  out(
    `${height > 0 ? `\x1b[${height}A\r\x1b[J\x1b[?25h` : '\r\n'}${answered === null ? 'withdrawn' : `chose ${answered}`} ${question.nonce}\r\n`,
  );
}

process.on('SIGTERM', () => process.exit(143));
if (process.stdin.isTTY) process.stdin.setRawMode(true);
process.stdin.resume();
log({ pid: process.pid });
for (const question of plan.questions ?? []) {
  lines(question.lines ?? 2);
  await ask(question);
  if (plan.pauseMs) await pause(plan.pauseMs);
}
// An agent that only prints: a bit at a time, for ever or for a count of lines.
for (let done = 0; plan.print && done < plan.print.lines; done += plan.print.atOnce) {
  lines(Math.min(plan.print.atOnce, plan.print.lines - done));
  await pause(plan.print.everyMs);
}
out('the fake agent is done\r\n');
log({ done: true, printed });
process.exit(0);
