/**
 * WebSockets on Node, the only file that knows @hono/node-ws: its server does the handshake, but the upgrade is decided here in one synchronous step and
 * keeps nothing of the request; frames go from the receiver to the relay's socket as they are. (The library's own way makes a Request, a URL and Headers
 * for each, awaits in between, and keeps them: measured 1.7 times the CPU of a connect and twice its memory.)
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Server as TlsServer } from 'node:tls';
import { createNodeWebSocket } from '@hono/node-ws';
import { Hono } from 'hono';
import type { WebSocket } from 'ws';
import { asClawError, ClawError } from '../shared/errors.ts';
import { MAX_FRAME_BYTES } from '../shared/frame.ts';
import { SUBPROTOCOL } from '../shared/version.ts';
import { checkOrigin } from './app.ts';
import { Inbox, type Receiver } from './inbox.node.ts';
import { countReceived } from './memory.node.ts';
import { clientAddress, networkOf } from './net.ts';
import { Outbox } from './outbox.node.ts';
import { endWith } from './request-guard.node.ts';
import { type RelaySocket, tooLarge, type Wire } from './socket.ts';
import type { SocketDesk } from './sockets.ts';

const FRAGMENTS = 64;
const KEY = /^[A-Za-z0-9+/]{22}==$/;
const OPEN = 1;
const ignore = (): void => undefined;

interface Inside {
  _receiver: Receiver;
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
    if (this.#ws.readyState === OPEN) this.#outbox.add(frame);
  }
  flush(): void {
    this.#outbox.flush();
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
    if (this.#ws.readyState === OPEN) this.#ws.ping();
  }
  limit(bytes: number): void {
    (this.#ws as unknown as Inside)._receiver._maxPayload = bytes;
  }
  dropped(bytes: number): void {
    countReceived(bytes);
  }
}

/** What `ws` refuses and the relay has a name for; the rest are faults of the WebSocket protocol, closed with its own codes. */
function faultOf(error: Error, limit: number): ClawError | null {
  const code = 'code' in error ? error.code : '';
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return tooLarge(limit);
  if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS')
    return new ClawError('too_many_fragments', `A message has more than ${FRAGMENTS} fragments.`);
  return null;
}

/** Whose socket it is: on the WebSocket itself, so that one set of listeners serves all of them. */
const RELAY = Symbol('relay socket');
type Adopted = WebSocket & { [RELAY]: RelaySocket };
const relayOf = (ws: WebSocket): RelaySocket => (ws as Adopted)[RELAY];

function onMessage(this: WebSocket, data: Buffer, isBinary: boolean): void {
  if (isBinary) relayOf(this).receive(data);
  else relayOf(this).receiveText();
}
function onPing(this: WebSocket): void {
  relayOf(this).pinged();
}
function onPong(this: WebSocket): void {
  relayOf(this).heard();
}
function onClose(this: WebSocket, code: number): void {
  relayOf(this).closed(code);
}

/** Joins an open WebSocket to the desk. */
function adopt(ws: WebSocket, socket: Socket, from: { network: string; origin: string | null }, desk: SocketDesk): void {
  const wire = new NodeWire(ws, socket);
  const relay = desk.open(wire, from);
  (ws as Adopted)[RELAY] = relay;
  const receiver = (ws as unknown as Inside)._receiver;
  new Inbox(ws, receiver, relay);
  // Before `ws` itself, whose close then finds the socket closing already.
  receiver.prependListener('error', (error: Error) => {
    const fault = faultOf(error, receiver._maxPayload);
    if (fault) relay.fail(fault);
  });
  ws.on('message', onMessage);
  ws.on('ping', onPing);
  ws.on('pong', onPong);
  ws.on('error', ignore); // `ws` closes with the code that fits; `close` follows
  ws.on('close', onClose);
  wire.flush();
}

/** Everything that can be known before the handshake. Throws the reason why not. */
function checkUpgrade(req: IncomingMessage, desk: SocketDesk, network: string): void {
  const { headers } = req;
  if (req.url !== '/v1/ws' || req.method !== 'GET') throw new ClawError('not_found', 'There is nothing at this address.');
  if (headers.upgrade?.toLowerCase() !== 'websocket' || !KEY.test(headers['sec-websocket-key'] ?? ''))
    throw new ClawError('bad_upgrade', 'This is not a WebSocket upgrade.');
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((p) => p.trim());
  if (headers['sec-websocket-version'] !== '13' || !offered.includes(SUBPROTOCOL))
    throw new ClawError('upgrade_required', `This relay speaks WebSocket version 13 with subprotocol ${SUBPROTOCOL}.`);
  const site = headers['sec-fetch-site'];
  checkOrigin(headers.origin ?? null, typeof site === 'string' ? site : null, desk.parts);
  desk.admit(network);
}

function refuse(socket: Duplex, thrown: unknown, desk: SocketDesk): void {
  const error = asClawError(thrown);
  desk.parts.metrics.refused(error.code);
  void endWith(socket, error, ['Sec-WebSocket-Version: 13']);
}

export function addressOf(incoming: IncomingMessage, trustProxy: number): string {
  const forwarded = incoming.headers['x-forwarded-for'];
  return clientAddress(incoming.socket.remoteAddress ?? '', typeof forwarded === 'string' ? forwarded : null, trustProxy);
}

export function takeUpgrades(server: Server | TlsServer, desk: SocketDesk, trustProxy: number): void {
  const { wss } = createNodeWebSocket({ app: new Hono() });
  Object.assign(wss.options, {
    maxPayload: MAX_FRAME_BYTES.daemon,
    maxFragments: FRAGMENTS,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  Object.assign(wss, { clients: undefined }); // the desk knows them
  server.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', ignore); // a reset between here and `ws` is the client's own loss
    const network = networkOf(addressOf(req, trustProxy));
    try {
      checkUpgrade(req, desk, network);
    } catch (error) {
      refuse(socket, error, desk);
      return;
    }
    const from = { network, origin: req.headers.origin ?? null };
    socket.cork(); // the challenge goes with the answer to the handshake
    wss.handleUpgrade(req, socket, head, (ws) => adopt(ws, socket, from, desk));
    socket.uncork();
  });
}
