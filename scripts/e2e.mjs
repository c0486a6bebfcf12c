// npm run test:e2e: the whole product in a real browser. `npm run test:e2e -- PATH…` runs only those tests. Chromium is found or installed; Firefox, which only
// the test of its push path needs, too, and where there is none that is said.
import { buildStale } from './lib/build.mjs';
import { findChromium, versionOf } from './lib/chromium.mjs';
import { findFirefox } from './lib/firefox.mjs';
import { fail, run, say } from './lib/say.mjs';

const only = process.argv.slice(2);
const started = Date.now();
const chromium = await findChromium();
const firefox = await findFirefox();
await buildStale();
say(
  `Real parts: relay, ${process.env['DATABASE_URL'] ? 'external' : 'embedded'} PostgreSQL, daemon, demo agent, ${versionOf(chromium)}, ${firefox ? versionOf(firefox) : 'NO Firefox'}, Node ${process.version}`,
);
const { code, output } = await run(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--reporter', 'verbose', ...(only.length > 0 ? only : ['test/e2e'])],
  { capture: true, env: { CLAWTAB_CHROMIUM: chromium, ...(firefox ? { CLAWTAB_FIREFOX: firefox } : {}), NO_COLOR: '1' } },
);
const count = (word) => Number(new RegExp(`^\\s*Tests\\s.*?(\\d+) ${word}`, 'm').exec(output)?.[1] ?? 0);
say(`Took ${Math.round((Date.now() - started) / 1000)} s.`);
if (count('passed') + count('failed') === 0) fail('no test ran', 'npm ci');
say(`${count('passed')} passed, ${count('failed')} failed`);
process.exit(code);
