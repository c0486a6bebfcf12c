/**
 * What an agent's hook runs: reads the hook's JSON from standard input and hands it to the daemon. It always succeeds and says nothing: a hook that
 * fails, or a daemon that is away, must never disturb the agent.
 */
import { LocalClient } from './local/client.ts';
import { RUN_ENV } from './runs/caller.ts';
import { openState } from './state.ts';

const LIMIT_BYTES = 1 << 20;
const TIMEOUT_MS = 3000;

async function main(): Promise<void> {
  const run = process.env[RUN_ENV];
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    size += (chunk as Buffer).length;
    if (size > LIMIT_BYTES) return;
    chunks.push(chunk as Buffer);
  }
  if (run === undefined || size === 0) return;
  const payload: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const event =
    typeof payload === 'object' && payload !== null && 'hook_event_name' in payload
      ? String(payload.hook_event_name)
      : (process.argv[2] ?? 'unknown');
  const client = await LocalClient.connect(openState().daemonSocket);
  await client.call('hook', { run, event, payload });
  client.close();
}

setTimeout(() => process.exit(0), TIMEOUT_MS).unref();
await main().catch(() => undefined);
process.exit(0);
