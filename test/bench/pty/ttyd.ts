/** ttyd, where it is installed: one hop from a pty to a WebSocket client, without seal, log or relay. */
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import WebSocket from 'ws';
import { Stamps } from './stamps.ts';

export const ttydVersion = (): string | null => {
  const { status, stdout, stderr } = spawnSync('ttyd', ['--version'], { encoding: 'utf8' });
  return status === 0 ? `${stdout}${stderr}`.trim() : null;
};

const freePort = (): Promise<number> =>
  new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => found(typeof address === 'object' && address ? address.port : 0));
    });
  });

/** Runs `argv` under ttyd with one client; resolves when it has ended, with the latencies in microseconds. */
export async function throughTtyd(argv: readonly string[]): Promise<number[]> {
  const port = await freePort();
  const server = spawn('ttyd', ['-i', '127.0.0.1', '-p', String(port), '--once', ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((ready, failed) => {
    server.stderr.on('data', (chunk: Buffer) => /Listening/i.test(String(chunk)) && ready());
    server.once('exit', () => failed(new Error('ttyd ended before it listened')));
  });
  const stamps = new Stamps();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['tty'], { perMessageDeflate: false });
  socket.on('open', () => socket.send(JSON.stringify({ AuthToken: '', columns: 120, rows: 36 })));
  // Its frames: one byte of kind ('0' is output), then the bytes.
  socket.on('message', (data: Buffer) => data[0] === 0x30 && stamps.take(data.subarray(1)));
  await new Promise((over) => socket.once('close', over));
  server.kill('SIGTERM');
  return stamps.us;
}
