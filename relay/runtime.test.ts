/** The acceptance suite on each runtime that the relay is for. */
import { afterAll, beforeAll } from 'vitest';
import { runtimeSuite } from './runtime.suite.ts';
import { startTestPostgres, type TestPostgres } from './store/test-postgres.ts';
import { RUNTIMES, type RuntimeName } from './test-process.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startTestPostgres();
  await server.admin`alter role clawtab createdb`;
});
afterAll(() => server.remove());

for (const runtime of Object.keys(RUNTIMES) as RuntimeName[]) runtimeSuite(runtime, () => server.url);
