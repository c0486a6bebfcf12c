// npm run verify|bench -- AREA… [options]: runs test/<kind>/<area>.ts, each a program of its own that prints its figures and exits 1 where a gate is missed.
import { readdirSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { join } from 'node:path';
import { buildStale } from './lib/build.mjs';
import { fail, root, run, say } from './lib/say.mjs';

const [kind, ...rest] = process.argv.slice(2);
const areas = readdirSync(join(root, 'test', kind))
  .filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts'))
  .map((f) => f.slice(0, -3))
  .sort();
const asked = rest.filter((word) => !word.startsWith('-'));
const options = rest.filter((word) => word.startsWith('-'));
const unknown = asked.find((area) => !areas.includes(area));
if (unknown) fail(`there is no ${kind} “${unknown}”`, `npm run ${kind} -- ${areas.join('|')}`, 2);

await buildStale();
const json = options.includes('--json');
if (!json) say(`Node ${process.version}, ${cpus().length} cores of ${cpus()[0]?.model.trim()}, ${platform()} ${arch()}`);
let failed = 0;
const todo = asked.length > 0 ? asked : areas;
for (const area of todo) {
  if (!json) say(`\n── ${kind} ${area}`);
  const { code } = await run(process.execPath, ['--import', 'tsx', join('test', kind, `${area}.ts`), ...options]);
  if (code !== 0) failed++;
}
if (!json) say(`\n${todo.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
