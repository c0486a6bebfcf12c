/** npm run verify -- runtimes: the relay's acceptance suite on Node, Deno and Bun, counted by runtime. It is relay/runtime.suite.ts, which npm test runs too. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { RUNTIMES, type RuntimeName } from '../../relay/test-process.ts';
import { Figures, options } from '../rig/figures.ts';

const Report = v.object({
  testResults: v.array(
    v.object({
      assertionResults: v.array(
        v.object({ ancestorTitles: v.array(v.string()), title: v.string(), status: v.string(), failureMessages: v.array(v.string()) }),
      ),
    }),
  ),
});

const root = resolve(import.meta.dirname, '../..');
const wanted = options();
const figures = new Figures('runtimes', wanted);
const work = mkdtempSync(join(tmpdir(), 'clawtab-runtimes-'));
const file = join(work, 'report.json');
try {
  const started = performance.now();
  spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', 'relay/runtime.test.ts', '--reporter=json', `--outputFile=${file}`],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const tests = v.parse(Report, JSON.parse(readFileSync(file, 'utf8'))).testResults.flatMap((f) => f.assertionResults);
  for (const runtime of Object.keys(RUNTIMES) as RuntimeName[]) {
    const own = tests.filter((t) => t.ancestorTitles.includes(`the relay on ${runtime}`));
    const passed = own.filter((t) => t.status === 'passed').length;
    const version = execFileSync(RUNTIMES[runtime][0], ['--version'], { encoding: 'utf8' }).split('\n')[0]!;
    figures.gate(
      `${runtime} (${version})`,
      `${passed} passed, ${own.length - passed} failed`,
      'all',
      own.length > 0 && passed === own.length,
    );
    for (const test of own.filter((t) => t.status !== 'passed'))
      figures.note(test.title, test.failureMessages[0]?.split('\n')[0] ?? test.status);
  }
  figures.note('took', `${Math.round((performance.now() - started) / 1000)} s`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
figures.end();
