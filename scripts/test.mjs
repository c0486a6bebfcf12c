// npm test: style, types, unit and integration tests, then the whole way in a real browser. `npm test -- PATH…` runs only those tests.
import { buildStale } from './lib/build.mjs';
import { findChromium, versionOf } from './lib/chromium.mjs';
import { findNats } from './lib/nats.mjs';
import { fail, must, run, say } from './lib/say.mjs';

const only = process.argv.slice(2);
const started = Date.now();
const vitest = ['node_modules/vitest/vitest.mjs', 'run'];
const chromium = await findChromium();
const nats = await findNats();
await buildStale();
if (only.length === 0) {
  await must('the style check', process.execPath, ['node_modules/@biomejs/biome/bin/biome', 'check', '.']);
  await must('the type check', process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']);
}
say(
  `Real parts: ${process.env['DATABASE_URL'] ? 'external PostgreSQL (DATABASE_URL)' : 'embedded PostgreSQL'}, node-pty, ${versionOf(chromium)}, Node ${process.version}`,
);
const { code, output } = await run(process.execPath, [...vitest, ...only], {
  capture: true,
  env: { CLAWTAB_CHROMIUM: chromium, NO_COLOR: '1', ...(nats ? { NATS_SERVER: nats } : {}) },
});
const count = (word) => Number(new RegExp(`^\\s*Tests\\s.*?(\\d+) ${word}`, 'm').exec(output)?.[1] ?? 0);
say(`Took ${Math.round((Date.now() - started) / 1000)} s.`);
if (count('passed') === 0) fail('no test ran', 'npm ci');
say(`${count('passed')} passed, ${count('failed')} failed`);
process.exit(code);
