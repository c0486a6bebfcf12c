/** HTTP to a test relay below the level of a client: any proof, any token, any bytes. Not part of the product. */
import { once } from 'node:events';
import { connect } from 'node:net';
import * as v from 'valibot';
import { expect } from 'vitest';
import { randomBytes, randomId, toBase64url } from '../shared/bytes.ts';
import { createList } from '../shared/device-list.ts';
import { createSigningKey, type SigningKey } from '../shared/keys.ts';
import { createProof, type ProofFor } from '../shared/proof.ts';
import { ErrorReply } from '../shared/relay-api.ts';
import { createDevice } from '../shared/test-devices.ts';

export interface Answered {
  status: number;
  headers: Headers;
  text: string;
  /** `error.code`, or empty for an answer without one. */
  code: string;
  error: v.InferOutput<typeof ErrorReply>['error'] | null;
}

function answered(status: number, headers: Headers, text: string): Answered {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const parsed = v.safeParse(ErrorReply, body);
  return {
    status,
    headers,
    text,
    code: parsed.success ? parsed.output.error.code : '',
    error: parsed.success ? parsed.output.error : null,
  };
}

export interface Ask {
  method?: string;
  path: string;
  /** Sent as it is where it is text or bytes, else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  token?: string;
  key?: SigningKey;
  /** Changes to what the proof is made for. */
  proof?: Partial<ProofFor>;
}

/** One HTTP client that knows the relay's newest nonce and nothing else. */
export class Asker {
  readonly origin: string;
  #nonce: string | undefined;

  constructor(origin: string) {
    this.origin = origin;
  }

  async ask({ method = 'POST', path, body, headers = {}, token, key, proof }: Ask): Promise<Answered> {
    if (key && this.#nonce === undefined) await this.#learnNonce();
    const all: Record<string, string> = { 'Content-Type': 'application/json' };
    if (token !== undefined) all['Authorization'] = `DPoP ${token}`;
    if (key) all['DPoP'] = await createProof(key, { method, url: this.origin + path, nonce: this.#nonce, token, ...proof });
    Object.assign(all, headers);
    const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const bodyless = method === 'GET' || method === 'HEAD';
    if (bodyless) delete all['Content-Type'];
    const reply = await fetch(this.origin + path, {
      method,
      headers: all,
      ...(raw === undefined || bodyless ? {} : { body: raw as BodyInit }),
    });
    this.#nonce = reply.headers.get('dpop-nonce') ?? this.#nonce;
    return answered(reply.status, reply.headers, await reply.text());
  }

  async #learnNonce(): Promise<void> {
    const reply = await fetch(`${this.origin}/v1/session`, { method: 'POST' });
    this.#nonce = reply.headers.get('dpop-nonce') ?? undefined;
    await reply.body?.cancel();
  }
}

/** Sends `bytes` on a bare connection and gives what comes back until the relay closes it, as an answer where it is one. */
export async function sendRaw(
  origin: string,
  bytes: string | Uint8Array,
  after?: (write: (more: string) => void) => void,
): Promise<Answered & { raw: string }> {
  const url = new URL(origin);
  const socket = connect(Number(url.port), url.hostname);
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  after?.((more) => socket.write(more));
  await new Promise((closed) => socket.once('close', closed));
  const raw = Buffer.concat(parts).toString('latin1');
  const [head = '', ...rest] = raw.split('\r\n\r\n');
  const [status = '', ...lines] = head.split('\r\n');
  const headers = new Headers(
    lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { ...answered(Number(status.split(' ')[1] ?? 0), headers, rest.join('\r\n\r\n')), raw };
}

/** The shape that every refusal has: one code, one sentence, no stack, at most 1 KiB. */
export function expectRefusal(reply: Answered, status: number, code: string): void {
  expect([reply.status, reply.code]).toEqual([status, code]);
  expect(reply.headers.get('content-type')).toBe('application/json');
  expect(reply.text.length).toBeLessThanOrEqual(1024);
  expect(reply.text).not.toMatch(/\bat \S+:\d+:\d+/);
  expect(reply.error?.message).toMatch(/\S/);
  expect(reply.error?.request_id).toMatch(/\S/);
}

/** A registration that the relay would take, with some of it changed. */
export async function registration(change: Record<string, unknown> = {}) {
  const device = await createDevice('phone');
  const ask = await createSigningKey();
  const account = randomId();
  const list = await createList(account, ask, [{ kind: 'phone', pub: device.publicRaw }]);
  const good = {
    email: `${randomId().toLowerCase().replaceAll(/[_-]/g, 'x')}@example.org`,
    account,
    salt: toBase64url(randomBytes(16)),
    kdf: { algorithm: 'argon2id', memoryKiB: 64 * 1024, iterations: 3 },
    authKey: toBase64url(randomBytes(32)),
    askPub: toBase64url(ask.publicRaw),
    wrappedKey: toBase64url(randomBytes(160)),
    list,
    device: { kind: 'phone', pub: toBase64url(device.publicRaw) },
  };
  return { key: device, body: { ...good, ...change } };
}
