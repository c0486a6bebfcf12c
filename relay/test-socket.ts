/** A WebSocket client for tests below the level of any library: every bit of every frame is the test's. Not part of the product. */
import { randomBytes as nodeRandom } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type Bytes, fromUtf8, toBase64url, utf8 } from '../shared/bytes.ts';
import { CLASS, encodeFrame, FRAME, FRAME_HEADER_BYTES, type FrameType, readPeer } from '../shared/frame.ts';
import { sign } from '../shared/keys.ts';
import { RelayTokenReply, socketProofText } from '../shared/relay-api.ts';
import { FRAME_VERSION, SUBPROTOCOL } from '../shared/version.ts';
import type { TestMember } from './test-relay.ts';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WireOptions {
  fin?: boolean;
  rsv?: number;
  masked?: boolean;
  /** Four bytes; random if not given. */
  mask?: Buffer;
  /** Length bytes to announce instead of the true ones. */
  length?: Buffer;
}

/** One WebSocket frame as a client sends it, or as no client should. */
export function wireFrame(
  opcode: number,
  payload: Uint8Array,
  { fin = true, rsv = 0, masked = true, mask, length }: WireOptions = {},
): Buffer {
  const n = payload.length;
  let size: Buffer;
  if (length) size = Buffer.from(length);
  else if (n < 126) size = Buffer.of(n);
  else if (n < 65_536) size = Buffer.of(126, n >> 8, n & 255);
  else {
    size = Buffer.alloc(9);
    size[0] = 127;
    size.writeBigUInt64BE(BigInt(n), 1);
  }
  if (masked) size[0] = size[0]! | 0x80;
  const key = masked ? (mask ?? nodeRandom(4)) : Buffer.alloc(0);
  const body = Buffer.from(payload);
  if (masked) for (let i = 0; i < body.length; i++) body[i] = body[i]! ^ key[i & 3]!;
  return Buffer.concat([Buffer.of((fin ? 0x80 : 0) | (rsv << 4) | opcode), size, key, body]);
}

export interface RelayFrame {
  type: number;
  cls: number;
  peer: number;
  payload: Buffer;
  json(): Record<string, unknown>;
}

