/**
 * Pushes to phones: which event is worth one, to whom, when and how often. Owns the time between a question and its pushes (plan.ts says when, by each
 * phone's wishes) and one waiting push per phone and run: the newest state goes. How it is sent is sender.ts', what it says contents.ts'.
 */
import { fromBase64url } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import type { ArgsOf, Question, ResultOf, Run } from '../../shared/protocol.ts';
import { DEFAULT_WISHES, type PushWishes, quietUntilMs } from '../../shared/push-wishes.ts';
import type { DeviceBook, DeviceEntry } from '../device-book.ts';
import type { Clock } from '../questions/watcher.ts';
import { asking, type Content, ended, NOT_MEANT, notStarted, ready, settled, trial } from './contents.ts';
import { deafText, hearing, isDeaf, shown } from './hearing.ts';
import { GRACE_MS, nextTelling, type Telling, type Told } from './plan.ts';
import type { Outcome, Send } from './sender.ts';
import { checkSubscription } from './subscription.ts';

/** At most one push per phone and run in this time; the newest state goes. */
const PACE_MS = 5000;
/** An agent that waits for its next prompt: whoever sits before it is given this long. */
export const READY_MS = 2 * 60_000;
/** A question older than this at the daemon's start has been told by the one before. */
const TOLD_BEFORE_MS = 60_000;
const MAX_TRIES = 5;
const RETRY_MS = 2000;
/** A question for which nobody could be reached is tried again after this. */
const AGAIN_MS = 60_000;

