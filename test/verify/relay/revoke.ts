/** A device removed by another one while its socket is open: how long until that socket is closed, and what its tokens still open. */
import * as v from 'valibot';
import { Asker } from '../../../relay/test-http.ts';
import { addDevice, startTestRelay } from '../../../relay/test-relay.ts';
import { relayTokenOf } from '../../../relay/test-socket.ts';
import { signRemoval } from '../../../shared/device-list.ts';
import { type Figure, liveSocket, machines } from './parts.ts';

/** A list carries at most 64 removals; a home is left before that. */
const PER_HOME = 30;

export interface Revoked {
  /** From the commit until the close frame has arrived, ms. */
  closedMs: number[];
  otherReasons: string[];
  /** Tokens of removed devices that still opened something. */
  accepted: number;
}

export async function revocations(rounds: number): Promise<Revoked> {
  const relay = await startTestRelay();
  const found: Revoked = { closedMs: [], otherReasons: [], accepted: 0 };
  const http = new Asker(relay.origin);
  const { store } = relay.parts;
  let committedMs = 0;
  const remove = store.removeDevice;
  store.removeDevice = async (...args) => {
    const removed = await remove(...args);
    committedMs = performance.now();
    return removed;
  };
  try {
    for (let done = 0; done < rounds; ) {
      const [{ home }] = (await machines(relay, 1)) as [Awaited<ReturnType<typeof machines>>[number]];
      for (let i = 0; i < PER_HOME && done < rounds; i++, done++) {
        const device = await addDevice(relay.origin, home);
        const socket = await liveSocket(relay.origin, device);
        const [session, held, waiting] = [await device.tokens.session(), device.held()!, await relayTokenOf(device)];
        const removal = await signRemoval(home.account, device.device.id, home.phone.device);
        await home.phone.tokens.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), body: { removal } });
        const { atMs, reason } = await socket.ended;
        found.closedMs.push(Math.max(0, atMs - committedMs));
        if (reason !== 'revoked') found.otherReasons.push(reason);
        const key = device.device;
        const tries = [
          await http.ask({ method: 'GET', path: '/v1/devices', token: session, key }),
          await http.ask({ path: '/v1/session', body: {}, token: held, key }),
          await http.ask({ method: 'GET', path: '/v1/devices', token: waiting, key }),
        ];
        found.accepted += tries.filter((reply) => reply.status < 400).length;
      }
    }
  } finally {
    await relay.stop();
  }
  return found;
}

export const revokedFigures = (found: Revoked): Figure[] => [
  { name: 'revocation committed → socket closed', ms: found.closedMs, goalMs: 250 },
  { name: 'closed for another reason than “revoked”', count: found.otherReasons.length },
  { name: 'tokens of removed devices accepted', count: found.accepted },
];
