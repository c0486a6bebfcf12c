/**
 * The relay's HTTP API and the JSON inside relay frames: schemas used by relay and clients alike. Nothing of the product is in here.
 * All request bodies are strict; all bytes are base64url.
 */
import * as v from 'valibot';
import { DEVICE_KINDS, RemovalSchema, SignedListSchema } from './device-list.ts';

const Email = v.pipe(v.string(), v.maxLength(254));
const B64 = (bytes: number) => v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/), v.length(Math.ceil((bytes * 4) / 3)));
const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16,64}$/));
const KdfSchema = v.strictObject({
  algorithm: v.literal('argon2id'),
  memoryKiB: v.pipe(v.number(), v.integer()),
  iterations: v.pipe(v.number(), v.integer()),
});

export const DeviceKeySchema = v.strictObject({ kind: v.picklist(DEVICE_KINDS), pub: B64(65) });

/** `GET /v1/meta`: what a client must know before it has an account. */
export const MetaSchema = v.object({
  name: v.literal('clawtab'),
  version: v.string(),
  origin: v.string(),
  frameVersion: v.number(),
  vapidPublicKey: v.nullable(v.string()),
});
export type Meta = v.InferOutput<typeof MetaSchema>;

/** `POST /v1/prelogin`: same answer, with a fixed false salt, for an address that has no account. */
export const PreloginRequest = v.strictObject({ email: Email });
export const PreloginReply = v.object({ salt: B64(16), kdf: KdfSchema });

/** `POST /v1/register`, proof by the first device's key, no token. `account` is 16 random bytes made by the client. */
export const RegisterRequest = v.strictObject({
  email: Email,
  account: B64(16),
  salt: B64(16),
  kdf: KdfSchema,
  authKey: B64(32),
  askPub: B64(65),
  wrappedKey: v.pipe(v.string(), v.maxLength(1024), v.regex(/^[A-Za-z0-9_-]+$/)),
  list: SignedListSchema,
  device: DeviceKeySchema,
});
/** Tokens for the device that proved its key. */
export const SignedInReply = v.object({ account: Id, deviceToken: v.string(), sessionToken: v.string(), sessionExpiresInS: v.number() });

/** `POST /v1/login`, proof by the device's key, no token. The session is fresh: it may enrol devices for ten minutes. */
export const LoginRequest = v.strictObject({ email: Email, authKey: B64(32), device: DeviceKeySchema });
export const LoginReply = v.object({
  account: Id,
  sessionToken: v.string(),
  sessionExpiresInS: v.number(),
  askPub: B64(65),
  wrappedKey: v.string(),
  kdf: KdfSchema,
  list: SignedListSchema,
});

/** `POST /v1/list`, fresh session: the next list (epoch + 1), which may add devices. Answers `list_conflict` if another came first. */
export const PutListRequest = v.strictObject({ list: SignedListSchema });
/** `deviceToken` where the caller's own key was added by this list. */
export const PutListReply = v.object({ epoch: v.number(), deviceToken: v.nullable(v.string()) });
/** `GET /v1/list`: the newest list with its removals. */
export const GetListReply = v.object({ list: SignedListSchema });
/** `POST /v1/list/removals`, any session: takes a device off; its tokens and sockets end at once. */
export const RemovalRequest = v.strictObject({ removal: RemovalSchema });

/** `POST /v1/session`, device token: a session token, and the device token's successor. */
export const SessionReply = v.object({ account: Id, sessionToken: v.string(), sessionExpiresInS: v.number(), deviceToken: v.string() });
/** `POST /v1/relay-token`, session token: opens one socket within 30 s. */
export const RelayTokenReply = v.object({ relayToken: v.string(), expiresInS: v.number() });

/**
 * `POST /v1/enrolments` (fresh session): leaves `sealed` for the device with that key, whose list entry the caller has just added. `sealed` is
 * opaque here: the page authenticates it with a one-time secret that never came near the relay.
 */
