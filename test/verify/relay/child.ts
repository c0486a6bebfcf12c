/**
 * The relay that `verify -- relay` torments, as a process: relay tokens for made-up devices come from its own token table, so that thousands of sockets can
 * authenticate for real without as many sign-ins; its memory is read after a collection. Started by child-relay.ts.
 */
import { serve } from '../../../relay/adapter.node.ts';
import { startRelay } from '../../../relay/command.ts';
import { readConfig } from '../../../relay/config.ts';
import { stderrLog } from '../../../relay/log.node.ts';
import type { ChildOrder, ChildReply } from './child-relay.ts';

const relay = await startRelay(readConfig(process.env), { serve, log: stderrLog('info'), version: '0.0.0', pageRoot: '/nonexistent' });

async function mint(devices: ChildOrder & { do: 'mint' }): Promise<string[]> {
  const tokens: string[] = [];
  for (const { account, device, kind, pub } of devices.devices)
    tokens.push(
      await relay.parts.relayTokens.mint({
        account,
        device,
        kind,
        pub: Uint8Array.from(Buffer.from(pub, 'base64')),
        epoch: 1,
        from: kind === 'phone' ? relay.origin : 'native',
      }),
    );
  return tokens;
}

async function memory(): Promise<{ heap: number; rss: number }> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((later) => setTimeout(later, 50));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

process.on('message', (order: ChildOrder) => {
  const answer = async (): Promise<ChildReply> =>
    order.do === 'mint'
      ? { id: order.id, tokens: await mint(order) }
      : { id: order.id, memory: await memory(), sockets: relay.hub.figures };
  void answer().then((reply) => process.send!(reply));
});
process.on('SIGTERM', () => void relay.close().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ event: 'listening', origin: relay.origin })}\n`);
