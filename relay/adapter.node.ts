/** The relay on Node: HTTP through @hono/node-server, WebSockets through upgrade.node.ts, TLS from files. */
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { createAdaptorServer } from '@hono/node-server';
import type { Serve } from './command.ts';
import { listenFault } from './listen-fault.ts';
import { guardRequests } from './request-guard.node.ts';
import { addressOf, takeUpgrades } from './upgrade.node.ts';

/** How often Node looks for requests that are late; its own 30 s would treble the limit. */
const LATE_CHECK_MS = 1_000;
/** Connections that wait to be accepted. Node's own 511 turn the rest of a storm away for a second. */
const BACKLOG = 4096;

/** Listens. Throws `address_in_use`, `config_listen`. */
export const serve: Serve = async ({ app, desk, host, port, trustProxy, tls }) => {
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
    server.listen({ port, host, backlog: BACKLOG });
    await once(server, 'listening');
  } catch (cause) {
    throw listenFault(cause, host, port);
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
};
