/**
 * The HTTP side as a Hono app on web-standard Request and Response: the way of a request from its origin to its route's answer. Knows no
 * runtime: who calls, the socket route and the files of the page are handed in.
 */
import { Hono } from 'hono';
import { randomId } from '../shared/bytes.ts';
import { asClawError, ClawError } from '../shared/errors.ts';
import { authorize } from './auth/policy.ts';
import { parseStrict, readBody } from './body.ts';
import { errorFields } from './log.ts';
import { networkOf } from './net.ts';
import type { Page } from './page.ts';
import type { Parts } from './parts.ts';
import { API_HEADERS, errorReply, hsts, jsonReply } from './reply.ts';
import { checkBody, ROUTES, type Route } from './routes.ts';

/** What an adapter tells of the connection; everything else about the caller comes from the request. */
export interface Connection {
  /** The client's address, proxies taken into account. */
  address: string;
}
export type AppEnv = { Bindings: { connection: Connection } };
export type App = Hono<AppEnv>;

/** `site`: what the browser says in Sec-Fetch-Site. Throws `origin_not_allowed`; compares whole strings with the configuration, never with `Host`. */
export function checkOrigin(origin: string | null, site: string | null, parts: Pick<Parts, 'origins' | 'pageOrigins'>): void {
  if (origin !== null && !parts.origins().includes(origin) && !parts.pageOrigins.includes(origin))
    throw new ClawError('origin_not_allowed', 'Pages of this origin may not use this relay.');
  if (origin === null && site === 'cross-site') throw new ClawError('origin_not_allowed', 'Pages of other sites may not use this relay.');
}

function originOf(request: Request, parts: Parts): string | null {
  const origin = request.headers.get('origin');
  checkOrigin(origin, request.headers.get('sec-fetch-site'), parts);
  return origin;
}

/** Headers of a page that is served elsewhere; none for the relay's own. */
function cors(origin: string | null, parts: Parts): Record<string, string> {
  if (origin === null || !parts.pageOrigins.includes(origin)) return parts.pageOrigins.length > 0 ? { Vary: 'Origin' } : {};
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, DPoP',
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Expose-Headers': 'DPoP-Nonce, Retry-After',
    'Cross-Origin-Resource-Policy': 'cross-origin',
  };
}

async function answer(route: Route, request: Request, connection: Connection, parts: Parts): Promise<Response> {
  const url = new URL(request.url);
  const headers: Record<string, string> = { ...hsts(parts.origins()[0]!) };
  try {
    if (route.policy.kind !== 'none') headers['DPoP-Nonce'] = await parts.nonces.current();
    const origin = originOf(request, parts);
    Object.assign(headers, cors(origin, parts));
    const network = networkOf(connection.address);
    await parts.rates.request(network);
    if (parts.draining()) throw new ClawError('draining', 'The relay is stopping.', { data: { retryAfterS: 2 } });
    const caller = await authorize(request, route.path, route.policy, { network, origin }, parts);
    const body = route.schema === null ? undefined : checkBody(route, parseStrict(await readBody(request)));
    const result = await route.run({ caller, body, query: url.searchParams, signal: request.signal }, parts);
    parts.metrics.requests(route.path, route.status);
    return jsonReply(route.status, result, headers);
  } catch (thrown) {
    return failed(thrown, route.path, headers, parts);
  }
}

function failed(thrown: unknown, path: string, headers: Readonly<Record<string, string>>, parts: Parts): Response {
  const error = asClawError(thrown);
  const requestId = randomId();
  const reply = errorReply(error, requestId, headers);
  if (error.code === 'internal') parts.log('error', 'request_failed', { path, requestId, ...errorFields(error.cause) });
  else parts.log('debug', 'request_refused', { path, code: error.code, requestId });
  parts.metrics.refused(error.code);
  parts.metrics.requests(path, reply.status);
  return reply;
}

/** The whole app but the socket route, which each runtime's adapter adds in its own way. `page` null: the page lies elsewhere. */
export function createApp(parts: Parts, page: Page | null): App {
  const app = new Hono<AppEnv>();
  const methods = new Map<string, string[]>();
  for (const route of ROUTES) {
    methods.set(route.path, [...(methods.get(route.path) ?? []), route.method]);
    app.on(route.method, route.path, (c) => answer(route, c.req.raw, c.env.connection, parts));
  }
  app.get('/healthz', () => jsonReply(200, { ok: true }));
  app.get('/readyz', async () => {
    try {
      if (parts.draining()) throw new ClawError('draining', 'The relay is stopping.');
      await parts.store.ping();
      return jsonReply(200, { ok: true });
    } catch (error) {
      return failed(error, '/readyz', {}, parts);
    }
  });
  app.get(
    '/metrics',
    async () => new Response(await parts.metrics.text(), { headers: { ...API_HEADERS, 'Content-Type': 'text/plain; version=0.0.4' } }),
  );
  app.get('/v1/ws', () => failed(new ClawError('upgrade_required', 'Here is a WebSocket.'), '/v1/ws', { Upgrade: 'websocket' }, parts));
  app.notFound((c) => {
    const { path, method } = c.req;
    const allowed = methods.get(path) ?? (OPERATIONS.has(path) ? ['GET'] : undefined);
    if (method === 'OPTIONS' && allowed) return preflight(c.req.raw, parts);
    if (allowed)
      return failed(
        new ClawError('method_not_allowed', `${path} takes ${allowed.join(' and ')}.`),
        path,
        { Allow: allowed.join(', ') },
        parts,
      );
    if (page && (method === 'GET' || method === 'HEAD') && !path.startsWith('/v1/')) {
      const file = page(path, method, parts.origins()[0]!, c.req.header('Accept-Encoding'));
      if (file) return file;
    }
    return failed(new ClawError('not_found', 'There is nothing at this address.'), 'other', {}, parts);
  });
  app.onError((error) => failed(error, 'other', {}, parts));
  return app;
}

const OPERATIONS = new Set(['/healthz', '/readyz', '/metrics']);

function preflight(request: Request, parts: Parts): Response {
  try {
    const origin = originOf(request, parts);
    return new Response(null, { status: 204, headers: { ...API_HEADERS, ...cors(origin, parts) } });
  } catch (error) {
    return failed(error, 'preflight', {}, parts);
  }
}
