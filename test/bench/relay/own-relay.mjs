// The relay as built, with a door for the bench: relay tokens for made-up devices come from its own token table, so that a thousand clients are ready
// at once. Plain JavaScript, so that no loader stands in its memory.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dist = new URL('../../../dist/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);
const [{ startRelay }, { serve }, { readConfig }, { stderrLog }] = await Promise.all(
  ['relay/command.js', 'relay/adapter.node.js', 'relay/config.js', 'relay/log.node.js'].map(load),
);

const state = process.env.CLAWTAB_STATE ?? mkdtempSync(join(tmpdir(), 'clawtab-bench-'));
const relay = await startRelay(readConfig({ ...process.env, CLAWTAB_STATE: state }), {
  serve,
  log: stderrLog('error'),
  version: '0.0.0',
  pageRoot: '/nonexistent',
});

process.on('message', async ({ mint }) => {
  const tokens = [];
  for (const { account, device, kind, pub } of mint)
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
  process.send({ tokens });
});
process.on('SIGTERM', () => relay.close().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ event: 'listening', origin: relay.origin })}\n`);
