// npm run test:agents [-- NAME… [-- SCENARIO…]]: real agent CLIs from npm, a scripted model on this machine, answers from the page in a real browser.
// npm run test:agents -- NAME… --answers=N [--minutes=N --seed=N]: one long session each, over relay and seal, with a busy desk (test/agents/many.ts).
// Prints what each scenario did, a matrix of agents and scenarios (of long sessions: a table of counts, and which of them must be 0), and as its last line one
// tally. An agent that cannot be installed or started has failed.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildStale } from './lib/build.mjs';
import { findChromium } from './lib/chromium.mjs';
import { limited } from './lib/limited.mjs';
import { fail, root, say } from './lib/say.mjs';
import { sumIn, table } from './lib/sums.mjs';

/** Beyond the program's own limit: installing, and an orderly end. */
const BESIDE_S = 240;

const LIVE = readdirSync(join(root, 'test/agents/clis')).map((file) => file.replace(/\.ts$/, ''));
const words = process.argv.slice(2);
const split = words.includes('--') ? words.indexOf('--') : words.length;
const options = words.slice(0, split).filter((word) => word.startsWith('--'));
const asked = words.slice(0, split).filter((word) => !word.startsWith('--'));
const scenarios = words.slice(split + 1);
const unknown = asked.find((name) => !LIVE.includes(name));
if (unknown) fail(`there is no live test of “${unknown}”`, `npm run test:agents -- ${LIVE.join(' ')}`, 2);
const many = options.some((word) => word.startsWith('--answers'));
const ownLimitS = many
  ? 60 * Number(/=(\d+)/.exec(options.find((word) => word.startsWith('--minutes=')) ?? '=9')[1])
  : Number(process.env['CLAWTAB_LIVE_LIMIT_S'] ?? 170);
const chromium = many ? '' : await findChromium();
await buildStale();

const RESULT = /^\s*(ok|FAILED|--)\s+(\S+) (\S+): ([^:(]+)/gm;
const rows = [];
for (const name of asked.length > 0 ? asked : LIVE) {
  const program = many ? ['test/agents/many.ts', name, ...options] : ['test/agents/live.ts', name, ...scenarios];
  const { code, output, timedOut, left } = await limited(['--import', 'tsx', ...program], {
    limitMs: (ownLimitS + BESIDE_S) * 1000,
    env: many ? {} : { CLAWTAB_CHROMIUM: chromium },
  });
  if (left > 0) say(`FAILED ${name}: it left ${left} processes running; they are ended`);
  const marks = new Map();
  let version = '';
  for (const [, mark, , said, scenario] of output.matchAll(RESULT)) {
    version = said;
    const key = scenario.trim();
    marks.set(key, marks.get(key) === 'FAILED' ? 'FAILED' : mark);
  }
  const tally = [...output.matchAll(/^(\d+) passed, (\d+) failed/gm)].at(-1);
  const passed = Number(tally?.[1] ?? 0);
  // An agent that ended without a tally, or with a bad exit, has failed whatever it said.
  const bad = code !== 0 || timedOut || left > 0 || passed === 0;
  if (!tally) say(`FAILED ${name}: no result: it ${timedOut ? 'was ended by its time limit' : `ended with ${code}`}`);
  rows.push({ name, version, marks, passed, failed: Math.max(Number(tally?.[2] ?? 0), bad ? 1 : 0), sum: many ? sumIn(output) : null });
}

if (many) {
  say(`\n${table(rows).join('\n')}`);
} else {
  const columns = [...new Set(rows.flatMap((row) => [...row.marks.keys()]))];
  const head = Math.max(...columns.map((column) => column.length), 0);
  say(`\n${''.padEnd(head)}  ${rows.map((row) => row.name.padEnd(10)).join('')}`);
  say(`${''.padEnd(head)}  ${rows.map((row) => row.version.padEnd(10)).join('')}`);
  for (const column of columns) say(`${column.padEnd(head)}  ${rows.map((row) => (row.marks.get(column) ?? '').padEnd(10)).join('')}`);
  say(`${'passed'.padEnd(head)}  ${rows.map((row) => `${row.passed} of ${row.passed + row.failed}`.padEnd(10)).join('')}`);
}
const sum = (word) => rows.reduce((total, row) => total + row[word], 0);
say(`\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exit(sum('failed') > 0 ? 1 : 0);
