/**
 * The three messages that open a channel (SIGMA shape): ephemeral P-256 both ways, each end signs the whole transcript with its device key and
 * proves the derived key with a MAC over its id. Pure functions of their arguments; the state machine is in channel.ts.
 */
import * as v from 'valibot';
import {
  type Bytes,
  concat,
  equalBytes,
  fromBase64url,
  fromUtf8,
  lengthPrefixed,
  randomBytes,
  sha256,
  toBase64url,
  utf8,
} from './bytes.ts';
import { type ListedDevice, type SignedList, SignedListSchema } from './device-list.ts';
import { ClawError } from './errors.ts';
import { sign, verify } from './keys.ts';
import { CHANNEL_VERSION } from './version.ts';

export const HANDSHAKE = { init: 1, response: 2, finish: 3, refuse: 5 } as const;
export type Role = 'i' | 'r';

const U32 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
const Text = v.pipe(v.string(), v.maxLength(128));
const HelloSchema = v.strictObject({
  versions: v.pipe(v.array(U32), v.minLength(1), v.maxLength(16)),
  role: v.picklist(['i', 'r']),
  id: Text,
  peer: Text,
  ephemeral: Text,
  nonce: Text,
  /** Relay connection ids: the sender's own, then the peer's. */
  connections: v.tuple([U32, U32]),
  list: SignedListSchema,
});
export type Hello = v.InferOutput<typeof HelloSchema>;

export const refused = (why: string, hint?: string): ClawError =>
  new ClawError('e2e_refused', `e2e_refused: ${why}.`, hint === undefined ? {} : { hint });

export interface Ephemeral {
  privateKey: CryptoKey;
  publicRaw: Bytes;
}

export async function createEphemeral(): Promise<Ephemeral> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
  return { privateKey: pair.privateKey, publicRaw: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) };
}

export interface HelloFacts {
  role: Role;
  id: string;
  peer: string;
  connections: [number, number];
  list: SignedList;
}

export function helloBytes(facts: HelloFacts, ephemeral: Ephemeral): Bytes {
  const hello: Hello = {
    versions: [CHANNEL_VERSION],
    ...facts,
    ephemeral: toBase64url(ephemeral.publicRaw),
    nonce: toBase64url(randomBytes(16)),
  };
  return utf8(JSON.stringify(hello));
}

/** A peer's hello, checked against what this end knows of the connection. Throws `e2e_refused: why` or `upgrade_required`. */
export function readHello(bytes: Uint8Array, expected: { role: Role; self: string; peer: string; connections: [number, number] }): Hello {
  let hello: Hello;
  try {
    hello = v.parse(HelloSchema, JSON.parse(fromUtf8(bytes)));
  } catch (cause) {
    throw new ClawError('e2e_refused', 'e2e_refused: the handshake message is not readable.', { cause });
  }
  if (!hello.versions.includes(CHANNEL_VERSION))
    throw new ClawError(
      'upgrade_required',
      `The other device speaks channel versions ${hello.versions.join(', ')}; this one speaks ${CHANNEL_VERSION}.`,
    );
  if (hello.id === expected.self) throw refused('own message came back');
  if (hello.role !== expected.role) throw refused('both ends claim the same role');
  if (hello.peer !== expected.self) throw refused('meant for another device');
  if (hello.id !== expected.peer) throw refused('another device answers on this connection');
  if (hello.connections[0] !== expected.connections[1] || hello.connections[1] !== expected.connections[0])
    throw refused('relay connection ids differ');
  return hello;
}

export interface ChannelSecrets {
  /** SHA-256 over both hellos: signed by both ends, and AAD of every frame. */
  binding: Bytes;
  mac: Record<Role, CryptoKey>;
  /** Raw lane keys by `<direction>/<class>`: `i2r/control`, `i2r/bulk`, `r2i/control`, `r2i/bulk`. */
  lanes: Record<`${'i2r' | 'r2i'}/${'control' | 'bulk'}`, Bytes>;
}

export async function deriveSecrets(
  ephemeral: Ephemeral,
  peerEphemeral: string,
  initBytes: Uint8Array,
  responseBytes: Uint8Array,
): Promise<ChannelSecrets> {
  const binding = await sha256(lengthPrefixed(utf8('ct-e2e/1'), initBytes, responseBytes));
  const raw = fromBase64url(peerEphemeral);
  let secret: ArrayBuffer;
  try {
    const peer = await crypto.subtle.importKey('raw', raw ?? new Uint8Array(), { name: 'ECDH', namedCurve: 'P-256' }, false, []);
    secret = await crypto.subtle.deriveBits({ name: 'ECDH', public: peer }, ephemeral.privateKey, 256);
  } catch (cause) {
    throw new ClawError('e2e_refused', 'e2e_refused: the ephemeral key is not a point on P-256.', { cause });
  }
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const derive = async (info: string): Promise<Bytes> =>
    new Uint8Array(await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: binding, info: utf8(info) }, base, 256));
  const hmac = async (info: string): Promise<CryptoKey> =>
    crypto.subtle.importKey('raw', await derive(info), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return {
    binding,
    mac: { i: await hmac('ct/mac/i'), r: await hmac('ct/mac/r') },
    lanes: {
      'i2r/control': await derive('ct/key/i2r/control'),
      'i2r/bulk': await derive('ct/key/i2r/bulk'),
      'r2i/control': await derive('ct/key/r2i/control'),
      'r2i/bulk': await derive('ct/key/r2i/bulk'),
    },
  };
}

const proofText = (role: Role, secrets: ChannelSecrets, id: string): Bytes => lengthPrefixed(utf8(role), secrets.binding, utf8(id));

/** 64 bytes of signature and 32 of MAC: "I am `id`, I hold its key, and I derived the same secrets". */
export async function prove(role: Role, secrets: ChannelSecrets, id: string, privateKey: CryptoKey): Promise<Bytes> {
  const text = proofText(role, secrets, id);
  return concat(await sign(privateKey, 'ct-e2e', text), new Uint8Array(await crypto.subtle.sign('HMAC', secrets.mac[role], text)));
}

export async function checkProof(proof: Uint8Array, role: Role, secrets: ChannelSecrets, device: ListedDevice): Promise<void> {
  const text = proofText(role, secrets, device.id);
  const pub = fromBase64url(device.pub);
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', secrets.mac[role], text));
  const ok =
    proof.length === 96 && pub && (await verify(pub, 'ct-e2e', text, proof.subarray(0, 64))) && equalBytes(mac, proof.subarray(64));
  if (!ok) throw refused('the signature is not that of the listed device');
}
