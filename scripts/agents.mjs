// npm run test:agents [-- NAME… [-- SCENARIO…]]: real agent CLIs from npm, a scripted model on this machine, answers from the page in a real browser.
// Prints what each scenario did, a matrix of agents and scenarios, and as its last line one tally.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildStale } from './lib/build.mjs';
import { findChromium } from './lib/chromium.mjs';
import { fail, root, run, say } from './lib/say.mjs';

const LIVE = readdirSync(join(root, 'test/agents/clis')).map((file) => file.replace(/\.ts$/, ''));
const words = process.argv.slice(2);
const split = words.includes('--') ? words.indexOf('--') : words.length;
const [asked, scenarios] = [words.slice(0, split), words.slice(split + 1)];
const unknown = asked.find((name) => !LIVE.includes(name));
if (unknown) fail(`there is no live test of “${unknown}”`, `npm run test:agents -- ${LIVE.join(' ')}`, 2);
const chromium = await findChromium();
await buildStale();

const RESULT = /^\s*(ok|FAILED|--)\s+(\S+) (\S+): ([^:(]+)/gm;
const rows = [];
for (const name of asked.length > 0 ? asked : LIVE) {
  const { code, output } = await run(process.execPath, ['--import', 'tsx', 'test/agents/live.ts', name, ...scenarios], {
    capture: true,
    env: { CLAWTAB_CHROMIUM: chromium },
  });
  const marks = new Map();
  let version = '';
  for (const [, mark, , said, scenario] of output.matchAll(RESULT)) {
    version = said;
    const key = scenario.trim();
    marks.set(key, marks.get(key) === 'FAILED' ? 'FAILED' : mark);
  }
  const tally = /^(\d+) passed, (\d+) failed/m.exec(output);
  const passed = Number(tally?.[1] ?? 0);
  // An agent that ended without a tally, or with a bad exit, has failed whatever it said.
  const failed = Number(tally?.[2] ?? 0) || (code === 0 && passed > 0 ? 0 : 1);
  rows.push({ name, version, marks, passed, failed });
}

const columns = [...new Set(rows.flatMap((row) => [...row.marks.keys()]))];
const head = Math.max(...columns.map((column) => column.length), 0);
say(`\n${''.padEnd(head)}  ${rows.map((row) => row.name.padEnd(10)).join('')}`);
say(`${''.padEnd(head)}  ${rows.map((row) => row.version.padEnd(10)).join('')}`);
for (const column of columns) say(`${column.padEnd(head)}  ${rows.map((row) => (row.marks.get(column) ?? '').padEnd(10)).join('')}`);
say(`${'passed'.padEnd(head)}  ${rows.map((row) => `${row.passed} of ${row.passed + row.failed}`.padEnd(10)).join('')}`);
const sum = (word) => rows.reduce((total, row) => total + row[word], 0);
say(`\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exit(sum('failed') > 0 ? 1 : 0);
