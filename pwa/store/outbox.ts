/**
 * Answers on their way: kept until there is a last word on each, sent again under the same id after a cut, dropped with a word when their time
 * is over. Never decides what an answer means; the machine does.
 */
import { asClawError } from '../../shared/errors.ts';
import type { Answer, Verdict, VerdictCode } from '../../shared/protocol.ts';
import { isFinal } from './answer-terms.ts';
import type { OutboxItem, OutboxStore } from './database.ts';

/** Failures that say nothing about the answer: it is sent again when the machine is back. */
const TRANSPORT = new Set(['peer_offline', 'request_timeout', 'busy', 'internal', 'bad_reply', 'replaced']);
const isTransport = (code: string): boolean => TRANSPORT.has(code) || code.startsWith('e2e_') || code.startsWith('relay_');

/** How long the disk may take to keep an answer. */
const KEEP_MS = 1000;

export interface OutboxOptions {
  store: OutboxStore;
  /** Throws `peer_offline` where the machine cannot be reached now. */
  send(machine: string, answer: Answer): Promise<Verdict>;
  onChange(item: OutboxItem): void;
  onRemoved(answerId: string): void;
  /** It could not be written to disk: it goes out all the same, and is lost with the page if it cannot. */
  onUnkept?(item: OutboxItem): void;
  nowMs?: () => number;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #nowMs: () => number;
  readonly #items = new Map<string, OutboxItem>();
  readonly #underWay = new Set<string>();
  readonly #volatile = new Set<string>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  /** Takes up what an earlier page left behind. */
  async load(): Promise<void> {
    for (const item of await this.#options.store.all()) {
      if (this.#items.has(item.answerId)) continue;
      this.#items.set(item.answerId, item);
      this.#options.onChange(item);
      this.#arm(item);
    }
  }

  /**
   * `volatile`: never written to disk (a password); lost with the page. Every other answer is on disk before anything is said of it, so that a page that ends
   * at the first "Sending" sends it when it comes back. One that `load` has taken up already goes on as it stands: written anew, it would look unsent.
   */
  async post(item: OutboxItem, volatile = false): Promise<void> {
    const { answerId } = item;
    if (volatile) this.#volatile.add(answerId);
    else if (!this.#items.has(answerId)) await this.#keep(item);
    if (!this.#items.has(answerId)) {
      this.#items.set(answerId, item);
      this.#options.onChange(item);
      this.#arm(item);
    }
    await this.#deliver(answerId);
  }

  /** A disk that does not answer keeps no answer back. */
  async #keep(item: OutboxItem): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the storage does not answer')), KEEP_MS);
    });
    await Promise.race([this.#options.store.put(item), late]).catch(() => this.#unkept(item));
    clearTimeout(timer);
  }

  /** The machine is there: everything for it that has no last word goes out (again). */
  async flush(machine: string): Promise<void> {
    const due = [...this.#items.values()].filter((i) => i.machine === machine && !isFinal(i.verdict));
    await Promise.all(due.map((i) => this.#deliver(i.answerId)));
  }

  /** A word from the machine on an answer of ours. */
  async heard(verdict: Verdict): Promise<void> {
    const item = this.#items.get(verdict.answerId);
    if (!item || isFinal(item.verdict)) return;
    await this.#update({ ...item, verdict, heardAtMs: this.#nowMs() });
  }

  /** Takes back an answer that has not left this device. False where it may have. */
  async takeBack(answerId: string): Promise<boolean> {
    const item = this.#items.get(answerId);
    if (!item || item.sentAtMs !== null || item.verdict) return false;
    this.#forget(answerId);
    await this.#options.store.remove(answerId);
    this.#options.onRemoved(answerId);
    return true;
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  async #deliver(answerId: string): Promise<void> {
    const item = this.#items.get(answerId);
    if (!item || isFinal(item.verdict) || this.#underWay.has(answerId)) return;
    const leftS = Math.floor(this.#leftMs(item) / 1000);
    if (leftS < 1) return this.#expire(item);
    this.#underWay.add(answerId);
    try {
      const sending = this.#options.send(item.machine, { ...item.answer, ttlS: Math.min(item.answer.ttlS, leftS) });
      // Marked before the reply: from here on it may have been typed, and cannot be taken back.
      void this.#update({ ...item, sentAtMs: this.#nowMs() });
      await this.heard(await sending);
    } catch (thrown) {
      const error = asClawError(thrown);
      if (!isTransport(error.code)) await this.heard(this.#verdict(item, 'not_typed', error.message));
      else if (error.code === 'peer_offline') await this.#unsent(item);
    } finally {
      this.#underWay.delete(answerId);
    }
  }

  /** It never left: `peer_offline` is raised before anything is sent. */
  async #unsent(item: OutboxItem): Promise<void> {
    const now = this.#items.get(item.answerId);
    if (now && !now.verdict && item.sentAtMs === null) await this.#update({ ...now, sentAtMs: null });
  }

  #leftMs(item: OutboxItem): number {
    return item.createdAtMs + item.answer.ttlS * 1000 - this.#nowMs();
  }

  #arm(item: OutboxItem): void {
    if (isFinal(item.verdict)) return;
    clearTimeout(this.#timers.get(item.answerId));
    const timer = setTimeout(() => void this.#expire(item), Math.max(0, this.#leftMs(item)));
    this.#timers.set(item.answerId, timer);
  }

  async #expire(item: OutboxItem): Promise<void> {
    const now = this.#items.get(item.answerId);
    if (!now || isFinal(now.verdict)) return;
    if (now.sentAtMs === null) await this.heard(this.#verdict(now, 'expired', 'The machine was not reached in time; nothing was typed.'));
    else await this.heard(this.#verdict(now, 'unknown', 'No word came back: the answer may have been typed. Look at the screen.'));
  }

  #unkept(item: OutboxItem): void {
    this.#volatile.add(item.answerId);
    this.#options.onUnkept?.(item);
  }

  #verdict(item: OutboxItem, verdict: VerdictCode, message: string): Verdict {
    return { answerId: item.answerId, run: item.answer.run, qid: item.answer.qid, verdict, message };
  }

  #forget(answerId: string): void {
    clearTimeout(this.#timers.get(answerId));
    this.#timers.delete(answerId);
    this.#items.delete(answerId);
  }

  async #update(item: OutboxItem): Promise<void> {
    const known = this.#items.get(item.answerId);
    // A late "it has been sent" must not overwrite the last word.
    if (known && isFinal(known.verdict)) return;
    this.#items.set(item.answerId, item);
    this.#options.onChange(item);
    if (isFinal(item.verdict)) {
      clearTimeout(this.#timers.get(item.answerId));
      this.#timers.delete(item.answerId);
      // What stays on disk against the will of it is sent again under the same id, and gets the same word.
      if (!this.#volatile.has(item.answerId)) await this.#options.store.remove(item.answerId).catch(() => undefined);
    } else if (!this.#volatile.has(item.answerId)) await this.#options.store.put(item).catch(() => this.#unkept(item));
  }
}
