/**
 * The bare pty that clawtab is measured beside: plain node-pty in a process of its own that only counts, no log, no socket; where no compiler has built
 * node-pty, its prebuilt native half read as a holder reads it. Told what to run by its command line (`{"argv":[…],"ms":N}`); prints one JSON line: the
 * latencies of the stamps, the bytes, the time.
 */
import { createRequire } from 'node:module';
import { spawnPty } from '../../../daemon/runs/pty.ts';
import { Stamps } from './stamps.ts';

interface BarePty {
  onData(take: (chunk: Buffer) => void): unknown;
  onExit(then: () => void): unknown;
  kill(signal: 'SIGKILL'): void;
}
interface NodePty {
  spawn(file: string, args: string[], options: object): BarePty;
}

const SIZE = { cols: 120, rows: 36 };

function open(argv: readonly string[]): BarePty {
  const env = { PATH: process.env['PATH'] ?? '' };
  try {
    const nodePty = createRequire(import.meta.url)('node-pty') as NodePty;
    return nodePty.spawn(argv[0]!, argv.slice(1), { ...SIZE, cwd: '/', env, encoding: null });
  } catch {
    let take: (chunk: Buffer) => void = () => undefined;
    let over: () => void = () => undefined;
    const pty = spawnPty({ argv: [...argv], env, cwd: '/', ...SIZE, onData: (chunk) => take(chunk), onExit: () => over() });
    return {
      onData: (listener) => {
        take = listener;
      },
      onExit: (listener) => {
        over = listener;
      },
      kill: (signal) => process.kill(pty.pid, signal),
    };
  }
}

const { argv, ms } = JSON.parse(process.argv[2]!) as { argv: string[]; ms?: number };
const stamps = new Stamps();
let bytes = 0;
let startedMs = 0;
const pty = open(argv);
const end = (): void => {
  const tookMs = performance.now() - startedMs;
  process.stdout.write(`${JSON.stringify({ us: stamps.us, bytes, tookMs })}\n`, () => process.exit(0));
};
pty.onData((chunk) => {
  if (ms === undefined) return stamps.take(chunk);
  if (startedMs === 0) {
    startedMs = performance.now();
    setTimeout(() => {
      end();
      pty.kill('SIGKILL');
    }, ms);
    return;
  }
  bytes += chunk.length;
});
pty.onExit(() => ms === undefined && end());
