/**
 * From the environment to a checked configuration. Every problem names its variable, shows no value, and says how to do it right; all
 * of them are exit 3. What is not set has a default that is safe on one machine.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ClawError } from '../shared/errors.ts';
import { LIMITS, type Limits } from './limits.ts';
import { type ApnsKey, readApnsKey } from './push/apns-token.ts';

export interface RelayConfig {
  /** Null: `http://localhost:<port>`, once the port is known. */
  publicOrigin: string | null;
  /** Where the page may come from besides that. */
  pageOrigins: readonly string[];
  listen: { host: string; port: number };
  tls: { certFile: string; keyFile: string } | null;
  /** Proxies in front of the relay. */
  trustProxy: number;
  /** Null: the embedded server. */
  databaseUrl: string | null;
  stateDir: string;
  vapid: { privateKey: string | null; subject: string | null };
  /** For native iOS shells; null: none are served. */
  apns: ApnsKey | null;
  /** Host suffixes that pushes may go to; null: the known push services. */
  pushHosts: readonly string[] | null;
  natsUrl: string | null;
  limits: Limits;
  /** Things that are probably a mistake; the relay starts. */
  warnings: readonly string[];
}
export type Environment = Readonly<Record<string, string | undefined>>;

const wrong = (message: string, hint: string): never => {
  throw new ClawError('config_invalid', message, { hint });
};
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
const isLoopback = (host: string): boolean => LOOPBACK.has(host) || /^127\.\d+\.\d+\.\d+$/.test(host);

/** `https://host[:port]`; http on this machine alone. */
function originOf(name: string, text: string): string {
  const example = `For example ${name}=https://relay.example.org`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash || text.includes('*'))
    return wrong(`${name} is not the address of a relay.`, `${example}, without path, name or wildcard.`);
  const local = isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
  if (url.protocol === 'http:' && !local) wrong(`${name} is not encrypted.`, `Use ${name}=https://${url.host}.`);
  if (url.pathname !== '/' || text.endsWith('/'))
    wrong(`${name} must be an origin, without a path or a slash at its end.`, `Use ${name}=${url.origin}.`);
  if (!local && /^[\d.]+$|^\[/.test(url.hostname)) wrong(`${name} is an IP address.`, `${example}: browsers allow push only under a name.`);
  return url.origin;
}

function listenOf(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(':');
  const host = text.slice(0, at).replace(/^\[|\]$/g, '');
  const port = /^\d{1,5}$/.test(text.slice(at + 1)) ? Number(text.slice(at + 1)) : -1;
  if (at < 0 || host === '' || port < 0 || port > 65_535)
    wrong('LISTEN is not host:port.', 'For example LISTEN=127.0.0.1:7300 or LISTEN=[::1]:7300.');
  return { host, port };
}

function readPem(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error';
    return wrong(`${name}: ${file} cannot be read (${code}).`, `Set ${name} to a PEM file that this user can read.`);
  }
}

/** Certificate and key as they lie on disk. Throws `config_invalid` naming the file and what is wrong with it. */
export function readTls(tls: { certFile: string; keyFile: string }, nowMs = Date.now()): { cert: string; key: string } {
  const cert = readPem('TLS_CERT', tls.certFile);
  const key = readPem('TLS_KEY', tls.keyFile);
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(cert);
  } catch {
    return wrong(
      `TLS_CERT: ${tls.certFile} holds no certificate.`,
      'It is a PEM file, the server’s own certificate first, then those of its issuers.',
    );
  }
  let matches: boolean;
  try {
    matches = leaf.checkPrivateKey(createPrivateKey(key));
  } catch {
    return wrong(`TLS_KEY: ${tls.keyFile} holds no private key.`, 'It is a PEM file without a passphrase.');
  }
  if (leaf.ca && !matches)
    wrong(`TLS_CERT: ${tls.certFile} begins with an issuer’s certificate.`, 'Put the server’s own certificate first.');
  if (!matches)
    wrong(
      `TLS_KEY: ${tls.keyFile} does not belong to the certificate in ${tls.certFile}.`,
      'Set TLS_KEY to the key the certificate was made with.',
    );
  if (Date.parse(leaf.validTo) < nowMs)
    wrong(`TLS_CERT: ${tls.certFile} expired on ${leaf.validTo}.`, 'Renew it; the relay reads it again when it changes.');
  return { cert, key };
}

function databaseUrlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol))
    wrong('DATABASE_URL is not a PostgreSQL address.', 'For example DATABASE_URL=postgres://user:password@host:5432/clawtab');
  return text;
}

function trustProxyOf(text: string): number {
  if (!/^\d$/.test(text)) wrong('TRUST_PROXY is not the number of proxies before the relay.', 'TRUST_PROXY=1 for one; 0 for none.');
  return Number(text);
}

const MAKE_ONE = 'Make one: npx web-push generate-vapid-keys.';
const MAKE_VAPID = `${MAKE_ONE} Or leave it out: the relay makes one and keeps it.`;

/** A name of the public internet, as far as its look tells. */
const REAL_HOST = /^(?!.*(?:^|\.)(?:localhost|local|invalid|test)$)[a-z0-9.-]+\.[a-z]{2,}$/i;

/** A relay with a public name can be reached under it; one on loopback names nobody, and Apple’s and Mozilla’s services refuse it. */
const ownSubject = (publicOrigin: string | null): string | null =>
  publicOrigin?.startsWith('https:') && REAL_HOST.test(new URL(publicOrigin).hostname) ? publicOrigin : null;

function vapidOf(env: Environment, publicOrigin: string | null): RelayConfig['vapid'] {
  const privateKey = env['VAPID_PRIVATE_KEY'] || null;
  const subject = env['VAPID_SUBJECT'] || ownSubject(publicOrigin);
  if (privateKey !== null && !/^[A-Za-z0-9_-]{43}$/.test(privateKey)) wrong('VAPID_PRIVATE_KEY is not 32 bytes in base64url.', MAKE_VAPID);
  if (subject !== null) checkSubject(subject);
  return { privateKey, subject };
}

/** Apple refuses a subject that nobody could be reached at. */
function checkSubject(subject: string): void {
  const hint = 'For example VAPID_SUBJECT=mailto:you@example.org';
  const mail = /^mailto:[^\s@<>]+@([^\s@<>]+\.[^\s@<>]+)$/.exec(subject);
  const url = URL.canParse(subject) ? new URL(subject) : null;
  const host = mail?.[1] ?? (url?.protocol === 'https:' ? url.hostname : '');
  if (!REAL_HOST.test(host)) wrong('VAPID_SUBJECT must be mailto: or https: with a real host.', hint);
}

function pushHostsOf(text: string): string[] {
  const hosts = text
    .split(',')
    .map((h) => h.trim().toLowerCase())
    .filter((h) => h !== '');
  for (const host of hosts)
    if (!/^(\.?[a-z0-9-]+(\.[a-z0-9-]+)*)$/.test(host))
      wrong('CLAWTAB_PUSH_HOSTS is not a list of host names.', 'For example CLAWTAB_PUSH_HOSTS=fcm.googleapis.com,.push.apple.com');
  return hosts;
}

function natsUrlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^(nats|tls):$/.test(url.protocol))
    wrong('NATS_URL is not the address of a NATS server.', 'For example NATS_URL=nats://127.0.0.1:4222');
  return text;
}

function limitsOf(text: string): Limits {
  const limits: Record<string, number> = { ...LIMITS };
  for (const part of text.split(',').filter((p) => p.trim() !== '')) {
    const [name = '', value = ''] = part.split('=').map((s) => s.trim());
    if (!Object.hasOwn(LIMITS, name))
      wrong(`CLAWTAB_LIMITS names ${name.slice(0, 40)}, which is no limit.`, `It is one of ${Object.keys(LIMITS).join(', ')}.`);
    if (!/^[1-9]\d{0,9}$/.test(value))
      wrong(`CLAWTAB_LIMITS: ${name} is not a positive number.`, `The default is ${name}=${limits[name]}.`);
    limits[name] = Number(value);
  }
  return limits as Limits;
}

