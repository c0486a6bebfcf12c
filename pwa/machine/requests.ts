/** Requests under way on one channel: ids, replies checked against the schema, deadlines. Knows no transport. */
import * as v from 'valibot';
import { asClawError, ClawError } from '../../shared/errors.ts';
import { type ArgsOf, COMMANDS, type CommandName, type Message, type ResultOf } from '../../shared/protocol.ts';

const DEADLINE_MS = 15_000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: ClawError): void;
  timer: ReturnType<typeof setTimeout>;
}

export class Requests {
  readonly #send: (message: Message) => void;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(send: (message: Message) => void) {
    this.#send = send;
  }

  /** Throws the machine's own error, `request_timeout`, `bad_reply`, or what ended the connection. */
  async ask<C extends CommandName>(cmd: C, args: ArgsOf<C>, deadlineMs = DEADLINE_MS): Promise<ResultOf<C>> {
    const id = ++this.#next;
    const result = await new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new ClawError('request_timeout', 'The machine does not answer.', { hint: 'It may be asleep or offline.' }));
      }, deadlineMs);
      this.#waiting.set(id, { resolve, reject, timer });
      try {
        this.#send({ t: 'req', id, cmd, args });
      } catch (error) {
        this.#take(id)?.reject(asClawError(error));
      }
    });
    const parsed = v.safeParse(COMMANDS[cmd].result, result);
    if (!parsed.success)
      throw new ClawError('bad_reply', `The machine’s answer to ${cmd} is not understood.`, { hint: 'Update ClawTab on the machine.' });
    return parsed.output as ResultOf<C>;
  }

  settle(message: Extract<Message, { t: 'res' | 'err' }>): void {
    const waiting = this.#take(message.id);
    if (!waiting) return;
    if (message.t === 'res') waiting.resolve(message.result);
    else {
      const { code, message: text, hint, data } = message.error;
      waiting.reject(ClawError.from({ code, message: text, ...(hint ? { hint } : {}), ...(data ? { data } : {}) }));
    }
  }

  /** The connection is over: nobody waits any longer. */
  fail(error: ClawError): void {
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(error);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting) clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    return waiting;
  }
}
