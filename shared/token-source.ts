/**
 * Device token → session token → relay token, each fetched when it is needed. The device token's successor is stored before anything else
 * uses it, under a lock that all tabs and the service worker share.
 */
import type * as v from 'valibot';
import { ClawError } from './errors.ts';
import { RelayTokenReply, SessionReply } from './relay-api.ts';
import type { Call, RelayHttp } from './relay-http.ts';

export interface DeviceTokenStore {
  load(): Promise<string | null>;
  save(token: string): Promise<void>;
  /** Runs `task` while no other process, tab or worker of this device refreshes. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
}

/** A session this close to its end is replaced before use, ms. */
const MARGIN_MS = 60_000;

export class TokenSource {
  readonly http: RelayHttp;
  readonly #store: DeviceTokenStore;
  readonly #nowMs: () => number;
  #session: { token: string; endsAtMs: number } | null = null;
  #refresh: Promise<string> | null = null;

  constructor(http: RelayHttp, store: DeviceTokenStore, nowMs: () => number = Date.now) {
    this.http = http;
    this.#store = store;
    this.#nowMs = nowMs;
  }

  /** Uses a session that sign-in has just given. */
  adopt(sessionToken: string, expiresInS: number): void {
    this.#session = { token: sessionToken, endsAtMs: this.#nowMs() + expiresInS * 1000 };
  }

  forget(): void {
    this.#session = null;
  }

  /** Throws `login_required` where this device holds no token, or the relay's reason for refusing the one it has. */
  async session(): Promise<string> {
    if (this.#session && this.#session.endsAtMs - this.#nowMs() > MARGIN_MS) return this.#session.token;
    this.#refresh ??= this.#renew().finally(() => {
      this.#refresh = null;
    });
    return this.#refresh;
  }

  async relayToken(): Promise<string> {
    return (await this.call({ method: 'POST', path: '/v1/relay-token', reply: RelayTokenReply, body: {} })).relayToken;
  }

  /** An API call with a session token; a session that the relay no longer takes is replaced once. */
  async call<S extends v.GenericSchema>(call: Omit<Call<S>, 'token'>): Promise<v.InferOutput<S>> {
    try {
      return await this.http.call({ ...call, token: await this.session() });
    } catch (error) {
      if (!(error instanceof ClawError) || !error.code.startsWith('token_')) throw error;
      this.forget();
      return this.http.call({ ...call, token: await this.session() });
    }
  }

  #renew(): Promise<string> {
    return this.#store.exclusive(async () => {
      const deviceToken = await this.#store.load();
      if (deviceToken === null) throw new ClawError('login_required', 'This device is not signed in.');
      const reply = await this.http.call({ method: 'POST', path: '/v1/session', reply: SessionReply, token: deviceToken, body: {} });
      await this.#store.save(reply.deviceToken);
      this.adopt(reply.sessionToken, reply.sessionExpiresInS);
      return reply.sessionToken;
    });
  }
}
