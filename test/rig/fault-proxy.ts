/**
 * A line that can be cut: TCP or unix socket in, TCP or unix socket out, bytes untouched until someone cuts. A cut may wait for some more bytes, so that it
 * falls inside a frame, and may be a reset instead of an end. Knows a phone's WebSocket from a daemon's by the Origin that browsers send.
 */
import * as net from 'node:net';
import type { Random } from './random.ts';

export type LineKind = 'phone' | 'daemon' | 'other';

interface Line {
  kind: LineKind;
  near: net.Socket;
  far: net.Socket;
  /** Bytes towards the near end that may still pass; null while no cut is planned. */
  left: number | null;
}

export class FaultProxy {
  readonly #server: net.Server;
  readonly #to: net.NetConnectOpts;
  readonly #lines = new Set<Line>();

  private constructor(to: net.NetConnectOpts) {
    this.#to = to;
    this.#server = net.createServer((near) => this.#join(near));
  }

  /** Listens at a free port of the loopback, or at a unix socket. */
  static async listen(to: net.NetConnectOpts, path?: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(to);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      if (path === undefined) proxy.#server.listen(0, '127.0.0.1', resolve);
      else proxy.#server.listen(path, resolve);
    });
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Cuts one line of that kind, at once or some bytes on; false where there is none. */
  cut(kind: LineKind | 'any', random: Random): boolean {
    const lines = [...this.#lines].filter((line) => line.left === null && (kind === 'any' || line.kind === kind));
    if (lines.length === 0) return false;
    const line = random.pick(lines);
    if (random.chance(0.5)) this.#end(line, random.chance(0.5));
    else line.left = random.below(20_000);
    return true;
  }

  close(): void {
    this.#server.close();
    for (const line of [...this.#lines]) this.#end(line, false);
  }

  #join(near: net.Socket): void {
    const far = net.connect(this.#to);
    const line: Line = { kind: 'other', near, far, left: null };
    this.#lines.add(line);
    let heard = false;
    near.on('data', (bytes: Buffer) => {
      if (!heard) line.kind = kindOf(bytes.toString('latin1'));
      heard = true;
      if (!far.write(bytes)) near.pause();
    });
    far.on('data', (bytes: Buffer) => {
      const part = line.left === null ? bytes : bytes.subarray(0, line.left);
      if (line.left !== null) line.left -= part.length;
      if (part.length > 0 && !near.write(part)) far.pause();
      if (line.left === 0) this.#end(line, false);
    });
    near.on('drain', () => far.resume());
    far.on('drain', () => near.resume());
    for (const socket of [near, far]) socket.on('error', () => this.#end(line, false)).on('close', () => this.#end(line, false));
  }

  #end(line: Line, reset: boolean): void {
    if (!this.#lines.delete(line)) return;
    for (const socket of [line.near, line.far]) {
      if (reset && socket instanceof net.Socket && typeof this.#server.address() === 'object') socket.resetAndDestroy();
      else socket.destroy();
    }
  }
}

function kindOf(head: string): LineKind {
  if (!/^upgrade: websocket/im.test(head)) return 'other';
  return /^origin:/im.test(head) ? 'phone' : 'daemon';
}
