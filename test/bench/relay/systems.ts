/** The two systems of the relay bench, each as a process: the bare `ws` relay, and ours as built, with clients that can sign in at once. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RELAY_FLAGS } from '../../../daemon/relay-process.ts';
import { databaseDirs } from '../../../relay/store/embedded-place.ts';
import type { Credential } from './greeting.ts';
import { type Load, type Served, serve, startLoad } from './process.ts';

export const SYSTEMS = ['bare', 'clawtab'] as const;
export type System = (typeof SYSTEMS)[number];

/** Bounds that the measurement itself would meet; each is still checked, frame by frame. */
const LIMITS =
  'frameBurst=1000000000,framesPerSecond=1000000000,helloPerIp=100000,helloTotal=100000,requestsPerMinute=1000000,relayTokenS=600';

const KEYS = Array.from({ length: 64 }, () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' });
  const pub = Buffer.concat([Buffer.of(4), Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')]).toString('base64');
  return { key: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'), pub };
});

export interface Running {
  system: System;
  served: Served;
  load: Load;
  /** Joins `count` sockets: pairs of machine and phone, or one machine and phones in one account. Milliseconds until all were welcome. */
  join(count: number, shape: 'pairs' | 'fan', parallel: number): Promise<number>;
  leave(): Promise<void>;
  stop(): Promise<void>;
}

const here = (file: string): string => join(import.meta.dirname, file);
let made = 0;

function credentials(count: number, shape: 'pairs' | 'fan'): (Credential & { account: string; pub: string })[] {
  const group = ++made;
  return Array.from({ length: count }, (_, i) => {
    const { key, pub } = KEYS[i % KEYS.length]!;
    const daemon = shape === 'fan' ? i === 0 : i % 2 === 0;
    return {
      claim: ++made,
      account: `bench-${group}-${shape === 'fan' ? 0 : i >> 1}`.padEnd(22, 'x'),
      kid: `device-${group}-${i}`.padEnd(43, 'x'),
      kind: daemon ? 'daemon' : 'phone',
      key,
      pub,
      relayToken: '',
    };
  });
}

async function mint(served: Served, who: ReturnType<typeof credentials>): Promise<void> {
  const reply = new Promise<string[]>((resolve) => served.child.once('message', (m: { tokens: string[] }) => resolve(m.tokens)));
  served.child.send({ mint: who.map(({ account, kid, kind, pub }) => ({ account, device: kid, kind, pub })) });
  const tokens = await reply;
  for (const [i, each] of who.entries()) each.relayToken = tokens[i]!;
}

/** So many tokens live through their thirty seconds before the last of them is used. */
const AT_ONCE = 4000;

export async function run(system: System): Promise<Running> {
  const state = mkdtempSync(join(tmpdir(), 'clawtab-bench-'));
  const served =
    system === 'bare'
      ? await serve(['--import', 'tsx', here('bare-relay.ts')])
      : await serve(
          [...RELAY_FLAGS, here('own-relay.mjs')],
          { HOME: state, CLAWTAB_STATE: state, LISTEN: '127.0.0.1:0', CLAWTAB_LIMITS: LIMITS },
          true,
        );
  const load = startLoad();
  // The tokens were made for the origin that the relay names first.
  const { origin } = served;
  return {
    system,
    served,
    load,
    async join(count, shape, parallel) {
      let ms = 0;
      const all = credentials(count, shape);
      for (let at = 0; at < count; at += AT_ONCE) {
        const part = all.slice(at, at + AT_ONCE);
        if (system === 'clawtab') await mint(served, part);
        ms += (await load.order({ do: 'join', system, origin, credentials: part, parallel })).ms!;
      }
      return ms;
    },
    async leave() {
      await load.order({ do: 'leave' });
    },
    async stop() {
      load.stop();
      await served.stop();
      for (const dir of databaseDirs(state)) rmSync(dir, { recursive: true, force: true });
      rmSync(state, { recursive: true, force: true });
    },
  };
}
