/** A real nats-server for tests, core only, on a free port of this machine; it can be killed, frozen and started again at the same address. Not part of the product. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export interface TestNats {
  url: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Stops answering without closing anything, as a network that is cut does. */
  freeze(): void;
  thaw(): void;
}

/** What starts the server here, or null where it is not installed: Debian's package `nats-server`, or NATS_SERVER names the program. */
export function natsProgram(): string | null {
  for (const program of [process.env['NATS_SERVER'], 'nats-server', '/usr/sbin/nats-server', '/usr/local/bin/nats-server'])
    if (program)
      try {
        execFileSync(program, ['--version'], { stdio: 'ignore' });
        return program;
      } catch {
        // the next place
      }
  return null;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('data', () => socket.destroy());
  });

export async function startTestNats(): Promise<TestNats> {
  const program = natsProgram();
  if (program === null) throw new Error('There is no nats-server here. Install Debian’s nats-server, or set NATS_SERVER to the program.');
  const port = await freePort();
  let child: ChildProcess | null = null;
  const self: TestNats = {
    url: `nats://127.0.0.1:${port}`,
    async start() {
      child = spawn(program, ['--addr', '127.0.0.1', '--port', String(port)], {
        stdio: 'ignore',
        env: { PATH: process.env['PATH'] ?? '' },
      });
      for (let tries = 0; !(await answers(port)); tries++) {
        if (tries > 200 || child.exitCode !== null) throw new Error('nats-server does not start');
        await new Promise((again) => setTimeout(again, 25));
      }
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await gone;
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  };
  await self.start();
  return self;
}
