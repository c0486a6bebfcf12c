import { defineConfig } from 'vitest/config';

// One config for the whole package: unit tests lie beside the code, whole-product tests in test/.
export default defineConfig({
  test: {
    include: ['{shared,relay,daemon,pwa,test}/**/*.test.{ts,tsx}'],
    // Fails a run that leaves a process or a socket behind.
    globalSetup: 'test/rig/leftovers.ts',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // A shared machine may stall a real process past a limit once; what fails twice is broken. Printed as "retry x1".
    retry: process.env['CI'] ? 1 : 0,
  },
});
