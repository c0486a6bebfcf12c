/** How the relay answers: security headers on everything, errors in one shape, nothing echoed. */
import { type ClawError, errorRow } from '../shared/errors.ts';

export const API_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** `origin`: the relay's own. Scripts only from there and as WebAssembly (Argon2id); no inline code, no other host, no frame around it. */
export function pageHeaders(origin: string): Record<string, string> {
  const csp = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self' ${origin.replace(/^http/, 'ws')}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
  return {
    'Content-Security-Policy': csp,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(self), clipboard-write=(self), geolocation=(), microphone=(), payment=(), usb=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
}

export const hsts = (origin: string): Record<string, string> =>
  origin.startsWith('https:') ? { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' } : {};

export function jsonReply(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${JSON.stringify(body)}\n`, { status, headers: { ...API_HEADERS, 'Content-Type': 'application/json', ...headers } });
}

export function errorReply(error: ClawError, requestId: string, more: Readonly<Record<string, string>> = {}): Response {
  const row = errorRow(error.code);
  const status = error.code === 'already_stopped' ? 409 : row.http;
  const retry = error.data?.['retryAfterS'];
  const headers: Record<string, string> = { ...more };
  if (typeof retry === 'number') headers['Retry-After'] = String(retry);
  if (status === 401) headers['WWW-Authenticate'] = `DPoP algs="ES256"${error.code === 'missing_token' ? '' : `, error="${error.code}"`}`;
  if (status === 413) headers['Connection'] = 'close';
  return jsonReply(status, { error: { ...error.body(), request_id: requestId } }, headers);
}
