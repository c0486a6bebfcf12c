/** The relay on Node: HTTP through @hono/node-server, WebSockets through upgrade.node.ts, TLS from files. */
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions, Server as TlsServer } from 'node:tls';
import { createAdaptorServer } from '@hono/node-server';
import { ClawError } from '../shared/errors.ts';
import type { App } from './app.ts';
import { guardRequests } from './request-guard.node.ts';
import type { SocketDesk } from './sockets.ts';
import { addressOf, takeUpgrades } from './upgrade.node.ts';

/** How often Node looks for requests that are late; its own 30 s would treble the limit. */
const LATE_CHECK_MS = 1_000;

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
  takeUpgrades(server, desk, trustProxy);
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
