/**
 * The bare pty that clawtab is measured beside: plain node-pty in a process of its own that only counts, no log, no socket. Told what to run by its
 * command line (`{"argv":[…],"ms":N}`); prints one JSON line: the latencies of the stamps, the bytes, the time.
 */
import { spawn } from 'node-pty';
import { Stamps } from './stamps.ts';

const { argv, ms } = JSON.parse(process.argv[2]!) as { argv: string[]; ms?: number };
const stamps = new Stamps();
let bytes = 0;
let startedMs = 0;
const pty = spawn(argv[0]!, argv.slice(1), { cols: 120, rows: 36, cwd: '/', env: { PATH: process.env['PATH'] }, encoding: null });
const end = (): void => {
  const tookMs = performance.now() - startedMs;
  process.stdout.write(`${JSON.stringify({ us: stamps.us, bytes, tookMs })}\n`, () => process.exit(0));
};
pty.onData((data) => {
  const chunk = data as unknown as Buffer; // `encoding: null`
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
