// npm run test:agents [-- NAME…]: real agent CLIs from npm, a scripted model on this machine, answers from the page in a real browser.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildStale } from './lib/build.mjs';
import { findChromium } from './lib/chromium.mjs';
import { fail, root, run } from './lib/say.mjs';

const LIVE = ['claude', 'codex', 'copilot', 'gemini', 'opencode', 'qwen'];
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !existsSync(join(root, 'test/agents', `${name}.ts`)));
if (unknown) fail(`there is no live test of “${unknown}”`, `npm run test:agents -- ${LIVE.join(' ')}`, 2);
const chromium = await findChromium();
await buildStale();
let worst = 0;
for (const name of asked.length > 0 ? asked : LIVE) {
  const { code } = await run(process.execPath, ['--import', 'tsx', `test/agents/${name}.ts`], { env: { CLAWTAB_CHROMIUM: chromium } });
  worst = Math.max(worst, code);
}
process.exit(worst);
