/** The relay on Bun: Bun.serve and its own WebSockets, which hand the same object to every handler; whose it is stands in its `data`. */

import { MAX_FRAME_BYTES } from '../shared/frame.ts';
import { SUBPROTOCOL } from '../shared/version.ts';
import type { Serve } from './command.ts';
import { listenFault } from './listen-fault.ts';
import { clientAddress } from './net.ts';
import { checkUpgrade, isUpgrade, refuseTls, type UpgradeFrom } from './runtime-upgrade.ts';
import { type RelaySocket, tooLarge, type Wire } from './socket.ts';
import type { SocketDesk } from './sockets.ts';

interface Mine {
  from: UpgradeFrom;
  wire: BunWire | null;
  relay: RelaySocket | null;
}

/** What is used of Bun: its types are a program's, not a package's. */
interface BunSocket {
  data: Mine;
  readyState: number;
  send(bytes: Uint8Array): number;
  getBufferedAmount(): number;
  close(code: number, reason: string): void;
  terminate(): void;
  ping(): void;
}
interface BunServer {
  port: number;
  requestIP(request: Request): { address: string } | null;
  upgrade(request: Request, options: { data: Mine; headers: Record<string, string> }): boolean;
  stop(cut: boolean): Promise<void>;
}
interface BunApi {
  serve(options: {
    hostname: string;
    port: number;
    idleTimeout: number;
    fetch(request: Request, server: BunServer): Response | undefined | Promise<Response>;
    websocket: Record<string, unknown>;
  }): BunServer;
}
const bun = (globalThis as unknown as { Bun: BunApi }).Bun;

const OPEN = 1;
/** Long polls wait 25 s. */
const IDLE_S = 60;
/** Larger messages end the socket before the relay sees them; up to this they get its own answer. */
const MAX_MESSAGE_BYTES = 2 * MAX_FRAME_BYTES.daemon;

class BunWire implements Wire {
  readonly #socket: BunSocket;
  #drained: (() => void) | null = null;
  maxBytes = 0;

  constructor(socket: BunSocket) {
    this.#socket = socket;
  }
  get bufferedBytes(): number {
    return this.#socket.getBufferedAmount();
  }
  send(frame: Uint8Array): void {
    if (this.#socket.readyState === OPEN) this.#socket.send(frame);
  }
  whenDrained(then: () => void): void {
    this.#drained = then;
  }
  drained(): void {
    const then = this.#drained;
    this.#drained = null;
    then?.();
  }
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }
  terminate(): void {
    this.#socket.terminate();
  }
  ping(): void {
    if (this.#socket.readyState === OPEN) this.#socket.ping();
  }
  limit(bytes: number): void {
    this.maxBytes = bytes;
  }
}

const handlers = (desk: SocketDesk) => ({
  maxPayloadLength: MAX_MESSAGE_BYTES,
  idleTimeout: 120,
  perMessageDeflate: false,
  open(ws: BunSocket) {
    const wire = new BunWire(ws);
    ws.data.wire = wire;
    ws.data.relay = desk.open(wire, ws.data.from);
  },
  message({ data: { wire, relay } }: BunSocket, message: Uint8Array | string) {
    if (typeof message === 'string') relay!.receiveText();
    else if (message.length > wire!.maxBytes) relay!.fail(tooLarge(wire!.maxBytes));
    else relay!.receive(message);
  },
  drain: ({ data }: BunSocket) => data.wire!.drained(),
  ping: ({ data }: BunSocket) => data.relay!.pinged(),
  pong: ({ data }: BunSocket) => data.relay!.heard(),
  close: ({ data }: BunSocket, code: number) => data.relay?.closed(code),
});

/** Listens. Throws `address_in_use`, `config_listen`, `config_invalid`. */
export const serve: Serve = async ({ app, desk, host, port, trustProxy, tls }) => {
  if (tls) refuseTls('Bun');
  let server: BunServer;
  try {
    server = bun.serve({
      hostname: host,
      port,
      idleTimeout: IDLE_S,
      fetch(request, at) {
        const address = clientAddress(at.requestIP(request)?.address ?? '', request.headers.get('x-forwarded-for'), trustProxy);
        if (!isUpgrade(request)) return Promise.resolve(app.fetch(request, { connection: { address } }));
        const from = checkUpgrade(request, address, desk);
        if (from instanceof Response) return from;
        const data = { from, wire: null, relay: null };
        if (at.upgrade(request, { data, headers: { 'Sec-WebSocket-Protocol': SUBPROTOCOL } })) return undefined;
        return app.fetch(request, { connection: { address } });
      },
      websocket: handlers(desk),
    });
  } catch (cause) {
    throw listenFault(cause, host, port);
  }
  return {
    port: server.port,
    renewTls: () => refuseTls('Bun'),
    stopListening: () => void server.stop(false),
    close: () => void server.stop(true),
  };
};
