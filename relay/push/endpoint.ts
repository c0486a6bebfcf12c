/**
 * Is this the address of a push service that the relay forwards to? Decided on the parsed host, anchored; what the host resolves to is
 * post.ts's to vet. Pure.
 */
import { isIP } from 'node:net';
import { ClawError } from '../../shared/errors.ts';

/** The push services of the browsers. A leading dot: any host below. */
export const PUSH_HOSTS: readonly string[] = ['fcm.googleapis.com', '.push.services.mozilla.com', '.push.apple.com', '.notify.windows.com'];

const refuse = (why: string): never => {
  throw new ClawError('bad_endpoint', `bad_endpoint: ${why}.`);
};

const listed = (host: string, hosts: readonly string[]): boolean =>
  hosts.some((known) => (known.startsWith('.') ? host.endsWith(known) && host.length > known.length : host === known));

/** Throws `bad_endpoint`. What a URL parser would forgive (spaces, backslashes, dots of other scripts) is refused before it can. */
export function vetEndpoint(text: string, hosts: readonly string[]): URL {
  if (!/^https:\/\/[^/]/i.test(text)) refuse('https only');
  if (!/^[!-~]+$/.test(text) || /[\\"<>^`{|}]/.test(text)) refuse('it holds what an address must not hold');
  const authority = /^https:\/\/([^/?#]*)/i.exec(text)![1]!;
  if (!/^[a-z0-9.:[\]-]+$/i.test(authority)) refuse('its host is not plainly written');
  const url = URL.canParse(text) ? new URL(text) : refuse('it is no address');
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') refuse('https only, and no name in it');
  if (url.port !== '') refuse('port 443 only');
  // The parser has made every spelling of an IPv4 address one; a trailing dot stays and is not on the list.
  if (isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) refuse('a host name, not an IP address');
  if (!listed(url.hostname, hosts)) refuse('its host is not a push service that this relay forwards to');
  return url;
}
