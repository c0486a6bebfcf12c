/** What the image's HEALTHCHECK runs: exit 0 where the relay of this container answers. */
import { get } from 'node:http';
import { get as getTls } from 'node:https';
import { readConfig } from './config.ts';

const { listen, tls } = readConfig(process.env);
const host = ['0.0.0.0', '::'].includes(listen.host) ? '127.0.0.1' : listen.host;
// To this very process: its certificate is for the public name, so only that it answers over TLS is asked.
const ask = tls ? getTls : get;
const request = ask(
  { host, port: listen.port, path: '/healthz', timeout: 2_000, ...(tls ? { checkServerIdentity: () => undefined } : {}) },
  (reply) => process.exit(reply.statusCode === 200 ? 0 : 1),
);
request.on('error', () => process.exit(1));
request.on('timeout', () => process.exit(1));
