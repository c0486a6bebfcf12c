/**
 * What is wrong with an HTTP request before any route sees it: targets and headers that two readers could read in two ways, and what Node's parser
 * refuses. All of it gets the relay's own error shape and a closed connection.
 */
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { ClawError } from '../shared/errors.ts';
import { errorReply } from './reply.ts';

const MAX_HEADERS = 200;

/** Null where nothing is wrong. */
function fault(req: IncomingMessage): ClawError | null {
  const names = req.rawHeaders.filter((_, i) => i % 2 === 0);
  if (names.length > MAX_HEADERS) return new ClawError('headers_too_large', `The request has more than ${MAX_HEADERS} headers.`);
  if (names.filter((name) => name.toLowerCase() === 'host').length !== 1)
    return new ClawError('bad_request', 'The request needs exactly one Host header.');
  if (!/^\/(?!\/)/.test(req.url ?? '')) return new ClawError('bad_request', 'The request’s target must begin with a single slash.');
  return null;
}

/** An HTTP reply as text, for sockets that have no response object. The connection is over with it. */
export async function endWith(socket: Duplex, error: ClawError, more: readonly string[] = []): Promise<void> {
  const reply = errorReply(error, '-');
  const body = await reply.text();
  const lines = [`HTTP/1.1 ${reply.status} ${error.code}`, 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`, ...more];
  reply.headers.forEach((value, name) => {
    if (name !== 'connection') lines.push(`${name}: ${value}`);
  });
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function parserFault(error: NodeJS.ErrnoException): ClawError {
  if (error.code === 'HPE_HEADER_OVERFLOW') return new ClawError('headers_too_large', 'The request’s headers are larger than 16 KiB.');
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return new ClawError('request_timeout', 'The request did not arrive in time.');
  return new ClawError('bad_request', 'The request is not valid HTTP.');
}

/** Stands before the server's own listener. `refused` counts. */
export function guardRequests(server: Server, refused: (code: string) => void): void {
  server.maxHeadersCount = 0; // Node would cut the list in silence; it is counted here
  const [handle] = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (req, res) => {
    const wrong = fault(req);
    if (!wrong) return handle!(req, res);
    refused(wrong.code);
    void endWith(req.socket, wrong);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const wrong = parserFault(error);
    refused(wrong.code);
    void endWith(socket, wrong);
  });
}
