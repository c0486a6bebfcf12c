// npm run test:agents [-- NAME…]: real agent CLIs from npm, a scripted model on this machine, answers from the page in a real browser. Prints a line for each agent, then a tally.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildStale } from './lib/build.mjs';
import { findChromium } from './lib/chromium.mjs';
import { fail, root, run, say } from './lib/say.mjs';

const LIVE = ['claude', 'codex', 'copilot', 'gemini', 'opencode', 'qwen'];
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !existsSync(join(root, 'test/agents', `${name}.ts`)));
if (unknown) fail(`there is no live test of “${unknown}”`, `npm run test:agents -- ${LIVE.join(' ')}`, 2);
const chromium = await findChromium();
await buildStale();
const rows = [];
for (const name of asked.length > 0 ? asked : LIVE) {
  const { code, output } = await run(process.execPath, ['--import', 'tsx', `test/agents/${name}.ts`], {
    capture: true,
    env: { CLAWTAB_CHROMIUM: chromium },
  });
  const tally = /^(\d+) passed, (\d+) failed$/m.exec(output);
  const passed = Number(tally?.[1] ?? 0);
  // An agent that ended without a tally has failed, whatever it said.
  rows.push({ name, passed, failed: Number(tally?.[2] ?? 0) || (code === 0 && passed > 0 ? 0 : 1) });
}
say('');
for (const { name, passed, failed } of rows) say(`${name.padEnd(10)} ${passed} passed, ${failed} failed`);
const sum = (word) => rows.reduce((total, row) => total + row[word], 0);
say(`\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exit(sum('failed') > 0 ? 1 : 0);