function stateDirOf(env: Environment): string {
  const set = env['CLAWTAB_STATE'];
  if (set !== undefined && set !== '')
    return isAbsolute(set) ? set : wrong('CLAWTAB_STATE is not an absolute path.', 'For example CLAWTAB_STATE=/var/lib/clawtab');
  const home = env['HOME'] || homedir();
  if (process.platform === 'darwin') return join(home, 'Library/Application Support/clawtab/relay');
  return join(env['XDG_STATE_HOME'] || join(home, '.local/state'), 'clawtab/relay');
}

const OWN = ['CLAWTAB_STATE', 'CLAWTAB_PUSH_HOSTS', 'CLAWTAB_LIMITS', 'CLAWTAB_LOG'];
/** Others of ClawTab that share the prefix and are not the relay's. */
const FOREIGN = /^CLAWTAB_(RUN|JOB|AGENT|DAEMON|HOLDER|SOCKET|TEST|RELAY|HOME|CONFIG|BENCH)/;

function unknownVariables(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('CLAWTAB_') && !OWN.includes(name) && !FOREIGN.test(name))
    .map((name) => `${name} is not known; the relay reads ${OWN.join(', ')}.`);
}

/** Throws `config_invalid`. */
export function readConfig(env: Environment): RelayConfig {
  const set = (name: string): string | null => env[name] || null;
  const listen = listenOf(set('LISTEN') ?? '127.0.0.1:7300');
  const [certFile, keyFile] = [set('TLS_CERT'), set('TLS_KEY')];
  if ((certFile === null) !== (keyFile === null))
    wrong(`${certFile ? 'TLS_KEY' : 'TLS_CERT'} is not set, but ${certFile ? 'TLS_CERT' : 'TLS_KEY'} is.`, 'Set both, or neither.');
  const tls = certFile && keyFile ? { certFile, keyFile } : null;
  if (tls) readTls(tls);
  const proxy = set('TRUST_PROXY');
  const trustProxy = proxy === null ? 0 : trustProxyOf(proxy);
  if (!isLoopback(listen.host) && !tls && trustProxy === 0)
    wrong(
      `LISTEN=${listen.host}:${listen.port} is reachable from outside, and nothing encrypts it.`,
      'Set TLS_CERT and TLS_KEY, or TRUST_PROXY=1 behind a TLS proxy.',
    );
  const publicOrigin = set('PUBLIC_ORIGIN');
  if (publicOrigin === null && (!isLoopback(listen.host) || tls || trustProxy > 0))
    wrong('PUBLIC_ORIGIN is not set.', 'For example PUBLIC_ORIGIN=https://relay.example.org: the address that devices use.');
  const origin = publicOrigin === null ? null : originOf('PUBLIC_ORIGIN', publicOrigin);
  const databaseUrl = set('DATABASE_URL');
  const natsUrl = set('NATS_URL');
  if (natsUrl !== null && databaseUrl === null)
    wrong('NATS_URL is for several nodes, but DATABASE_URL is not set.', 'All nodes share one PostgreSQL: set DATABASE_URL too.');
  const vapid = vapidOf(env, origin);
  if (natsUrl !== null && vapid.privateKey === null)
    wrong(
      'NATS_URL is for several nodes, but VAPID_PRIVATE_KEY is not set.',
      `All nodes answer for the same subscriptions: give them one key. ${MAKE_ONE}`,
    );
  const pushHosts = set('CLAWTAB_PUSH_HOSTS');
  return {
    publicOrigin: origin,
    pageOrigins: (set('PAGE_ORIGINS') ?? '')
      .split(',')
      .filter((o) => o !== '')
      .map((o) => originOf('PAGE_ORIGINS', o.trim())),
    listen,
    tls,
    trustProxy,
    databaseUrl: databaseUrl === null ? null : databaseUrlOf(databaseUrl),
    stateDir: stateDirOf(env),
    vapid,
    apns: readApnsKey(set),
    pushHosts: pushHosts === null ? null : pushHostsOf(pushHosts),
    natsUrl: natsUrl === null ? null : natsUrlOf(natsUrl),
    limits: limitsOf(set('CLAWTAB_LIMITS') ?? ''),
    warnings: unknownVariables(env),
  };
}
