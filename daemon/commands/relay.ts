/** `clawtab relay`: the relay of this package in the foreground; it is configured by its environment (docs/self-hosting.md). */
import { Command } from 'commander';
import { startRelay } from '../relay-process.ts';

export function relayCommand(): Command {
  return new Command().action(async () => {
    const relay = startRelay({ stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void relay.stop());
    process.exitCode = await relay.exited;
  });
}
