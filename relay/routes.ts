/**
 * Every HTTP route of the API in one table: method, path, who may call it, what the body must be, what is done. `routes.test.ts` fails for a
 * route of the app that is not in here. What is done lies in auth/ and push/.
 */
import * as v from 'valibot';
import { ClawError } from '../shared/errors.ts';
import {
  ClaimRequest,
  EnrolmentRequest,
  LoginRequest,
  type MetaSchema,
  PreloginRequest,
  PushRequest,
  PutListRequest,
  RegisterRequest,
  RemovalRequest,
} from '../shared/relay-api.ts';
import { FRAME_VERSION } from '../shared/version.ts';
import { login, prelogin, register } from './auth/accounts.ts';
import * as devices from './auth/devices.ts';
import type { Caller, Policy } from './auth/policy.ts';
import { checkFields } from './body.ts';
import type { Parts } from './parts.ts';
import type { SessionRow } from './store/store.ts';

export interface Call {
  caller: Caller;
  /** Parsed and checked against the route's schema. */
  body: unknown;
  query: URLSearchParams;
  signal: AbortSignal;
}
export interface Route {
  method: 'GET' | 'POST';
  path: string;
  policy: Policy;
  schema: v.GenericSchema | null;
  /** 201 for what makes something. */
  status: 200 | 201;
  run(call: Call, parts: Parts): Promise<unknown>;
}

/** Codes of fields that have one; all others are `bad_field`. */
export const FIELD_CODES: Readonly<Record<string, string>> = {
  email: 'bad_email',
  authKey: 'bad_auth_key',
  newAuthKey: 'bad_auth_key',
  kdf: 'kdf_out_of_range',
  askPub: 'bad_key',
  'device.kind': 'bad_kind',
  'device.pub': 'bad_key',
  endpoint: 'bad_endpoint',
  ttl: 'push_bad_ttl',
  urgency: 'push_bad_urgency',
  topic: 'push_bad_topic',
  body: 'push_bad_body',
};

const Nothing = v.strictObject({});

function post<S extends v.GenericSchema>(
  path: string,
  policy: Policy,
  schema: S,
  run: (body: v.InferOutput<S>, call: Call, parts: Parts) => Promise<unknown>,
  status: 200 | 201 = 200,
): Route {
  return { method: 'POST', path, policy, schema, status, run: (call, parts) => run(call.body as v.InferOutput<S>, call, parts) };
}
function get(path: string, policy: Policy, run: (call: Call, parts: Parts) => Promise<unknown>): Route {
  return { method: 'GET', path, policy, schema: null, status: 200, run };
}

/** Policies `session` and `fresh` have seen to it. */
const sessionOf = (call: Call): SessionRow => call.caller.session!;

/** Throws `bad_limit`. */
function limitOf(query: URLSearchParams): number {
  const text = query.get('limit') ?? '200';
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 200) throw new ClawError('bad_limit', 'The parameter limit is not in (1..200).');
  return limit;
}

async function meta(parts: Parts): Promise<v.InferOutput<typeof MetaSchema>> {
  return {
    name: 'clawtab',
    version: parts.version,
    origin: parts.origins()[0]!,
    frameVersion: FRAME_VERSION,
    vapidPublicKey: parts.push.publicKey,
  };
}

export const ROUTES: readonly Route[] = [
  get('/v1/meta', { kind: 'none', why: 'what a client must know before it has an account' }, (_, parts) => meta(parts)),
  post(
    '/v1/prelogin',
    { kind: 'none', why: 'salt and KDF are needed to derive the key that signs in; unknown addresses get false ones' },
    PreloginRequest,
    (body, _, parts) => prelogin(body, parts),
  ),
  post('/v1/register', { kind: 'proof' }, RegisterRequest, (body, call, parts) => register(body, call.caller, parts), 201),
  post('/v1/login', { kind: 'proof' }, LoginRequest, (body, call, parts) => login(body, call.caller, parts)),
  post('/v1/session', { kind: 'device' }, Nothing, (_, call, parts) => devices.openSession(call.caller, parts)),
  post('/v1/relay-token', { kind: 'session' }, Nothing, (_, call, parts) => devices.relayToken(sessionOf(call), call.caller, parts)),
  get('/v1/list', { kind: 'session', listed: false }, (call, parts) => devices.getList(sessionOf(call), parts)),
  post('/v1/list', { kind: 'fresh' }, PutListRequest, (body, call, parts) => devices.putList(body, sessionOf(call), parts)),
  post('/v1/list/removals', { kind: 'session' }, RemovalRequest, (body, call, parts) => devices.remove(body, sessionOf(call), parts)),
  post(
    '/v1/enrolments',
    { kind: 'fresh' },
    EnrolmentRequest,
    (body, call, parts) => devices.leaveEnrolment(body, sessionOf(call), parts),
    201,
  ),
  post('/v1/enrolments/claim', { kind: 'proof' }, ClaimRequest, (body, call, parts) =>
    devices.claim(body, call.caller, call.signal, parts),
  ),
  get('/v1/devices', { kind: 'session' }, (call, parts) => devices.listDevices(sessionOf(call), parts)),
  get('/v1/events', { kind: 'session' }, (call, parts) => devices.listEvents(sessionOf(call), limitOf(call.query), parts)),
  post('/v1/logout', { kind: 'session', listed: false }, Nothing, (_, call, parts) => devices.logout(sessionOf(call), parts)),
  post('/v1/push', { kind: 'session' }, PushRequest, async (body, call, parts) => {
    await parts.rates.push(sessionOf(call).account);
    return parts.push.forward(body);
  }),
];

/** A private key on its way to us, in the forms people have them in: PKCS #8 or SEC 1, PEM, JWK. */
const PRIVATE_KEY = /^(MIGHAgEAMBMG|MIGT|MHcCAQE|-----BEGIN [A-Z ]*PRIVATE KEY)/;
function refusePrivateKey(key: unknown): void {
  if ((typeof key === 'object' && key !== null && 'd' in key) || (typeof key === 'string' && PRIVATE_KEY.test(key)))
    throw new ClawError('private_key_refused', 'A private key was sent where a public one belongs.');
}

/** The route's body as its schema knows it. Throws the code of the first field that does not fit. */
export function checkBody(route: Route, body: Record<string, unknown>): unknown {
  if (route.schema === null) return undefined;
  const { askPub, device } = body;
  refusePrivateKey(askPub);
  if (typeof device === 'object' && device !== null && 'pub' in device) refusePrivateKey(device.pub);
  return checkFields(route.schema, body, FIELD_CODES);
}
