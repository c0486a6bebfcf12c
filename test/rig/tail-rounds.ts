/**
 * The tail of the output: bytes logged = bytes written, for children that exit at once, with the holder's loop free, busy and stalled for 400 ms over the
 * exit; and through whole runs (holder, log, client).
 */
import { spawnPty } from '../../daemon/runs/pty.ts';
import { TestRuns } from '../../daemon/runs/test-run.ts';
import { type Random, seeded } from './random.ts';

const stall = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const expected = (lines: number): string => `${Array.from({ length: lines }, (_, i) => `${i + 1}\r\n`).join('')}END`;

function output(lines: number, loop: Loop, random: Random): Promise<string> {
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

export const LOOPS = ['free', 'busy', 'stalled'] as const;
type Loop = (typeof LOOPS)[number];

export interface Tails {
  complete: number;
  missingBytes: number;
}

/** `count` children read by a loop of that kind. */
export async function bareTails(loop: Loop, count: number, seed: number): Promise<Tails> {
  const random = seeded(seed);
  const found: Tails = { complete: 0, missingBytes: 0 };
  for (let i = 0; i < count; i++) {
    // Sizes from under one buffer to several megabytes: the hang-up meets the reader at different fills.
    const lines = random.pick([100, 2000, 20_000, 200_000]);
    const text = await output(lines, loop, random);
    const whole = expected(lines);
    if (text === whole) found.complete++;
    else found.missingBytes += whole.length - text.length;
  }
  return found;
}

/** `count` whole runs: their log beside what they wrote. */
export async function runTails(count: number, seed: number): Promise<Tails> {
  const random = seeded(seed);
  const found: Tails = { complete: 0, missingBytes: 0 };
  const runs = new TestRuns();
  try {
    for (let i = 0; i < count; i++) {
      const whole = expected(random.pick([100, 2000, 20_000]));
      const run = await runs.sh(`seq 1 ${whole.split('\r\n').length - 1}; printf END`);
      const { bytes, exit } = await runs.readAll(run);
      if (bytes.toString('latin1') === whole && exit?.endOffset === bytes.length) found.complete++;
      else found.missingBytes += whole.length - bytes.length;
    }
  } finally {
    await runs.remove();
  }
  return found;
}
