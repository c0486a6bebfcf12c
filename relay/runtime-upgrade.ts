/** A WebSocket upgrade as runtimes with web-standard requests see it: who may open a socket, and what the others are told. Node's own is upgrade.node.ts. */
import { randomId } from '../shared/bytes.ts';
import { asClawError, ClawError } from '../shared/errors.ts';
import { SUBPROTOCOL } from '../shared/version.ts';
import { checkOrigin } from './app.ts';
import { networkOf } from './net.ts';
import { errorReply } from './reply.ts';
import type { SocketDesk } from './sockets.ts';

/** What a socket is joined to the desk with. */
export interface UpgradeFrom {
  network: string;
  origin: string | null;
}

export const isUpgrade = (request: Request): boolean =>
  request.headers.get('upgrade')?.toLowerCase() === 'websocket' && new URL(request.url).pathname === '/v1/ws';

/** Where the socket comes from, or the refusal. */
export function checkUpgrade(request: Request, address: string, desk: SocketDesk): UpgradeFrom | Response {
  try {
    const { headers } = request;
    const offered = (headers.get('sec-websocket-protocol') ?? '').split(',').map((p) => p.trim());
    if (headers.get('sec-websocket-version') !== '13' || !offered.includes(SUBPROTOCOL))
      throw new ClawError('upgrade_required', `This relay speaks WebSocket version 13 with subprotocol ${SUBPROTOCOL}.`);
    if (new URL(request.url).search !== '') throw new ClawError('not_found', 'There is nothing at this address.');
    const origin = headers.get('origin');
    checkOrigin(origin, headers.get('sec-fetch-site'), desk.parts);
    const network = networkOf(address);
    desk.admit(network);
    return { network, origin };
  } catch (thrown) {
    const error = asClawError(thrown);
    desk.parts.metrics.refused(error.code);
    return errorReply(error, randomId(), { 'Sec-WebSocket-Version': '13', Connection: 'close' });
  }
}

/** Certificates are read again only by Node's listener; elsewhere a proxy holds them. Throws `config_invalid`. */
export function refuseTls(runtime: string): never {
  throw new ClawError('config_invalid', `TLS_CERT: the relay holds TLS itself only on Node, and this is ${runtime}.`, {
    hint: 'Run it on Node, or put a TLS proxy before it and set TRUST_PROXY=1.',
  });
}
