/** The CLI's end of the daemon's unix socket: proves its process, sends commands, hears events and output. Used by every command. */
import * as fs from 'node:fs';
import * as net from 'node:net';
import { ClawError } from '../../shared/errors.ts';
import type { ArgsOf, CommandName, ProtocolEvent, ResultOf } from '../../shared/protocol.ts';
import { decodeWire, encodeMessage, type OutputChunk } from '../../shared/wire.ts';
import { takeChallenge } from '../runs/caller.ts';
import { errno } from '../state.ts';
import { VERSION } from '../version.ts';
import { frameLocal, LocalFrames } from './framing.ts';
import type { LocalArgs, LocalCommandName, LocalResult } from './local-commands.ts';

type AnyName = CommandName | LocalCommandName;
type AnyArgs<C extends AnyName> = C extends CommandName ? ArgsOf<C> : C extends LocalCommandName ? LocalArgs<C> : never;
type AnyResult<C extends AnyName> = C extends CommandName ? ResultOf<C> : C extends LocalCommandName ? LocalResult<C> : never;

export interface LocalEvents {
  onEvent?(event: ProtocolEvent): void;
  onOutput?(chunk: OutputChunk): void;
  onClose?(): void;
}

export class LocalClient {
  readonly #socket: net.Socket;
  readonly #frames = new LocalFrames();
  readonly #events: LocalEvents;
  readonly #waiting = new Map<number, { resolve(result: never): void; reject(error: unknown): void }>();
  #count = 0;
  #closed = false;
  /** The run inside which this process lives, or null. */
  insideRun: string | null = null;

  private constructor(socket: net.Socket, events: LocalEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#ended());
  }

  /** Throws `not_running` where no daemon listens. */
  static async connect(socketPath: string, events: LocalEvents = {}): Promise<LocalClient> {
    const socket = await dial(socketPath);
    const client = new LocalClient(socket, events);
    const { challenge } = await client.call('local.hello', { pid: process.pid, version: VERSION });
    let held: number | null = null;
    try {
      held = challenge === null ? null : takeChallenge(challenge, socketPath);
      client.insideRun = (await client.call('local.held', {})).run;
    } catch (error) {
      client.close();
      // A daemon that ends takes its challenge along.
      throw errno(error) === 'ENOENT' ? gone() : error;
    } finally {
      if (held !== null) fs.closeSync(held);
    }
    return client;
  }

  /** Sends one command and resolves with its result. Throws the daemon's own error, or `not_running` where it went away meanwhile. */
  call<C extends AnyName>(command: C, args: AnyArgs<C>): Promise<AnyResult<C>> {
    if (this.#closed) return Promise.reject(gone());
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(frameLocal(encodeMessage({ t: 'req', id, cmd: command, args })));
    });
  }

  close(): void {
    this.#socket.end();
  }

  #received(chunk: Buffer): void {
    this.#frames.push(chunk, (bytes) => {
      const wire = decodeWire(bytes);
      if (wire.kind === 'output') {
        this.#events.onOutput?.(wire.chunk);
        return;
      }
      const { message } = wire;
      if (message.t === 'ev') this.#events.onEvent?.(message.ev as ProtocolEvent);
      if (message.t !== 'res' && message.t !== 'err') return;
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.t === 'res') waiting?.resolve(message.result as never);
      else waiting?.reject(ClawError.from({ code: message.error.code, message: message.error.message, ...optional(message.error) }));
    });
  }

  #ended(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(gone());
    this.#waiting.clear();
    this.#events.onClose?.();
  }
}

const optional = (error: { hint?: string | undefined; data?: Record<string, unknown> | undefined }) => ({
  ...(error.hint === undefined ? {} : { hint: error.hint }),
  ...(error.data === undefined ? {} : { data: error.data }),
});

const gone = (): ClawError =>
  new ClawError('not_running', 'The daemon ended the connection.', { hint: 'See `clawtab daemon status` and `clawtab daemon logs`.' });

function dial(socketPath: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (cause) => {
      const code = errno(cause);
      if (code === 'EACCES' || code === 'EPERM')
        reject(new ClawError('permission_socket', `The daemon's socket ${socketPath} belongs to another user.`, { cause }));
      else reject(new ClawError('not_running', 'The daemon is not running.', { cause }));
    });
  });
}
