/**
 * The holder process: reads its spec from standard input, listens, starts the agent, says so in one line on standard output, and lives
 * until the agent has ended. Started by start-run.ts only.
 */
import * as fs from 'node:fs';
import * as net from 'node:net';
import { asClawError } from '../../shared/errors.ts';
import { Holder, report } from './holder.ts';
import type { HolderReady, HolderSpec } from './holder-spec.ts';
import type { Recorder } from './recorder.ts';

// A closed terminal, a closed pipe, a Ctrl-C at the desk: none of it is meant for the holder.
for (const signal of ['SIGHUP', 'SIGPIPE', 'SIGINT', 'SIGQUIT', 'SIGUSR2'] as const) process.on(signal, () => undefined);
process.on('uncaughtException', (error) => report('uncaught', `${error.name}: ${error.stack?.split('\n')[1]?.trim() ?? ''}`));
process.title = 'clawtab-holder';
process.umask(0o077);

function answer(ready: HolderReady): void {
  fs.writeSync(1, `${JSON.stringify(ready)}\n`);
  // The starter waits for the end of the stream, and the agent must not keep it open.
  fs.closeSync(1);
  fs.openSync('/dev/null', 'w');
}

async function main(): Promise<void> {
  const spec: HolderSpec = JSON.parse(fs.readFileSync(0, 'utf8'));
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(spec.socket, resolve);
  });
  server.on('error', (error) => report('server_error', error.name));
  fs.chmodSync(spec.socket, 0o600);
  let recorder: Recorder | null = null;
  if (spec.record !== null) recorder = new (await import('./recorder.ts')).Recorder({ ...spec, file: spec.record });
  const holder = new Holder(spec, server, recorder, () => fs.rmSync(spec.socket, { force: true }));
  // A logout or shutdown ends the agent as a closed terminal would, and then hard.
  process.on('SIGTERM', () => holder.stop('system', 'SIGHUP', 3000));
  answer({ ok: true, run: holder.run });
}

main().catch((error: unknown) => {
  const { code, message } =
    error instanceof Error && 'syscall' in error ? { code: 'state_io', message: error.message } : asClawError(error);
  report('start_failed', code);
  answer({ ok: false, code, message: code === 'internal' && error instanceof Error ? error.message : message });
  process.exit(1);
});
