/**
 * Who may call what, generated from the route table: every kind of token at every route, and nothing passes but the cells the contract names. A route
 * of the app that is not in the table fails here.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomId, toBase64url, utf8 } from '../shared/bytes.ts';
import { ClawError, errorRow } from '../shared/errors.ts';
import { sign } from '../shared/keys.ts';
import type { TokenType } from '../shared/relay-api.ts';
import { createDevice } from '../shared/test-devices.ts';
import { createApp } from './app.ts';
import { mintToken } from './auth/token.ts';
import { ROUTES } from './routes.ts';
import { Asker } from './test-http.ts';
import { type Matrix, matrixOf, passed } from './test-matrix.ts';
import { addDevice, signUp, startTestRelay, type TestHousehold, type TestMember, type TestRelay } from './test-relay.ts';

let relay: TestRelay;
let home: TestHousehold;
let daemon: TestMember;
let http: Asker;
let matrix: Matrix;
const session = (): Promise<string> => matrix.session();

beforeAll(async () => {
  relay = await startTestRelay();
  home = await signUp(relay.origin);
  daemon = await addDevice(relay.origin, home);
  http = new Asker(relay.origin);
  matrix = matrixOf(relay, home, daemon);
});
afterAll(() => relay.stop());

describe('the table of routes', () => {
  it('holds every route of the app', () => {
    const app = createApp(relay.parts, null);
    const known = new Set([...ROUTES.map((r) => `${r.method} ${r.path}`), 'GET /healthz', 'GET /readyz', 'GET /metrics', 'GET /v1/ws']);
    const unknown = app.routes.map((r) => `${r.method} ${r.path}`).filter((route) => !known.has(route));
    expect(unknown).toEqual([]);
  });

  it('says of each route who may call it, and why where that is everybody', () => {
    for (const route of ROUTES) {
      const { path, policy } = route;
      expect(matrix.mayPass(route), path).toBeDefined();
      if (policy.kind === 'none') expect(policy.why, path).toMatch(/\w+ \w+/);
    }
    expect(ROUTES.filter((r) => r.policy.kind === 'none').map((r) => r.path)).toEqual(['/v1/meta', '/v1/prelogin']);
  });
});

describe('every credential at every route', () => {
  for (const route of ROUTES) {
    const { method, path, policy } = route;
    it(`${method} ${path} takes only what its policy “${policy.kind}” says`, async () => {
      // Signing out is the one thing that would change who holds what for the cells that follow.
      const tried = matrix.credentials.filter((name) => !(path === '/v1/logout' && name === 'a session token'));
      const through: string[] = [];
      for (const name of tried) {
        const reply = await matrix.call(route, name);
        if (passed(reply)) through.push(name);
        else expect(errorRow(reply.code).http, name).toBe(reply.status);
      }
      expect(through).toEqual(matrix.mayPass(route).filter((name) => tried.includes(name)));
    });
  }

  it('a fresh session passes where the password is asked for, and an ordinary one is told so', async () => {
    const fresh = ROUTES.filter((r) => r.policy.kind === 'fresh');
    expect(fresh.length).toBeGreaterThan(0);
    for (const route of fresh) {
      const { method, path } = route;
      const reply = await http.ask({ method, path, body: {}, key: home.phone.device, token: home.sessionToken });
      expect([reply.status, reply.code], path).toEqual([400, 'bad_field']);
      expect((await matrix.call(route, 'a session token')).code).toBe('fresh_login_required');
    }
  });

  it('a token nobody holds opens nothing, whatever its prefix says', async () => {
    for (const type of ['device', 'session', 'relay'] as TokenType[]) {
      const { token } = await mintToken(type);
      const reply = await http.ask({ path: '/v1/relay-token', body: {}, key: daemon.device, token });
      expect([401, reply.code]).toEqual([reply.status, type === 'session' ? 'token_unknown' : 'wrong_token_type']);
    }
  });
});

describe('what a leak costs', () => {
  it('every token string shown with another key ends the sessions and tells the other devices', async () => {
    for (const make of [async () => daemon.held()!, session]) {
      const live = await session();
      const token = await make();
      const thief = await createDevice('daemon');
      const path = token.startsWith('ctd_') ? '/v1/session' : '/v1/devices';
      const method = path === '/v1/session' ? 'POST' : 'GET';
      const stolen = await http.ask({ method, path, body: {}, key: thief, token });
      expect([stolen.status, stolen.code]).toEqual([401, 'proof_other_key']);
      const after = await http.ask({ method: 'GET', path: '/v1/devices', key: daemon.device, token: live });
      expect(after.code).toBe('token_unknown');
    }
    const { events } = JSON.parse(
      (await http.ask({ method: 'GET', path: '/v1/events', key: home.phone.device, token: await home.phone.tokens.session() })).text,
    ) as { events: { kind: string; device: string }[] };
    // Once an hour, however often.
    expect(events.filter((e) => e.kind === 'token_misused' && e.device === daemon.device.id)).toHaveLength(1);
  });

  it('the device itself heals by proving its key', async () => {
    expect((await http.ask({ method: 'GET', path: '/v1/devices', key: daemon.device, token: await session() })).status).toBe(200);
  });

  it('the key without any token opens nothing', async () => {
    const text = toBase64url(await sign(daemon.device.privateKey, 'ct-ws', utf8(randomId())));
    const reply = await http.ask({ method: 'GET', path: '/v1/devices', key: daemon.device, headers: { Authorization: `DPoP ${text}` } });
    expect([reply.status, reply.code]).toEqual([401, 'malformed_token']);
  });

  it('a hash from the database is no token', async () => {
    const { hash } = await mintToken('device');
    for (const prefix of ['ctd_', 'cts_', '']) {
      const reply = await http.ask({ path: '/v1/session', body: {}, key: daemon.device, token: prefix + toBase64url(hash) });
      expect(reply.code).toBe('malformed_token');
    }
  });

  it('a machine’s key that appears in a web page bars the machine until it is signed in again', async () => {
    const other = await addDevice(relay.origin, home);
    const reply = await http.ask({
      method: 'GET',
      path: '/v1/devices',
      key: other.device,
      token: await other.tokens.session(),
      headers: { Origin: relay.origin },
    });
    expect([reply.status, reply.code]).toEqual([403, 'quarantined']);
    other.tokens.forget();
    await expect(other.tokens.session()).rejects.toSatisfy((e) => e instanceof ClawError && e.code === 'quarantined');
  });
});

describe('origins', () => {
  const lookalikes = (origin: string): string[] => {
    const { host, port } = new URL(origin);
    return [
      'null',
      'https://evil.example',
      `http://${host}.evil.example`,
      `http://evil-${host}`,
      `${origin}/`,
      origin.toUpperCase(),
      `https://${host}`,
      origin.replace(port, String(Number(port) + 1)),
      origin.replace(`:${port}`, ''),
      `http://localhost.:${port}`,
      `http://user@${host}`,
      `${origin}, https://evil.example`,
      'http://xn--lcalhost-hbb.example',
      'file://',
      '',
    ];
  };

  it('no page of another origin may use the API, and no such origin is named back', async () => {
    for (const origin of lookalikes(relay.origin)) {
      const reply = await http.ask({ method: 'GET', path: '/v1/meta', headers: { Origin: origin } });
      expect([reply.status, reply.code], origin).toEqual([403, 'origin_not_allowed']);
      expect(reply.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('a request that a browser calls cross-site is refused without an origin too', async () => {
    const reply = await http.ask({ method: 'GET', path: '/v1/meta', headers: { 'Sec-Fetch-Site': 'cross-site' } });
    expect([reply.status, reply.code]).toEqual([403, 'origin_not_allowed']);
  });

  it('the relay’s own page may, and a page that the operator named, which is told so', async () => {
    expect((await http.ask({ method: 'GET', path: '/v1/meta', headers: { Origin: relay.origin } })).status).toBe(200);
    const elsewhere = await startTestRelay({ PAGE_ORIGINS: 'https://page.example.org' });
    try {
      const asker = new Asker(elsewhere.origin);
      const reply = await asker.ask({ method: 'GET', path: '/v1/meta', headers: { Origin: 'https://page.example.org' } });
      expect(reply.status).toBe(200);
      expect(reply.headers.get('access-control-allow-origin')).toBe('https://page.example.org');
      expect(reply.headers.get('access-control-allow-credentials')).toBeNull();
      expect(reply.headers.get('vary')).toBe('Origin');
    } finally {
      await elsewhere.stop();
    }
  });
});
