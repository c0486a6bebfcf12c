/**
 * The tail of the output: bytes logged = bytes written, for children that exit at once, with the holder's loop free, busy and stalled for 400 ms over the
 * exit; and through whole runs (holder, log, client). Run: npm run verify -- pty-tail [--count=100] [--quick]
 */
import { spawnPty } from '../../daemon/runs/pty.ts';
import { TestRuns } from '../../daemon/runs/test-run.ts';
import { Figures, options } from '../rig/figures.ts';
import { seeded } from '../rig/random.ts';

const args = options();
const figures = new Figures('pty-tail', args);
const count = args.number('count', 100, 10);
const random = seeded(args.seed);

const stall = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const expected = (lines: number): string => `${Array.from({ length: lines }, (_, i) => `${i + 1}\r\n`).join('')}END`;

function output(lines: number, loop: 'free' | 'busy' | 'stalled'): Promise<string> {
  return new Promise((resolve) => {
    const pieces: string[] = [];
    let over = false;
    spawnPty({
      argv: ['sh', '-c', `seq 1 ${lines}; printf END`],
      env: { PATH: process.env['PATH'] ?? '', LANG: 'C' },
      cwd: '/',
      cols: 80,
      rows: 24,
      onData: (bytes) => pieces.push(bytes.toString('latin1')),
      onExit: () => {
        over = true;
        resolve(pieces.join(''));
      },
    });
    const turn = (): void => {
      stall(4 + random.below(8));
      if (!over) setImmediate(turn);
    };
    if (loop === 'busy') turn();
    if (loop === 'stalled') stall(400);
  });
}

for (const loop of ['free', 'busy', 'stalled'] as const) {
  let complete = 0;
  let missing = 0;
  for (let i = 0; i < count; i++) {
    // Sizes from under one buffer to several megabytes: the hang-up meets the reader at different fills.
    const lines = random.pick([100, 2000, 20_000, 200_000]);
    const text = await output(lines, loop);
    const whole = expected(lines);
    if (text === whole) complete++;
    else missing += whole.length - text.length;
  }
  figures.gate(
    `loop ${loop}: runs complete`,
    `${complete} of ${count}${missing === 0 ? '' : `, ${missing} bytes missing`}`,
    `${count}`,
    complete === count,
  );
}

const runs = new TestRuns();
let complete = 0;
for (let i = 0; i < count; i++) {
  const lines = random.pick([100, 2000, 20_000]);
  const run = await runs.sh(`seq 1 ${lines}; printf END`);
  const { bytes, exit } = await runs.readAll(run);
  if (bytes.toString('latin1') === expected(lines) && exit?.endOffset === bytes.length) complete++;
}
await runs.remove();
figures.gate('whole runs: bytes logged = bytes written', `${complete} of ${count}`, `${count}`, complete === count);
figures.end();
