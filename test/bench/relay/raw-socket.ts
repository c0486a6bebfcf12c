/**
 * A WebSocket client on a bare TCP socket, so that the load generator costs little and the same on both sides: binary messages only, a zero mask
 * (legal, and free), messages handed out as views of the receive buffer.
 */
import { connect, type Socket } from 'node:net';
import { SUBPROTOCOL } from '../../../shared/version.ts';

const MASK_BIT = 0x80;
const BINARY_FINAL = 0x82;

/** Wraps a payload into one masked client frame with mask 0. */
export function clientFrame(payload: Uint8Array): Buffer {
  const n = payload.length;
  const head = n < 126 ? 2 : n < 65_536 ? 4 : 10;
  const out = Buffer.alloc(head + 4 + n);
  out[0] = BINARY_FINAL;
  if (head === 2) out[1] = MASK_BIT | n;
  else if (head === 4) {
    out[1] = MASK_BIT | 126;
    out.writeUInt16BE(n, 2);
  } else {
    out[1] = MASK_BIT | 127;
    out.writeBigUInt64BE(BigInt(n), 2);
  }
  out.set(payload, head + 4);
  return out;
}

export class RawSocket {
  readonly socket: Socket;
  onMessage: (payload: Buffer) => void = () => undefined;
  onClose: (why: string) => void = () => undefined;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Resolves once the upgrade is done. */
  static open(origin: string, path: string, asPage: boolean): Promise<RawSocket> {
    const url = new URL(origin);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname);
      socket.setNoDelay(true);
      const self = new RawSocket(socket);
      let head = Buffer.alloc(0);
      const onHead = (chunk: Buffer): void => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        socket.off('data', onHead);
        const status = head.toString('latin1', 9, 12);
        if (status !== '101') {
          socket.destroy();
          reject(new Error(`upgrade refused with ${status}`));
          return;
        }
        socket.pause();
        resolve(self);
        // What came with the head waits until whoever opened it has set its handler.
        setImmediate(() => {
          if (head.length > end + 4) self.#receive(head.subarray(end + 4));
          socket.on('data', (data: Buffer) => self.#receive(data));
          socket.resume();
        });
      };
      socket.on('data', onHead);
      socket.once('error', reject);
      socket.on('close', () => self.onClose('closed'));
      socket.on('connect', () =>
        socket.write(
          `GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n${asPage ? `Origin: ${origin}\r\n` : ''}\r\n`,
        ),
      );
    });
  }

  send(payload: Uint8Array): void {
    this.socket.write(clientFrame(payload));
  }

  #receive(data: Buffer): void {
    let buffer = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    for (;;) {
      if (buffer.length < 2) break;
      const opcode = buffer[0]! & 15;
      let n = buffer[1]! & 127;
      let at = 2;
      if (n === 126) {
        if (buffer.length < 4) break;
        n = buffer.readUInt16BE(2);
        at = 4;
      } else if (n === 127) {
        if (buffer.length < 10) break;
        n = Number(buffer.readBigUInt64BE(2));
        at = 10;
      }
      if (buffer.length < at + n) break;
      const payload = buffer.subarray(at, at + n);
      buffer = buffer.subarray(at + n);
      if (opcode === 2) this.onMessage(payload);
      else if (opcode === 9) this.#pong(payload);
      else if (opcode === 8) this.onClose(payload.length >= 2 ? `${payload.readUInt16BE(0)} ${payload.toString('utf8', 2)}` : 'closed');
    }
    // A copy: the received buffer is the pool's, and may be large for a small rest.
    this.#rest = buffer.length === 0 ? Buffer.alloc(0) : Buffer.from(buffer);
  }

  #pong(payload: Buffer): void {
    const frame = clientFrame(payload);
    frame[0] = 0x8a;
    this.socket.write(frame);
  }
}