export class TestSocket {
  readonly socket: Socket;
  readonly frames: RelayFrame[] = [];
  /** Close frame of the relay, once it came. */
  closed: { code: number; reason: string } | null = null;
  ended = false;
  pongs = 0;
  #rest = Buffer.alloc(0);
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('close', () => {
      this.ended = true;
      this.#wake();
    });
    socket.on('error', () => undefined);
  }

  /** Resolves with the socket once it is upgraded, or with the refusal's status and head. */
  static async open(origin: string, headers: Record<string, string | null> = {}, target = '/v1/ws'): Promise<TestSocket> {
    const result = await TestSocket.attempt(origin, headers, target);
    if (!(result instanceof TestSocket)) throw new Error(`refused: ${result.status} ${result.code}`);
    return result;
  }

  static attempt(
    origin: string,
    headers: Record<string, string | null> = {},
    target = '/v1/ws',
  ): Promise<TestSocket | { status: number; code: string; head: string }> {
    const url = new URL(origin);
    const all: Record<string, string | null> = {
      Host: url.host,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': nodeRandom(16).toString('base64'),
      'Sec-WebSocket-Protocol': SUBPROTOCOL,
      ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
    return new Promise((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname, () => socket.write(`GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`));
      const self = new TestSocket(socket);
      let seen = Buffer.alloc(0);
      const read = (part: Buffer): void => {
        seen = Buffer.concat([seen, part]);
        const end = seen.indexOf('\r\n\r\n');
        if (end < 0) return;
        const status = Number(seen.toString('latin1', 9, 12));
        if (status !== 101) {
          // Not every runtime closes the connection of a refusal.
          const length = Number(/^content-length: (\d+)/im.exec(seen.toString('latin1', 0, end))?.[1] ?? Number.NaN);
          if (seen.length >= end + 4 + length) socket.end();
          return;
        }
        socket.off('data', read);
        socket.on('data', (data: Buffer) => self.#read(data));
        self.#read(seen.subarray(end + 4));
        resolve(self);
      };
      socket.on('data', read);
      socket.on('close', () => {
        const text = seen.toString('latin1');
        resolve({ status: Number(text.slice(9, 12)) || 0, code: /"code":"(\w+)"/.exec(text)?.[1] ?? '', head: text.split('\r\n\r\n')[0]! });
      });
      socket.on('error', (error) => !socket.connecting && seen.length === 0 && reject(error));
    });
  }

  #read(data: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, data]);
    for (;;) {
      const b = this.#rest;
      if (b.length < 2) return;
      let n = b[1]! & 127;
      let at = 2;
      if (n === 126) {
        if (b.length < 4) return;
        n = b.readUInt16BE(2);
        at = 4;
      } else if (n === 127) {
        if (b.length < 10) return;
        n = Number(b.readBigUInt64BE(2));
        at = 10;
      }
      if (b.length < at + n) return;
      const payload = Buffer.from(b.subarray(at, at + n));
      this.#rest = b.subarray(at + n);
      this.#take(b[0]! & 15, payload);
      this.#wake();
    }
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.binary)
      this.frames.push({
        type: payload[1]!,
        cls: payload[2]!,
        peer: readPeer(payload),
        payload: payload.subarray(FRAME_HEADER_BYTES),
        json: () => JSON.parse(payload.toString('utf8', FRAME_HEADER_BYTES)) as Record<string, unknown>,
      });
    else if (opcode === OPCODE.close && this.closed === null) {
      this.socket.end(wireFrame(OPCODE.close, payload.subarray(0, 2)));
      this.closed = { code: payload.length >= 2 ? payload.readUInt16BE(0) : 1005, reason: payload.toString('utf8', 2) };
    } else if (opcode === OPCODE.pong) this.pongs++;
    else if (opcode === OPCODE.ping) this.socket.write(wireFrame(OPCODE.pong, payload));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async until<T>(probe: () => T | null | undefined | false): Promise<T> {
    for (;;) {
      const found = probe();
      if (found) return found;
      if (this.ended) throw new Error(`the socket ended (${this.closed?.code ?? 'without a close'} ${this.closed?.reason ?? ''})`);
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }

  frame(type: FrameType): Promise<RelayFrame> {
    return this.until(() => this.frames.find((f) => f.type === type));
  }

  /** How the relay ends it: close code and reason; 1006 where it cuts the line. */
  async ending(): Promise<{ code: number; reason: string }> {
    while (!this.ended) await new Promise<void>((wake) => this.#waiting.push(wake));
    return this.closed ?? { code: 1006, reason: '' };
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }
  /** One message of the relay's protocol. */
  send(payload: Uint8Array): void {
    this.write(wireFrame(OPCODE.binary, payload));
  }
  say(type: number, body: unknown, peer = 0): void {
    this.send(
      encodeFrame(
        type as FrameType,
        CLASS.control,
        peer,
        typeof body === 'object' && body instanceof Uint8Array ? body : utf8(JSON.stringify(body)),
      ),
    );
  }
  destroy(): void {
    this.socket.destroy();
  }
}

export interface HelloChange {
  relayToken?: string;
  kid?: string;
  version?: number;
  /** What is signed instead. */
  signs?: Partial<Parameters<typeof socketProofText>[0]>;
  purpose?: 'ct-ws' | 'ct-e2e';
  sig?: string;
}

export const relayTokenOf = async (who: TestMember): Promise<string> =>
  (await who.tokens.call({ method: 'POST', path: '/v1/relay-token', reply: RelayTokenReply, body: {} })).relayToken;

/** A hello as `who` would say it, with some of it changed. */
export async function helloOf(at: TestSocket, origin: string, who: TestMember, change: HelloChange = {}): Promise<Record<string, unknown>> {
  const { nonce, node } = (await at.frame(FRAME.challenge)).json() as { nonce: string; node: string };
  const relayToken = change.relayToken ?? (await relayTokenOf(who));
  const text = socketProofText({ nonce, relayToken, origin, node, version: FRAME_VERSION, ...change.signs });
  const sig = change.sig ?? toBase64url(await sign(who.device.privateKey, change.purpose ?? 'ct-ws', utf8(text)));
  return { relayToken, kid: change.kid ?? who.device.id, sig, version: change.version ?? FRAME_VERSION };
}

export const originHeader = (origin: string, who: TestMember): Record<string, string> =>
  who.device.kind === 'phone' ? { Origin: origin } : {};

/** An authenticated socket of `who`, and the connection it got. */
export async function joined(
  origin: string,
  who: TestMember,
): Promise<{ socket: TestSocket; connection: number; peers: { connection: number; device: string }[] }> {
  const socket = await TestSocket.open(origin, originHeader(origin, who));
  socket.say(FRAME.hello, await helloOf(socket, origin, who));
  const welcome = (await socket.frame(FRAME.welcome)).json() as { connection: number; peers: { connection: number; device: string }[] };
  return { socket, ...welcome };
}

export const dataFrame = (peer: number, payload: Bytes | string, cls: 0 | 1 = CLASS.control): Uint8Array =>
  encodeFrame(FRAME.data, cls, peer, typeof payload === 'string' ? utf8(payload) : payload);
export const textOf = (frame: RelayFrame): string => fromUtf8(frame.payload);
