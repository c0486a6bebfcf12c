/** A million lines into the log in memory, and the heap after it. Run with --expose-gc; prints JSON. */
import { LogModel } from '../../../pwa/text/log-model.ts';

const gc = (globalThis as { gc?: () => void }).gc;
const before = process.memoryUsage().heapUsed;
const model = new LogModel({ onConsumed: () => undefined, later: (task) => task(), nowMs: () => 0 });
const encoder = new TextEncoder();
const started = performance.now();
for (let n = 0; n < 1_000_000; n += 1000) {
  let text = '';
  for (let i = n; i < n + 1000; i++)
    text += `\x1b[32mok\x1b[0m line ${i} of a build log of the usual length, nothing special \x1b[90m${i % 97} ms\x1b[0m\n`;
  model.data(encoder.encode(text));
}
const tookMs = performance.now() - started;
gc?.();
process.stdout.write(
  JSON.stringify({
    lines: model.entries.length,
    heapMB: (process.memoryUsage().heapUsed - before) / 1e6,
    linesPerSecond: 1_000_000 / (tookMs / 1000),
  }),
);
