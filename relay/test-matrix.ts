/** Every credential at every route, made from the route table: what may pass, and a call of each cell. For tests and `verify -- relay`; not part of the product. */
import { RelayTokenReply } from '../shared/relay-api.ts';
import { createDevice } from '../shared/test-devices.ts';
import { mintToken } from './auth/token.ts';
import type { Route } from './routes.ts';
import { type Answered, Asker } from './test-http.ts';
import type { TestHousehold, TestMember, TestRelay } from './test-relay.ts';

interface Credential {
  token?: string;
  proof: boolean;
  /** The proof is by a key that is not the device's. */
  foreign?: boolean;
}

export interface Matrix {
  /** Their names. */
  credentials: readonly string[];
  /** The credentials that may pass at a route; everything else must not. */
  mayPass(route: Route): readonly string[];
  /** Calls it with a body that no route takes but those that want none: what passes authorization stops there. */
  call(route: Pick<Route, 'method' | 'path'>, credential: string): Promise<Answered>;
  /** A session of the machine, just opened. */
  session(): Promise<string>;
}

/** For a machine of that household. Misuse ends what a credential belongs to, so each cell gets its own. */
export function matrixOf(relay: TestRelay, home: TestHousehold, daemon: TestMember): Matrix {
  const http = new Asker(relay.origin);
  const session = (): Promise<string> => {
    daemon.tokens.forget();
    return daemon.tokens.session();
  };
  const relayToken = async (): Promise<string> => {
    await session();
    return (await daemon.tokens.call({ method: 'POST', path: '/v1/relay-token', reply: RelayTokenReply, body: {} })).relayToken;
  };
  const expired = async (): Promise<string> => {
    const { token, hash } = await mintToken('session');
    const past = Date.now() - 1000;
    await relay.parts.store.createSession({
      hash,
      account: home.account,
      device: daemon.device.id,
      generation: null,
      expiresAtMs: past,
      freshUntilMs: past,
    });
    return token;
  };
  const make: Record<string, () => Promise<Credential>> = {
    'no token': async () => ({ proof: true }),
    'no token, no proof': async () => ({ proof: false }),
    'an empty token': async () => ({ token: '', proof: true }),
    'a device token': async () => ({ token: daemon.held()!, proof: true }),
    'a session token': async () => ({ token: await session(), proof: true }),
    'a relay token': async () => ({ token: await relayToken(), proof: true }),
    'a device token without proof': async () => ({ token: daemon.held()!, proof: false }),
    'a session token without proof': async () => ({ token: await session(), proof: false }),
    'a device token with another’s key': async () => ({ token: daemon.held()!, proof: true, foreign: true }),
    'a session token with another’s key': async () => ({ token: await session(), proof: true, foreign: true }),
    'a device token that never was': async () => ({ token: (await mintToken('device')).token, proof: true }),
    'a session token that never was': async () => ({ token: (await mintToken('session')).token, proof: true }),
    'an expired session': async () => ({ token: await expired(), proof: true }),
  };
  const credentials = Object.keys(make);
  const byPolicy: Record<string, readonly string[]> = {
    none: credentials,
    proof: ['no token'],
    device: ['a device token'],
    session: ['a session token'],
    fresh: [],
  };
  return {
    credentials,
    mayPass: ({ policy }) => byPolicy[policy.kind]!,
    session,
    async call({ method, path }, name) {
      const { token, proof, foreign } = await make[name]!();
      const key = foreign ? await createDevice('daemon') : daemon.device;
      return http.ask({ method, path, body: {}, ...(token === undefined ? {} : { token }), ...(proof ? { key } : {}) });
    },
  };
}

/** Neither 401 nor 403: it got past authorization. */
export const passed = ({ status }: Answered): boolean => status !== 401 && status !== 403;