export const EnrolmentRequest = v.strictObject({ device: Id, sealed: v.pipe(v.string(), v.maxLength(64 * 1024)) });
/** `POST /v1/enrolments/claim`, proof by the device's key, no token: waits up to 25 s; `pending` or the first device token. */
export const ClaimRequest = v.strictObject({ device: DeviceKeySchema });
export const ClaimReply = v.variant('state', [
  v.object({ state: v.literal('pending') }),
  v.object({ state: v.literal('enrolled'), account: Id, deviceToken: v.string(), sealed: v.string() }),
]);

/** `GET /v1/devices`: what the relay knows of the account's devices. `lastSeenHour`: hours since 1970. */
export const DevicesReply = v.object({
  devices: v.array(v.object({ id: Id, kind: v.picklist(DEVICE_KINDS), lastSeenHour: v.nullable(v.number()), revoked: v.boolean() })),
});
/** `GET /v1/events`: security events of the last 90 days, newest first. */
export const EventsReply = v.object({ events: v.array(v.object({ kind: v.string(), device: v.nullable(v.string()), hour: v.number() })) });

/** `POST /v1/push`, session token: forwards an encrypted push; nothing is kept. */
export const PushRequest = v.strictObject({
  endpoint: v.pipe(v.string(), v.maxLength(2048)),
  ttl: v.number(),
  urgency: v.string(),
  topic: v.optional(v.string()),
  body: v.pipe(v.string(), v.maxLength(8192)),
});
export const PushReply = v.object({ outcome: v.picklist(['ok', 'gone', 'retry', 'refused']), retryAfterS: v.optional(v.number()) });

export const ErrorReply = v.object({
  error: v.object({
    code: v.string(),
    message: v.string(),
    hint: v.optional(v.string()),
    request_id: v.optional(v.string()),
    data: v.optional(v.record(v.string(), v.unknown())),
  }),
});

// ---- frames between a client and the relay ---------------------------------------------------------------------------------------

export const ChallengeBody = v.object({ nonce: B64(32), node: v.string(), versions: v.array(v.number()) });
/** `sig` over `socketProofText`, purpose `ct-ws`. */
export const HelloBody = v.strictObject({
  relayToken: v.string(),
  kid: Id,
  sig: B64(64),
  version: v.number(),
  client: v.optional(v.pipe(v.string(), v.maxLength(64))),
});
export const WelcomeBody = v.object({
  connection: v.number(),
  leaseS: v.number(),
  maxFrameBytes: v.number(),
  /** Epoch of the newest device list that the relay has. */
  epoch: v.number(),
  peers: v.array(v.object({ connection: v.number(), device: Id, kind: v.picklist(DEVICE_KINDS) })),
});
export const RenewBody = v.strictObject({ relayToken: v.string(), sig: B64(64) });
export const RenewedBody = v.object({ leaseS: v.number() });
export const PresenceBody = v.object({
  join: v.optional(v.object({ connection: v.number(), device: Id, kind: v.picklist(DEVICE_KINDS) })),
  leave: v.optional(v.number()),
  epoch: v.optional(v.number()),
});
export const ErrorFrameBody = v.object({
  code: v.string(),
  message: v.string(),
  hint: v.optional(v.string()),
  peer: v.optional(v.number()),
});
export const DrainBody = v.object({ afterMs: v.number() });
export const GapBody = v.object({ frames: v.number(), bytes: v.number() });

/** What a hello or renew signs: challenge nonce, token, origin the client believes in, node, version. */
export const socketProofText = (p: { nonce: string; relayToken: string; origin: string; node: string; version: number }): string =>
  JSON.stringify([p.nonce, p.relayToken, p.origin, p.node, p.version]);

/** Token prefixes: `ctd_` device, `cts_` session, `ctr_` relay. */
export const TOKEN_PREFIX = { device: 'ctd_', session: 'cts_', relay: 'ctr_' } as const;
export type TokenType = keyof typeof TOKEN_PREFIX;
