/**
 * A device removed at one node while its socket is open at another: how long until that is closed. Two relays on one PostgreSQL and a real nats-server; once as they
 * run, and once with the second deaf to the database, so that it hears of it over NATS alone.
 */
import { execFileSync } from 'node:child_process';
import * as v from 'valibot';
import { openStore } from '../../../relay/store/postgres.ts';
import { startTestPostgres } from '../../../relay/store/test-postgres.ts';
import { natsProgram, startTestNats } from '../../../relay/test-nats.ts';
import { addDevice, member, signUp, startTestRelay } from '../../../relay/test-relay.ts';
import { toBase64url } from '../../../shared/bytes.ts';
import { signRemoval } from '../../../shared/device-list.ts';
import { type Figure, liveSocket } from './parts.ts';

/** A list carries at most 64 removals; a home is left before that. */
const PER_HOME = 30;

export interface RevokedOverNats {
  /** From the commit at one node until the close frame of the other has arrived, ms. */
  bothMs: number[];
  natsMs: number[];
  otherReasons: string[];
}

const deaf: typeof openStore = async (...args) => ({ ...(await openStore(...args)), listen: async () => undefined });

export async function revocationsOverNats(rounds: number): Promise<RevokedOverNats> {
  const undo: (() => Promise<unknown>)[] = [];
  const found: RevokedOverNats = { bothMs: [], natsMs: [], otherReasons: [] };
  try {
    const database = await startTestPostgres();
    undo.push(() => database.remove());
    const nats = await startTestNats();
    undo.push(() => nats.kill());
    const env = {
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      VAPID_PRIVATE_KEY: toBase64url(new Uint8Array(32).fill(7)),
    };
    const first = await startTestRelay(env);
    undo.push(() => first.stop());
    let committedMs = 0;
    const { store } = first.parts;
    const remove = store.removeDevice;
    store.removeDevice = async (...args) => {
      const removed = await remove(...args);
      committedMs = performance.now();
      return removed;
    };
    for (const [times, how] of [
      [found.bothMs, {}],
      [found.natsMs, { openStore: deaf }],
    ] as const) {
      const second = await startTestRelay(env, how);
      try {
        for (let done = 0; done < rounds; ) {
          const home = await signUp(first.origin);
          for (let i = 0; i < PER_HOME && done < rounds; i++, done++) {
            const device = await addDevice(first.origin, home);
            const socket = await liveSocket(second.origin, member(second.origin, device.device, device.held()));
            const removal = await signRemoval(home.account, device.device.id, home.phone.device);
            await home.phone.tokens.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), body: { removal } });
            const { atMs, reason } = await socket.ended;
            times.push(Math.max(0, atMs - committedMs));
            if (reason !== 'revoked') found.otherReasons.push(reason);
          }
        }
      } finally {
        await second.stop();
      }
    }
  } finally {
    for (const step of undo.reverse()) await step();
  }
  return found;
}

export const natsFigures = (found: RevokedOverNats): Figure[] => [
  { name: 'revocation committed → socket at another node closed', ms: found.bothMs, goalMs: 1000 },
  { name: 'the same over NATS alone, the node deaf to the database', ms: found.natsMs, goalMs: 1000 },
  { name: 'bus', note: execFileSync(natsProgram()!, ['--version'], { encoding: 'utf8' }).trim() },
  { name: 'closed there for another reason than “revoked”', count: found.otherReasons.length },
];
