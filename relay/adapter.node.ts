/**
 * The relay on Node: the only file that knows @hono/node-server and @hono/node-ws. The upgrade is decided in one synchronous step before
 * the library sees it (a broken key, a `//` target or a reset during its awaits are known to hurt it), and once a socket is open nothing of the
 * library stays attached: messages go from `ws` to the relay's socket as they are.
 */
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions, Server as TlsServer } from 'node:tls';
import { createAdaptorServer } from '@hono/node-server';
import { createNodeWebSocket } from '@hono/node-ws';
import type { Hono } from 'hono';
import type { WebSocket } from 'ws';
import { asClawError, ClawError } from '../shared/errors.ts';
import { MAX_FRAME_BYTES } from '../shared/frame.ts';
import { SUBPROTOCOL } from '../shared/version.ts';
import { type App, checkOriginHeader } from './app.ts';
import { clientAddress, networkOf } from './net.ts';
import { Outbox } from './outbox.node.ts';
import { endWith, guardRequests } from './request-guard.node.ts';
import { tooLarge, type Wire } from './socket.ts';
import type { SocketDesk } from './sockets.ts';

const FRAGMENTS = 64;
/** How often Node looks for requests that are late; its own 30 s would treble the limit. */
const LATE_CHECK_MS = 1_000;
/** Private parts of `ws` that have no public name; `adapter.node.test.ts` notices if they move. */
interface Inside {
  _receiver: EventEmitter & { _maxPayload: number };
}

/** What `ws` refuses and the relay has a name for; the rest are faults of the WebSocket protocol, closed with its own codes. */
function faultOf(error: Error, limit: number): ClawError | null {
  const code = 'code' in error ? error.code : '';
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return tooLarge(limit);
  if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS')
    return new ClawError('too_many_fragments', `A message has more than ${FRAGMENTS} fragments.`);
  return null;
}

class NodeWire implements Wire {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #outbox: Outbox;

