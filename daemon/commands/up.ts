/**
 * `clawtab up` (`npm start`): a relay with the page, and a daemon if none runs, in this terminal; prints the address and the link that signs this machine
 * in. Ctrl-C ends what it started; agents live on in their holders, and it says so.
 */
import { createServer } from 'node:net';
import { Command } from 'commander';
import { ClawError } from '../../shared/errors.ts';
import { startForeground } from '../foreground.ts';
import { LocalClient } from '../local/client.ts';
import type { Notice } from '../notices.ts';
import { startRelay } from '../relay-process.ts';
import { openState } from '../state.ts';
import { tryDaemon } from './connect.ts';
import { showLink } from './enrolment.ts';
import { bold, dim, say, visible, yellow } from './print.ts';

interface Options {
  port: string;
  host: string;
  origin?: string;
  verbose?: boolean;
}

const DEFAULT_PORT = '7300';

export function upCommand(): Command {
  return new Command()
    .option('--port <port>', 'where the relay listens', process.env.PORT ?? DEFAULT_PORT)
    .option('--host <address>', 'address it listens on', '127.0.0.1')
    .option('--origin <url>', 'public https address, if a proxy or tunnel stands before it (default: PUBLIC_ORIGIN)')
    .option('--verbose', 'print the relay’s log')
    .addHelpText(
      'after',
      '\nA phone needs https. On one machine the page works at http://localhost; for the phone put a tunnel or proxy with TLS before it\nand name it: clawtab up --origin https://claw.example (see docs/self-hosting.md).',
    )
    .action(up);
}

async function up(options: Options): Promise<void> {
  const port = await freePort(options.port, options.host);
  const relay = startRelay({
    env: relayEnv(options, port),
    stdio: 'pipe',
    ...(options.verbose === true ? { onLine: (line) => say(dim(line)) } : {}),
  });
  let stopping = false;
  let stopDaemon: () => Promise<number> = async () => 0;
  const down = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    say('\nStopping …');
    const alive = await stopDaemon();
    await relay.stop();
    say('Stopped: relay, database, daemon.');
    if (alive > 0)
      say(
        `${alive} ${alive === 1 ? 'agent is' : 'agents are'} still running in ${alive === 1 ? 'its' : 'their'} own process, as promised. See them: clawtab jobs · stop one: clawtab jobs stop NAME`,
      );
  };
  let signalled: () => void = () => undefined;
  const signal = new Promise<void>((resolve) => {
    signalled = resolve;
  });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => signalled());
  try {
    const origin = await Promise.race([relay.listening, signal.then(() => null)]);
    if (origin === null) return await down();
    stopDaemon = await ensureDaemon(() => signalled());
    await announce(options.origin ?? process.env.PUBLIC_ORIGIN ?? origin);
    const code = await Promise.race([signal.then(() => null), relay.exited]);
    if (code !== null && !stopping) {
      await down();
      throw new ClawError('relay_unreachable', `The relay ended by itself (exit ${code}).`, {
        hint: 'Start it again with --verbose to see why.',
      });
    }
    await down();
  } catch (error) {
    stopping = true;
    await stopDaemon();
    await relay.stop();
    throw error;
  }
}

function relayEnv(options: Options, port: number): NodeJS.ProcessEnv {
  const origin = options.origin ?? process.env.PUBLIC_ORIGIN ?? `http://localhost:${port}`;
  const listen = process.env.LISTEN ?? `${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
  return { ...process.env, LISTEN: listen, PUBLIC_ORIGIN: origin };
}

/** The port as a number, free to listen on. Throws `usage`, or `address_in_use` naming the way out. */
async function freePort(text: string, host: string): Promise<number> {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new ClawError('usage', `--port takes a number from 0 to 65535, not “${text}”.`);
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      const code = taken || error.code === 'EACCES' ? 'address_in_use' : 'usage';
      const what = taken ? 'is taken by another program' : error.code === 'EACCES' ? 'needs more rights' : `cannot be used (${error.code})`;
      const hint = taken
        ? `Is another clawtab up running? Else take another port: clawtab up --port ${port + 1}`
        : 'Take another: clawtab up --port 7300';
      reject(new ClawError(code, `Port ${port} on ${host} ${what}.`, { hint }));
    });
    probe.listen(port, host, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}

/** Uses the daemon that runs, or starts one in this process. Resolves with what stops what was started here, and tells how many agents live on. */
async function ensureDaemon(onEnd: () => void): Promise<() => Promise<number>> {
  const running = await tryDaemon();
  if (running) {
    running.close();
    say(dim('Using the daemon that is running already.'));
    return async () => 0;
  }
  const daemon = await startForeground({ onNotice: notice, onStopRequest: onEnd });
  return async () => {
    const alive = daemon.runs();
    await daemon.stop();
    return alive;
  };
}

const notice = ({ level, text }: Notice): void => say(level === 'warning' ? yellow(`! ${visible(text)}`) : `· ${visible(text)}`);

async function announce(origin: string): Promise<void> {
  const daemon = await LocalClient.connect(openState().daemonSocket);
  try {
    const { account } = await daemon.call('daemon.status', {});
    say(`\n${bold('ClawTab is up')}: ${bold(origin)}\n`);
    if (account === null) {
      const offer = await daemon.call('account.enrol', { origin });
      say(
        'Open this link to create your account or sign in; it also signs this machine in.\nIt carries a one-time secret: show it to nobody.\n',
      );
      showLink(offer);
    } else if (account.origin === origin) {
      say('This machine is signed in. Open the address and sign in with the same account on your phone.');
    } else {
      say(yellow(`This machine is signed in at another relay: ${account.origin}.`));
      say('To move it here: clawtab logout, then clawtab up again.');
    }
    say(dim('Ctrl-C stops it. Agents go on.'));
  } finally {
    daemon.close();
  }
}