/** The wall clock: reminders and quiet hours go by the time of day. */
export const wallClock: Clock = {
  nowMs: () => Date.now(),
  at(atMs, callback) {
    // A timer takes at most 2^31 ms; nobody waits for a push that long.
    const timer = setTimeout(callback, Math.min(2 ** 31 - 1, Math.max(0, atMs - Date.now())));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export interface PushesOptions {
  devices: DeviceBook;
  machineName(): string;
  send: Send;
  /** Is a person looking at that phone's page? */
  watching(device: string): boolean;
  clock: Clock;
  /** Said once, when a phone has gone deaf. */
  warn(text: string): void;
}

/** What one phone is to be told of one run. */
interface Slot {
  device: string;
  run: string;
  /** The open question, as far as it has been told. */
  question: (Told & { question: Question; next: Telling | null }) | null;
  /** Anything else that waits to be told. */
  content: { content: Content; atMs: number; kind: 'ready' | 'ended' | 'settled' } | null;
  cancel: (() => void) | null;
  sending: boolean;
  lastMs: number;
  /** The phone shows something of this run that would be wrong when it is settled. */
  shown: boolean;
}

export class Pushes {
  readonly #options: PushesOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #deaf = new Set<string>();

  constructor(options: PushesOptions) {
    this.#options = options;
  }

  /** Throws `bad_endpoint`, `bad_key`. */
  subscribe(device: string, request: ArgsOf<'push.subscribe'>): void {
    checkSubscription(request.subscription);
    if (fromBase64url(request.pushKey)?.length !== 32) throw new ClawError('bad_key', 'bad_key: the push key must have 32 bytes.');
    this.#deaf.delete(device);
    this.#options.devices.update(device, {
      push: { subscription: request.subscription, key: request.pushKey, since: this.#nowMs },
      // A new subscription has missed nothing yet.
      unheard: [],
      ...(request.name === undefined ? {} : { name: request.name }),
    });
  }

  /** From now on, for what is open as well. */
  wish(device: string, wishes: PushWishes): void {
    this.#options.devices.update(device, { wishes });
    for (const slot of this.#slots.values()) if (slot.device === device) this.#arm(slot);
  }

  received(device: string, n: number): void {
    const entry = this.#options.devices.get(device);
    this.#options.devices.update(device, shown(entry, n, this.#nowMs));
    this.#deaf.delete(device);
  }

  async test(device: string): Promise<ResultOf<'push.test'>> {
    return { outcome: await this.#options.send(device, trial(this.#options.machineName(), this.#nowMs), '') };
  }

  hearings(self: string): ResultOf<'push.devices'> {
    const all = this.#options.devices.entries().map(([id, entry]) => hearing(id, entry, self, this.#nowMs));
    return { devices: all.filter((one) => one !== null) };
  }

  /** One line a deaf phone. */
  warnings(): string[] {
    return this.#options.devices.entries().flatMap(([, entry]) => (isDeaf(entry, this.#nowMs) ? [deafText(entry)] : []));
  }

  /** Questions that stand when the daemon starts: those of before have been told once. */
  adopt(questions: readonly Question[]): void {
    for (const question of questions) {
      if (question.state.state !== 'open' || question.question.kind === 'idle') continue;
      const before = this.#nowMs - question.openedAt > TOLD_BEFORE_MS;
      this.#asked(question, before ? [question.openedAt] : []);
    }
  }

  question(question: Question): void {
    const nowMs = this.#nowMs;
    if (question.state.state === 'open') {
      if (question.question.kind === 'idle') this.#tell(question.run, ready(question, nowMs), 'ready', READY_MS);
      else this.#asked(question, []);
      return;
    }
    for (const slot of this.#slots.values()) {
      if (slot.run !== question.run) continue;
      if (slot.question && slot.question.question.qid !== question.qid) continue;
      slot.question = null;
      // Nothing of it was shown: what waits is dropped.
      slot.content = slot.shown ? { content: settled(question, nowMs), atMs: nowMs, kind: 'settled' } : null;
      this.#arm(slot);
    }
  }

  /** Runs that nobody watches start to end tell when they are over: those of a schedule or a phone. */
  ended(run: Run): void {
    const { code, reason } = run.exit ?? {};
    // Whoever stopped it knows; a time limit and a machine that went down are nobody.
    if (!/^(?:schedule|device):/.test(run.startedBy) || (reason !== undefined && !(reason in NOT_MEANT))) return;
    this.#tell(run.run, ended(run, this.#nowMs), code === 0 && reason === undefined ? 'completed' : 'failed', GRACE_MS);
  }

  notStarted(job: string, why: string): void {
    this.#tell(`job ${job}`, notStarted(job, why, this.#nowMs), 'failed', GRACE_MS);
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs();
  }

  #wishes = (entry: DeviceEntry): PushWishes => entry.wishes ?? DEFAULT_WISHES;

  #slot(device: string, run: string): Slot {
    const key = `${device} ${run}`;
    const slot = this.#slots.get(key) ?? {
      device,
      run,
      question: null,
      content: null,
      cancel: null,
      sending: false,
      lastMs: Number.NEGATIVE_INFINITY,
      shown: false,
    };
    this.#slots.set(key, slot);
    return slot;
  }

  #asked(question: Question, atMs: readonly number[]): void {
    for (const [device, entry] of this.#options.devices.entries()) {
      if (!entry.push) continue;
      const slot = this.#slot(device, question.run);
      const known = slot.question;
      const same = known?.question.qid === question.qid && known.question.rev === question.rev;
      slot.question =
        same && known
          ? { ...known, question }
          : { question, sinceMs: atMs.length > 0 ? question.openedAt : this.#nowMs, atMs, escalated: false, next: null };
      slot.content = null;
      this.#arm(slot);
    }
  }

  #tell(run: string, content: Content, wish: 'ready' | 'completed' | 'failed', graceMs: number): void {
    for (const [device, entry] of this.#options.devices.entries()) {
      if (!entry.push || !this.#wishes(entry)[wish]) continue;
      const slot = this.#slot(device, run);
      if (wish === 'ready' && slot.question) continue;
      slot.question = null;
      slot.content = { content, atMs: this.#nowMs + graceMs, kind: wish === 'ready' ? 'ready' : 'ended' };
      this.#arm(slot);
    }
  }

  /** Sets the slot's one timer to what is due next, or forgets a slot of which nothing more is to be told. */
  #arm(slot: Slot): void {
    slot.cancel?.();
    slot.cancel = null;
    if (slot.sending) return;
    const wishes = this.#wishes(this.#options.devices.get(slot.device));
    const nowMs = this.#nowMs;
    let atMs: number | null = null;
    if (slot.content) {
      const dueMs = Math.max(slot.content.atMs, nowMs);
      atMs = slot.content.kind === 'settled' ? dueMs : (quietUntilMs(wishes.quiet, dueMs) ?? dueMs);
    } else if (slot.question) {
      slot.question.next = nextTelling(wishes, slot.question, nowMs);
      atMs = slot.question.next?.atMs ?? null;
    }
    if (atMs !== null) slot.cancel = this.#options.clock.at(Math.max(atMs, nowMs, slot.lastMs + PACE_MS), () => void this.#due(slot));
    else if (!slot.shown && !slot.question) this.#slots.delete(`${slot.device} ${slot.run}`);
  }

  /** The timer has gone off. What the clocks, or a page that was opened meanwhile, have made of it is looked at now. */
  async #due(slot: Slot): Promise<void> {
    const nowMs = this.#nowMs;
    const wishes = this.#wishes(this.#options.devices.get(slot.device));
    // Whoever looks at it needs no push; should they leave a question at that, they are reminded.
    const watched = this.#options.watching(slot.device);
    if (slot.content) {
      const { content, kind } = slot.content;
      if (kind !== 'settled' && quietUntilMs(wishes.quiet, nowMs) !== null) return this.#arm(slot);
      slot.content = null;
      if (kind === 'settled' || !watched) await this.#push(slot, content, kind === 'ready');
    } else if (slot.question) {
      const next = nextTelling(wishes, slot.question, nowMs);
      if (!next || next.atMs > nowMs) return this.#arm(slot);
      const asked = slot.question;
      const before = { atMs: asked.atMs, escalated: asked.escalated };
      asked.atMs = [...asked.atMs, nowMs];
      asked.escalated ||= next.why === 'escalated';
      const content = asking(asked.question, nowMs, next.why === 'asked' ? null : nowMs - asked.sinceMs);
      if (!watched && (await this.#push(slot, content, true)) === 'retry') {
        // Nobody could be reached: it has not been told.
        Object.assign(asked, before);
        slot.lastMs = this.#nowMs + AGAIN_MS - PACE_MS;
      }
    }
    this.#arm(slot);
  }

  /** Sends, and tries again for half a minute unless a newer state comes meanwhile: that one goes instead. */
  async #push(slot: Slot, content: Content, shows: boolean): Promise<Outcome> {
    slot.sending = true;
    slot.lastMs = this.#nowMs;
    const { qid, rev } = content;
    let outcome: Outcome = 'retry';
    for (let tries = 0; tries < MAX_TRIES && outcome === 'retry'; tries++) {
      if (tries > 0) await new Promise<void>((resolve) => this.#options.clock.at(this.#nowMs + RETRY_MS * 2 ** (tries - 1), resolve));
      const asked = slot.question?.question;
      if (slot.content !== null || (content.kind === 'question' && (asked?.qid !== qid || asked?.rev !== rev))) break;
      outcome = await this.#options.send(slot.device, content, slot.run);
    }
    // A push that may have arrived counts as shown: its outcome must take its place.
    slot.shown = outcome === 'ok' || outcome === 'retry' ? shows : false;
    slot.sending = false;
    this.#hear(slot.device);
    return outcome;
  }

  #hear(device: string): void {
    const entry = this.#options.devices.get(device);
    if (!isDeaf(entry, this.#nowMs) || this.#deaf.has(device)) return;
    this.#deaf.add(device);
    this.#options.warn(deafText(entry));
  }
}