  constructor(ws: WebSocket, socket: Socket) {
    this.#ws = ws;
    this.#socket = socket;
    this.#outbox = new Outbox(socket);
  }
  get bufferedBytes(): number {
    return this.#socket.writableLength + this.#outbox.bytes;
  }
  send(frame: Uint8Array): void {
    if (this.#ws.readyState === 1) this.#outbox.add(frame);
  }
  whenDrained(then: () => void): void {
    this.#socket.once('drain', then);
  }
  close(code: number, reason: string): void {
    this.#outbox.flush();
    this.#ws.close(code, reason);
  }
  terminate(): void {
    this.#ws.terminate();
  }
  ping(): void {
    if (this.#ws.readyState === 1) this.#ws.ping();
  }
  limit(bytes: number): void {
    (this.#ws as unknown as Inside)._receiver._maxPayload = bytes;
  }
}

/** Joins an open WebSocket to the desk. */
function adopt(ws: WebSocket, socket: Socket, from: { network: string; origin: string | null }, desk: SocketDesk): void {
  // After the library has attached its own listeners, which hold the request for as long as the socket lives: off with them.
  queueMicrotask(() => {
    ws.removeAllListeners();
    const relay = desk.open(new NodeWire(ws, socket), from);
    ws.on('message', (data: Buffer, isBinary: boolean) => (isBinary ? relay.receive(data) : relay.receiveText()));
    const receiver = (ws as unknown as Inside)._receiver;
    // Before `ws` itself, whose close then finds the socket closing already.
    receiver.prependListener('error', (error: Error) => {
      const fault = faultOf(error, receiver._maxPayload);
      if (fault) relay.fail(fault);
    });
    ws.on('ping', () => relay.pinged());
    ws.on('pong', () => relay.heard());
    ws.on('error', ignore); // `ws` closes with the code that fits; `close` follows
    ws.on('close', (code: number) => {
      desk.parts.metrics.closed(code);
      relay.ended();
    });
  });
}

export interface Serving {
  port: number;
  /** Takes new certificate files into use for new connections. */
  renewTls(tls: SecureContextOptions): void;
  /** Stops listening; open requests and sockets go on. */
  stopListening(): void;
  /** Cuts what is still open; the sockets are the desk's to end. */
  close(): void;
}

interface ServeOptions {
  app: App;
  desk: SocketDesk;
  host: string;
  port: number;
  trustProxy: number;
  tls: SecureContextOptions | null;
}

const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** Everything that can be known before the handshake. Throws the reason why not. */
function checkUpgrade(req: IncomingMessage, desk: SocketDesk, network: string): void {
  const { headers } = req;
  if (req.url !== '/v1/ws' || req.method !== 'GET') throw new ClawError('not_found', 'There is nothing at this address.');
  if (headers.upgrade?.toLowerCase() !== 'websocket' || !KEY.test(headers['sec-websocket-key'] ?? ''))
    throw new ClawError('bad_upgrade', 'This is not a WebSocket upgrade.');
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((p) => p.trim());
  if (headers['sec-websocket-version'] !== '13' || !offered.includes(SUBPROTOCOL))
    throw new ClawError('upgrade_required', `This relay speaks WebSocket version 13 with subprotocol ${SUBPROTOCOL}.`);
  const plain = new Headers();
  for (const name of ['origin', 'sec-fetch-site']) if (typeof headers[name] === 'string') plain.set(name, headers[name]);
  checkOriginHeader(plain, desk.parts);
  desk.admit(network);
}

function refuse(socket: Duplex, thrown: unknown, desk: SocketDesk): void {
  const error = asClawError(thrown);
  desk.parts.metrics.refused(error.code);
  void endWith(socket, error, ['Sec-WebSocket-Version: 13']);
}

function takeUpgrades(server: Server | TlsServer, app: App, desk: SocketDesk, trustProxy: number): void {
  const { upgradeWebSocket, injectWebSocket, wss } = createNodeWebSocket({ app: app as unknown as Hono });
  Object.assign(wss.options, {
    maxPayload: MAX_FRAME_BYTES.daemon,
    maxFragments: FRAGMENTS,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  Object.assign(wss, { clients: undefined }); // the desk knows them
  app.get(
    '/v1/ws',
    upgradeWebSocket((c) => {
      const { incoming } = c.env as unknown as { incoming: IncomingMessage };
      const network = networkOf(addressOf(incoming, trustProxy));
      const origin = incoming.headers.origin ?? null;
      return { onOpen: (_, ws) => adopt(ws.raw!, incoming.socket, { network, origin }, desk) };
    }),
  );
  const checked = new EventEmitter();
  injectWebSocket(checked as Server);
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', ignore); // a reset between here and `ws` is the client's own loss
    try {
      checkUpgrade(req, desk, networkOf(addressOf(req, trustProxy)));
    } catch (error) {
      refuse(socket, error, desk);
      return;
    }
    checked.emit('upgrade', req, socket, head);
  });
}

const ignore = (): void => undefined;

function addressOf(incoming: IncomingMessage, trustProxy: number): string {
  const forwarded = incoming.headers['x-forwarded-for'];
  return clientAddress(incoming.socket.remoteAddress ?? '', typeof forwarded === 'string' ? forwarded : null, trustProxy);
}

/** Listens. Throws `address_in_use`, `config_listen`. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { app, desk, trustProxy, tls } = options;
  const server = createAdaptorServer({
    fetch: (request, env) =>
      app.fetch(request, { ...env, connection: { address: addressOf((env as { incoming: IncomingMessage }).incoming, trustProxy) } }),
    overrideGlobalObjects: false,
    ...(tls
      ? { createServer: createTlsServer, serverOptions: { ...tls, minVersion: 'TLSv1.2', connectionsCheckingInterval: LATE_CHECK_MS } }
      : { serverOptions: { connectionsCheckingInterval: LATE_CHECK_MS } }),
  }) as Server;
  server.headersTimeout = server.requestTimeout = desk.parts.limits.requestMs;
  guardRequests(server, (code) => desk.parts.metrics.refused(code));
  takeUpgrades(server, app, desk, trustProxy);
  try {
    server.listen(options.port, options.host);
    await once(server, 'listening');
  } catch (cause) {
    throw listenError(cause, options);
  }
  return {
    port: (server.address() as AddressInfo).port,
    renewTls: (fresh) => (server as unknown as TlsServer).setSecureContext(fresh),
    stopListening() {
      server.close();
      server.closeIdleConnections();
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listenError(cause: unknown, { host, port }: ServeOptions): ClawError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  const at = `${host}:${port}`;
  if (code === 'EADDRINUSE')
    return new ClawError('address_in_use', `LISTEN: the address ${at} is in use.`, {
      hint: 'Stop what listens there, or set LISTEN to another port.',
      cause,
    });
  const why = code === 'EACCES' ? 'needs more rights than this user has' : 'is no address of this machine';
  return new ClawError('config_listen', `LISTEN: ${at} ${why}.`, { hint: 'For example LISTEN=127.0.0.1:7300.', cause });
}
