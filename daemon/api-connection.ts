/**
 * One end of the door: a phone's channel or a socket of this machine. Turns bytes into commands and answers each with exactly one reply; numbers
 * the events; owns the caller's output streams. What a command does is api.ts's handlers'; how bytes travel is the transport's.
 */
import * as v from 'valibot';
import type { Bytes } from '../shared/bytes.ts';
import type { Grant } from '../shared/device-list.ts';
import { asClawError, ClawError } from '../shared/errors.ts';
import { CLASS, type FrameClass } from '../shared/frame.ts';
import type { Message, ProtocolEvent } from '../shared/protocol.ts';
import { decodeWire, encodeMessage, encodeOutput } from '../shared/wire.ts';
import type { OutputSource, OutputStreams } from './output-streams.ts';
import { OutputStreams as Streams } from './output-streams.ts';

export interface Caller {
  kind: 'desk' | 'phone';
  /** `desk`, or the device id. */
  id: string;
  /** As others read it in "answered by". */
  name: string;
  grants: ReadonlySet<Grant>;
  /** The run inside which the caller lives, for a process of an agent. */
  insideRun: string | null;
  /** A person looks at it now (phones say so): no push meanwhile. */
  watching: boolean;
}

export interface Transport {
  /** Largest message, bytes. */
  readonly maxBytes: number;
  send(message: Bytes, cls: FrameClass): void;
}

/** One command: who may, what it takes, what it does. `args` has been parsed by `schema`. */
export interface Verb {
  grant: Grant | 'local';
  schema: v.GenericSchema;
  run(args: never, connection: ApiConnection): unknown;
}

export interface Door {
  /** Undefined for a verb that this version does not have. */
  verb(name: string): Verb | undefined;
  unsupported(name: string): ClawError;
  mayAsk(name: string, caller: Caller): ClawError | null;
  badArguments(name: string, issue: v.BaseIssue<unknown>): ClawError;
  onUnexpected(error: unknown, command: string): void;
  output: OutputSource;
  closed(connection: ApiConnection): void;
}

/** Requests of one connection that may be under way at once; more wait for nobody: they are refused. */
const MAX_PENDING = 64;

export class ApiConnection {
  readonly caller: Caller;
  readonly streams: OutputStreams;
  readonly #door: Door;
  readonly #transport: Transport;
  #seq = 0;
  #pending = 0;
  #closed = false;

  constructor(door: Door, caller: Caller, transport: Transport) {
    this.#door = door;
    this.caller = caller;
    this.#transport = transport;
    this.streams = new Streams(door.output, {
      // A little room for the seal, the frame and the padding.
      maxChunkBytes: Math.min(64 * 1024, transport.maxBytes - 4096),
      chunk: (chunk) => !this.#closed && this.#transport.send(encodeOutput(chunk), CLASS.bulk),
      event: (event) => this.emit(event),
    });
  }

  /** A message from the caller. Never throws; what is not understood is answered, or closes by `false`. */
  receive(bytes: Uint8Array): boolean {
    if (this.#closed) return false;
    let message: Message;
    try {
      const wire = decodeWire(bytes);
      if (wire.kind !== 'message' || wire.message.t !== 'req') throw new ClawError('bad_frame', 'Only requests are taken here.');
      message = wire.message;
    } catch {
      return false;
    }
    void this.#request(message.id, message.cmd, message.args);
    return true;
  }

  emit(ev: ProtocolEvent): void {
    if (this.#closed) return;
    this.#send({ t: 'ev', seq: ++this.#seq, ev });
  }

  get seq(): number {
    return this.#seq;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.streams.close();
    this.#door.closed(this);
  }

  async #request(id: number, command: string, args: unknown): Promise<void> {
    this.#pending++;
    try {
      const result = await this.#carryOut(command, args);
      this.#send({ t: 'res', id, ok: true, result: result ?? {} }, id);
    } catch (thrown) {
      const error = asClawError(thrown);
      if (error.code === 'internal') this.#door.onUnexpected(thrown, command);
      this.#send({ t: 'err', id, error: error.body() }, id);
    } finally {
      this.#pending--;
    }
  }

  #carryOut(command: string, args: unknown): unknown {
    if (this.#pending > MAX_PENDING) throw new ClawError('busy', `${MAX_PENDING} requests of this connection are still being answered.`);
    const verb = this.#door.verb(command);
    if (!verb) throw this.#door.unsupported(command);
    const refusal = this.#door.mayAsk(command, this.caller);
    if (refusal) throw refusal;
    const parsed = v.safeParse(verb.schema, args);
    if (!parsed.success) throw this.#door.badArguments(command, parsed.issues[0]);
    return verb.run(parsed.output as never, this);
  }

  #send(message: Message, replyTo?: number): void {
    if (this.#closed) return;
    const bytes = encodeMessage(message);
    if (bytes.length <= this.#transport.maxBytes) this.#transport.send(bytes, CLASS.control);
    else if (replyTo !== undefined) {
      const error = new ClawError('too_large', `The answer has ${bytes.length} bytes; ${this.#transport.maxBytes} fit.`, {
        hint: 'Ask for less.',
      });
      this.#transport.send(encodeMessage({ t: 'err', id: replyTo, error: error.body() }), CLASS.control);
    }
    // An event that does not fit leaves a hole in `seq`; the other end asks for the state again (protocol.ts).
  }
}
