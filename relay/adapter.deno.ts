/**
 * The relay on Deno: Deno.serve and its own WebSockets. Deno has no bound on a message's size, no ping and no drain event: the size is checked when the message is
 * there, silence is noticed by what the far end sends, and a slow reader is looked at every few milliseconds.
 */

import { SUBPROTOCOL } from '../shared/version.ts';
import type { Serve } from './command.ts';
import { listenFault } from './listen-fault.ts';
import { clientAddress } from './net.ts';
import { checkUpgrade, isUpgrade, refuseTls, type UpgradeFrom } from './runtime-upgrade.ts';
import { type RelaySocket, tooLarge, type Wire } from './socket.ts';
import type { SocketDesk } from './sockets.ts';

/** What is used of Deno: its types are a program's, not a package's. */
interface DenoApi {
  serve(
    options: { hostname: string; port: number; onListen: () => void },
    handler: (request: Request, info: { remoteAddr: { hostname: string } }) => Response | Promise<Response>,
  ): { addr: { port: number }; shutdown(): Promise<void> };
  upgradeWebSocket(request: Request, options: { protocol: string; idleTimeout: number }): { response: Response; socket: WebSocket };
}
const deno = (globalThis as unknown as { Deno: DenoApi }).Deno;

const DRAIN_LOOK_MS = 5;
/** Deno pings a quiet far end after so long and ends the socket where nothing comes back, s. */
const QUIET_S = 30;

class DenoWire implements Wire {
  readonly #socket: WebSocket;
  maxBytes = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }
  send(frame: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame as Uint8Array<ArrayBuffer>);
  }
  whenDrained(then: () => void): void {
    const from = this.bufferedBytes;
    const look = (): void => {
      if (this.#socket.readyState !== WebSocket.OPEN) return;
      if (this.bufferedBytes <= from / 2) then();
      else setTimeout(look, DRAIN_LOOK_MS);
    };
    setTimeout(look, DRAIN_LOOK_MS);
  }
  close(code: number, reason: string): void {
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close(code, reason);
  }
  terminate(): void {
    this.close(4408, 'silent');
  }
  ping(): void {
    // Deno does it by itself: see QUIET_S.
  }
  limit(bytes: number): void {
    this.maxBytes = bytes;
  }
}

function adopt(socket: WebSocket, from: UpgradeFrom, desk: SocketDesk): void {
  socket.binaryType = 'arraybuffer';
  const wire = new DenoWire(socket);
  let relay: RelaySocket | null = null;
  socket.onopen = () => {
    relay = desk.open(wire, from);
  };
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (typeof data === 'string') relay?.receiveText();
    else if (data.byteLength > wire.maxBytes) relay?.fail(tooLarge(wire.maxBytes));
    else relay?.receive(new Uint8Array(data));
  };
  socket.onclose = ({ code }) => relay?.closed(code);
  socket.onerror = () => undefined; // `close` follows
}

/** Listens. Throws `address_in_use`, `config_listen`, `config_invalid`. */
export const serve: Serve = async ({ app, desk, host, port, trustProxy, tls }) => {
  if (tls) refuseTls('Deno');
  let server: ReturnType<DenoApi['serve']>;
  try {
    server = deno.serve({ hostname: host, port, onListen: () => undefined }, (request, info) => {
      const address = clientAddress(info.remoteAddr.hostname, request.headers.get('x-forwarded-for'), trustProxy);
      if (!isUpgrade(request)) return app.fetch(request, { connection: { address } });
      const from = checkUpgrade(request, address, desk);
      if (from instanceof Response) return from;
      const { response, socket } = deno.upgradeWebSocket(request, { protocol: SUBPROTOCOL, idleTimeout: QUIET_S });
      adopt(socket, from, desk);
      return response;
    });
  } catch (cause) {
    throw listenFault(cause, host, port);
  }
  return {
    port: server.addr.port,
    renewTls: () => refuseTls('Deno'),
    // Deno's shutdown would end the sockets as well, before they are told: until then new requests are refused as draining.
    stopListening: () => undefined,
    close: () => void server.shutdown().catch(() => undefined),
  };
};
