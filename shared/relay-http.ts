/**
 * The relay's HTTP API as a client calls it: proofs, nonces, error replies as ClawError. Never follows a redirect, never speaks in the clear
 * except to this very machine. Owns no token; token-source.ts does.
 */
import * as v from 'valibot';
import { ClawError } from './errors.ts';
import type { SigningKey } from './keys.ts';
import { createProof } from './proof.ts';
import { ErrorReply } from './relay-api.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface RelayHttpOptions {
  /** `https://host[:port]`, or http on a loopback address. */
  origin: string;
  key: SigningKey;
  fetch?: Fetch;
  timeoutMs?: number;
}

export interface Call<S extends v.GenericSchema> {
  method: 'GET' | 'POST';
  path: string;
  reply: S;
  body?: unknown;
  token?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The origin in its one spelling. Throws `bad_origin`, or `insecure_url` for http off this machine. */
export function checkOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username || url.pathname !== '/' || url.search || url.hash) {
    throw new ClawError('bad_origin', `“${text.slice(0, 200)}” is not the address of a relay.`, {
      hint: 'Give it as https://host, without a path.',
    });
  }
  if (url.protocol === 'http:' && !LOOPBACK.has(url.hostname)) {
    throw new ClawError('insecure_url', `${url.origin} is not encrypted.`, { hint: `Use https://${url.host}.` });
  }
  return url.origin;
}

export class RelayHttp {
  readonly origin: string;
  readonly #key: SigningKey;
  readonly #fetch: Fetch;
  readonly #timeoutMs: number;
  #nonce: string | undefined;

  constructor(options: RelayHttpOptions) {
    this.origin = checkOrigin(options.origin);
    this.#key = options.key;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#timeoutMs = options.timeoutMs ?? 15_000;
  }

  /** Throws the relay's own error, `relay_unreachable`, `redirect_refused`, or `bad_reply`. */
  async call<S extends v.GenericSchema>(call: Call<S>): Promise<v.InferOutput<S>> {
    const first = await this.#send(call);
    const response = first.status === 401 && (await this.#wantsNonce(first)) ? await this.#send(call) : first;
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw this.#error(response, body);
    const parsed = v.safeParse(call.reply, body);
    if (!parsed.success)
      throw new ClawError('bad_reply', `The relay’s answer to ${call.path} is not understood.`, {
        hint: 'Relay and client may be of different versions; update both.',
      });
    return parsed.output;
  }

  async #send<S extends v.GenericSchema>(call: Call<S>): Promise<Response> {
    const url = this.origin + call.path;
    const proof = await createProof(this.#key, { method: call.method, url, nonce: this.#nonce, token: call.token });
    const headers: Record<string, string> = { DPoP: proof, Accept: 'application/json' };
    if (call.token !== undefined) headers['Authorization'] = `DPoP ${call.token}`;
    if (call.body !== undefined) headers['Content-Type'] = 'application/json';
    const deadline = AbortSignal.timeout(call.timeoutMs ?? this.#timeoutMs);
    const signal = call.signal ? AbortSignal.any([call.signal, deadline]) : deadline;
    let response: Response;
    try {
      response = await this.#fetch(url, {
        method: call.method,
        headers,
        redirect: 'manual',
        credentials: 'omit',
        cache: 'no-store',
        signal,
        body: call.body === undefined ? null : JSON.stringify(call.body),
      });
    } catch (cause) {
      throw new ClawError('relay_unreachable', `The relay at ${this.origin} does not answer.`, {
        hint: 'Check the address and the network, then try again.',
        cause,
      });
    }
    if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400))
      throw new ClawError('redirect_refused', `${this.origin} answered with a redirect, which is never followed.`);
    this.#nonce = response.headers.get('DPoP-Nonce') ?? this.#nonce;
    return response;
  }

  async #wantsNonce(response: Response): Promise<boolean> {
    const parsed = v.safeParse(
      ErrorReply,
      await response
        .clone()
        .json()
        .catch(() => undefined),
    );
    return parsed.success && parsed.output.error.code === 'use_dpop_nonce' && this.#nonce !== undefined;
  }

  #error(response: Response, body: unknown): ClawError {
    const parsed = v.safeParse(ErrorReply, body);
    if (!parsed.success)
      return new ClawError('relay_unreachable', `${this.origin} answered ${response.status}, but not as a ClawTab relay does.`, {
        hint: 'Check the address.',
      });
    const { code, message, hint, data } = parsed.output.error;
    const retryAfterS = Number(response.headers.get('Retry-After'));
    return ClawError.from({ code, message, ...(hint ? { hint } : {}), data: { ...data, ...(retryAfterS > 0 ? { retryAfterS } : {}) } });
  }
}
