/**
 * Input on its way to the pty: one queue for all clients, first come first served, each entry whole before the next. An entry counts as
 * written when the kernel has taken its last byte. Timers run only while the agent does not read.
 */
import { INPUT_TIMEOUT_MS, type Reply } from './holder-protocol.ts';

/** Held for one client at most; a terminal that pastes more is read no further until there is room. */
export const INPUT_LIMIT_BYTES = 1 << 20;
/** How soon to try again while the pty's buffer is full, ms. */
const RETRY_FIRST_MS = 2;
const RETRY_LAST_MS = 50;

export interface InputEntry {
  id: number;
  bytes: Buffer;
  /** The daemon's writes give up after INPUT_TIMEOUT_MS; a person at the desk may wait as long as the agent does. */
  expires: boolean;
  done(reply: Reply): void;
}

interface Waiting {
  entry: InputEntry;
  written: number;
  /** `performance.now()` when it came. */
  since: number;
}

export class InputQueue {
  readonly #write: (bytes: Uint8Array) => number;
  #entries: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #retryMs = RETRY_FIRST_MS;
  #queued = 0;
  #closed = false;

  /** `write` gives bytes to the pty and returns how many it took. */
  constructor(write: (bytes: Uint8Array) => number) {
    this.#write = write;
  }

  get queuedBytes(): number {
    return this.#queued;
  }

  push(entry: InputEntry): void {
    if (this.#closed) {
      entry.done(gone(entry.id, 0));
      return;
    }
    this.#entries.push({ entry, written: 0, since: performance.now() });
    this.#queued += entry.bytes.length;
    // Behind a waiting entry the timer is at work already; trying now would only be refused once more.
    if (this.#timer === undefined) this.pump();
  }

  /** Tries to write; also called when the agent shows life (output), since it may have read by then. */
  pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let head = this.#entries[0]; head !== undefined; head = this.#entries[0]) {
      const count = this.#write(head.entry.bytes.subarray(head.written));
      head.written += count;
      this.#queued -= count;
      if (count > 0) this.#retryMs = RETRY_FIRST_MS;
      if (head.written >= head.entry.bytes.length) {
        this.#entries.shift();
        head.entry.done({ id: head.entry.id, ok: true, written: head.written });
      } else if (count === 0) {
        this.#expire();
        if (this.#entries.length > 0) this.#timer = setTimeout(() => this.pump(), this.#retryMs);
        this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LAST_MS);
        return;
      }
    }
  }

  /** The agent has ended: everything still waiting is answered. */
  close(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
    for (const { entry, written } of this.#entries.splice(0)) entry.done(gone(entry.id, written));
    this.#queued = 0;
  }

  /** Every entry has its own five seconds, whatever stands before it. */
  #expire(): void {
    const late = performance.now() - INPUT_TIMEOUT_MS;
    const kept: Waiting[] = [];
    for (const item of this.#entries) {
      if (!item.entry.expires || item.since > late) {
        kept.push(item);
        continue;
      }
      this.#queued -= item.entry.bytes.length - item.written;
      const message = `The agent has not read its input for ${INPUT_TIMEOUT_MS / 1000} s; ${item.written} of ${item.entry.bytes.length} bytes reached its terminal.`;
      item.entry.done({ id: item.entry.id, ok: false, code: 'agent_not_reading', message, written: item.written });
    }
    this.#entries = kept;
  }
}

function gone(id: number, written: number): Reply {
  return { id, ok: false, code: 'session_gone', message: 'The agent has ended.', written };
}
