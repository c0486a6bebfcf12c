/**
 * The daemon's unix socket: 0600 in a 0700 directory. Lets a caller in once it has proven its process, so that a process of an agent's own run
 * is known as one. Speaks wire messages; what they ask is the API's business.
 */
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import * as v from 'valibot';
import type { Bytes } from '../../shared/bytes.ts';
import { GRANTS } from '../../shared/device-list.ts';
import { ClawError } from '../../shared/errors.ts';
import type { Message } from '../../shared/protocol.ts';
import { decodeWire, encodeMessage } from '../../shared/wire.ts';
import type { Api } from '../api.ts';
import type { ApiConnection, Caller } from '../api-connection.ts';
import { type Challenge, newChallenge } from '../runs/caller.ts';
import { processFacts } from '../runs/processes.ts';
import { errno } from '../state.ts';
import { LocalClient } from './client.ts';
import { frameLocal, LocalFrames, MAX_LOCAL_BYTES } from './framing.ts';
import { LOCAL_COMMANDS } from './local-commands.ts';

const HELLO_TIMEOUT_MS = 5000;
/** How long the daemon that is there already may take to say who it is. */
const PID_TIMEOUT_MS = 2000;
/** A local reader that does not read is put out before it costs more than this. */
const STUCK_BYTES = 16 << 20;

export interface LocalServerOptions {
  socket: string;
  api: Api;
  /** The run that a process belongs to, or null. */
  runOf(pid: number): string | null;
  onTrouble(error: unknown): void;
}

export interface LocalServer {
  /** Another run is known: a caller from inside it, who came before that, is put out. */
  recheck(): void;
  close(): Promise<void>;
}

/** Listens; throws `already_running` where a daemon answers on the socket, `state_socket` where something else lies there. */
export async function serveLocal(options: LocalServerOptions): Promise<LocalServer> {
  await assertNoDaemon(options.socket);
  const callers = new Map<net.Socket, LocalConnection>();
  const server = net.createServer((socket) => {
    callers.set(socket, new LocalConnection(socket, options));
    socket.on('close', () => callers.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new ClawError('state_socket', `The daemon cannot listen on ${options.socket} (${errno(error)}).`, { cause: error })),
    );
    server.listen(options.socket, resolve);
  });
  fs.chmodSync(options.socket, 0o600);
  server.on('error', options.onTrouble);
  return {
    recheck() {
      for (const caller of callers.values()) caller.recheck();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of callers.keys()) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Removes a socket that nobody listens on. Throws `already_running`, `state_socket`. */
export async function assertNoDaemon(file: string): Promise<void> {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isSocket())
    throw new ClawError('state_socket', `${file} is in the way: it is not a socket.`, { hint: `Look at it, then remove it: rm '${file}'` });
  if (await answers(file)) {
    const pid = await pidOf(file);
    throw new ClawError('already_running', `A daemon is already running for this state directory${pid === null ? '' : ` (pid ${pid})`}.`, {
      hint: 'See `clawtab daemon status`.',
    });
  }
  fs.rmSync(file, { force: true });
}

/** Null where the daemon does not say it in time, or not to this caller. */
async function pidOf(file: string): Promise<number | null> {
  const asked = LocalClient.connect(file).then(async (client) => {
    const { pid } = await client.call('daemon.status', {}).finally(() => client.close());
    return pid;
  });
  return Promise.race([asked.catch(() => null), new Promise<null>((resolve) => setTimeout(resolve, PID_TIMEOUT_MS, null).unref())]);
}

function answers(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect(file);
    const done = (alive: boolean): void => {
      probe.destroy();
      resolve(alive);
    };
    probe.once('connect', () => done(true));
    probe.once('error', (error) => done(errno(error) !== 'ECONNREFUSED' && errno(error) !== 'ENOENT'));
  });
}

class LocalConnection {
  readonly #socket: net.Socket;
  readonly #options: LocalServerOptions;
  readonly #frames = new LocalFrames();
  readonly #timer: NodeJS.Timeout;
  #challenge: Challenge | null = null;
  #pid = 0;
  #connection: ApiConnection | null = null;
  #insideRun: string | null = null;

  constructor(socket: net.Socket, options: LocalServerOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#timer = setTimeout(() => socket.destroy(), HELLO_TIMEOUT_MS);
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
  }

  #received(chunk: Buffer): void {
    try {
      this.#frames.push(chunk, (message) => {
        const fine = this.#connection ? this.#connection.receive(message) : this.#greet(message);
        if (!fine) this.#socket.destroy();
      });
    } catch (error) {
      if (!(error instanceof ClawError)) this.#options.onTrouble(error);
      this.#socket.destroy();
    }
  }

  /** Before the API: `local.hello`, then `local.held`. False ends the connection. */
  #greet(bytes: Uint8Array): boolean {
    const wire = decodeWire(bytes);
    if (wire.kind !== 'message' || wire.message.t !== 'req') return false;
    const { id, cmd, args } = wire.message;
    if (cmd === 'local.hello') {
      const hello = v.safeParse(LOCAL_COMMANDS['local.hello'].args, args);
      if (!hello.success || this.#challenge) return false;
      this.#pid = hello.output.pid;
      this.#challenge = newChallenge(path.dirname(this.#options.socket));
      this.#send({ t: 'res', id, ok: true, result: { challenge: this.#challenge.file } });
      return true;
    }
    if (cmd !== 'local.held' || !this.#challenge) return false;
    const proven = this.#challenge.provenBy(this.#pid);
    this.#challenge.close();
    this.#challenge = null;
    if (!proven) {
      const error = new ClawError('permission_caller', `Process ${this.#pid} did not prove that it is the caller.`);
      this.#send({ t: 'err', id, error: error.body() });
      return true;
    }
    clearTimeout(this.#timer);
    const insideRun = this.#options.runOf(this.#pid);
    this.#insideRun = insideRun;
    this.#send({ t: 'res', id, ok: true, result: { run: insideRun } });
    const caller: Caller = { kind: 'desk', id: 'desk', name: 'desk', grants: new Set(GRANTS), insideRun, watching: false };
    this.#connection = this.#options.api.connect(caller, { maxBytes: MAX_LOCAL_BYTES, send: (message) => this.#write(message) });
    return true;
  }

  /** One that came before its run was known; and one whose process has gone, of which nobody can say any more who holds the socket. */
  recheck(): void {
    if (this.#connection === null || this.#insideRun !== null) return;
    if (this.#options.runOf(this.#pid) !== null || processFacts(this.#pid) === null) this.#socket.destroy();
  }

  #send(message: Message): void {
    this.#write(encodeMessage(message));
  }

  #write(message: Bytes): void {
    this.#socket.write(frameLocal(message));
    if (this.#socket.writableLength > STUCK_BYTES) this.#socket.destroy();
  }

  #closed(): void {
    clearTimeout(this.#timer);
    this.#challenge?.close();
    this.#connection?.close();
  }
}
