/**
 * Pushes to phones: which event is worth one, to whom, and what becomes of it. Encrypted here for the phone (RFC 8291) around the seal of
 * shared/push-seal.ts; the relay signs and forwards and can read nothing. Bounded: one waiting push per phone and run.
 */
import { createHmac } from 'node:crypto';
import { fromBase64url, toBase64url } from '../../shared/bytes.ts';
import { asClawError, ClawError } from '../../shared/errors.ts';
import type { ArgsOf, Question, ResultOf, Run } from '../../shared/protocol.ts';
import { type PushMessage, sealPush } from '../../shared/push-seal.ts';
import { PushReply } from '../../shared/relay-api.ts';
import type { TokenSource } from '../../shared/token-source.ts';
import type { DeviceBook, DeviceEntry } from '../device-book.ts';
import type { Log } from '../log.ts';
import { labelDigest } from '../questions/digest.ts';
import { checkSubscription } from './subscription.ts';

/** A question that goes away by itself, or is answered at the desk, within this time wakes nobody. */
const GRACE_MS = 1200;
/** At most one push per phone and run in this time; the newest state goes. */
const PACE_MS = 5000;
const MAX_TRIES = 5;
const RETRY_MS = 2000;
const TTL_S = 4 * 3600;
const BODY_CHARS = 400;

type Outcome = ResultOf<'push.test'>['outcome'];
type Content = Omit<PushMessage, 'v' | 'n' | 'machine'>;

export interface PushesOptions {
  devices: DeviceBook;
  machine(): { id: string; name: string };
  /** Null before sign-in. */
  tokens(): TokenSource | null;
  watching(device: string): boolean;
  log: Log;
}

interface Slot {
  content: Content | null;
  timer: NodeJS.Timeout | null;
  lastMs: number;
  /** The phone shows a question of this run. */
  shown: boolean;
}

export class Pushes {
  readonly #options: PushesOptions;
  readonly #slots = new Map<string, Slot>();

  constructor(options: PushesOptions) {
    this.#options = options;
  }

  /** Throws `bad_endpoint`, `bad_key`. */
  subscribe(device: string, request: ArgsOf<'push.subscribe'>): void {
    checkSubscription(request.subscription);
    if (fromBase64url(request.pushKey)?.length !== 32) throw new ClawError('bad_key', 'bad_key: the push key must have 32 bytes.');
    this.#options.devices.update(device, {
      push: { subscription: request.subscription, key: request.pushKey, since: Date.now() },
      ...(request.name === undefined ? {} : { name: request.name }),
    });
  }

  async test(device: string): Promise<ResultOf<'push.test'>> {
    const entry = this.#options.devices.get(device);
    if (!entry.push) return { outcome: 'none' };
    const content: Content = {
      kind: 'test',
      tag: 'test',
      exp: Date.now() + 60_000,
      title: 'ClawTab works',
      body: `This came from ${this.#options.machine().name}, and nobody between could read it.`,
    };
    return { outcome: await this.#send(device, entry, content, '') };
  }

  question(question: Question): void {
    if (question.question.kind === 'idle') return;
    if (question.state.state === 'open') this.#forAll(question.run, asking(question), true);
    else this.#forAll(question.run, settled(question), false);
  }

  /** Runs that nobody watches start to end tell when they are over: those of a schedule or a phone. */
  ended(run: Run): void {
    if (!/^(?:schedule|device):/.test(run.startedBy) || run.exit?.reason !== undefined) return;
    const code = run.exit?.code ?? null;
    const body = code === 0 ? 'Done.' : code === null ? `Ended by ${run.exit?.signal ?? 'a signal'}.` : `Failed with exit code ${code}.`;
    this.#forAll(run.run, { kind: 'ended', tag: run.run, exp: Date.now() + TTL_S * 1000, title: run.name, body, run: run.run }, true);
  }

  /** `fresh`: worth waking somebody. Otherwise it only replaces what a phone shows already. */
  #forAll(run: string, content: Content, fresh: boolean): void {
    for (const [device, entry] of this.#options.devices.entries()) {
      if (!entry.push) continue;
      const key = `${device} ${run}`;
      const slot = this.#slots.get(key) ?? { content: null, timer: null, lastMs: 0, shown: false };
      if (!fresh && !slot.shown) {
        // Nothing of it was shown: what waits is dropped.
        slot.content = null;
        continue;
      }
      if (fresh && this.#options.watching(device)) continue;
      this.#slots.set(key, slot);
      slot.content = content;
      slot.timer ??= setTimeout(
        () => void this.#flush(key, device, run),
        Math.max(fresh ? GRACE_MS : 0, slot.lastMs + PACE_MS - Date.now()),
      );
      slot.timer.unref();
    }
  }

  async #flush(key: string, device: string, run: string): Promise<void> {
    const slot = this.#slots.get(key)!;
    slot.timer = null;
    const { content } = slot;
    if (content === null) {
      this.#slots.delete(key);
      return;
    }
    slot.content = null;
    slot.lastMs = Date.now();
    slot.shown = content.kind === 'question';
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = this.#options.devices.get(device);
      // A newer state has come meanwhile: that one goes instead.
      if (!entry.push || slot.content !== null) break;
      const outcome = await this.#send(device, entry, content, run);
      if (outcome !== 'retry') break;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * 2 ** tries).unref());
    }
    if (!slot.shown && slot.content === null) this.#slots.delete(key);
  }

  async #send(device: string, entry: DeviceEntry, content: Content, run: string): Promise<Outcome> {
    const { devices, log } = this.#options;
    const tokens = this.#options.tokens();
    const { push } = entry;
    if (!push || !tokens) return 'retry';
    const n = (entry.pushCount ?? 0) + 1;
    devices.update(device, { pushCount: n });
    try {
      const key = fromBase64url(push.key)!;
      const sealed = await sealPush(key, { v: 1, n, machine: this.#options.machine(), ...content });
      const { p256dh, auth, endpoint } = push.subscription;
      // Loaded with the first push: a daemon that starts again after a crash has more urgent things to do.
      const { default: webpush } = await import('web-push');
      // The types say string; the library takes bytes as well (encryption-helper.js).
      const body = webpush.encrypt(p256dh, auth, Buffer.from(sealed) as unknown as string, 'aes128gcm').cipherText;
      const topic = run === '' ? undefined : createHmac('sha256', key).update(run).digest('base64url').slice(0, 32);
      const reply = await tokens.call({
        method: 'POST',
        path: '/v1/push',
        reply: PushReply,
        body: {
          endpoint,
          ttl: TTL_S,
          urgency: content.kind === 'question' ? 'high' : 'normal',
          ...(topic ? { topic } : {}),
          body: toBase64url(body),
        },
      });
      log('push', { device, kind: content.kind, outcome: reply.outcome });
      if (reply.outcome === 'gone') devices.forget(device, 'push');
      return reply.outcome;
    } catch (error) {
      const { code } = asClawError(error);
      log('push', { device, kind: content.kind, outcome: 'error', code });
      if (code === 'bad_key' || code === 'bad_endpoint' || code === 'push_bad_endpoint') {
        devices.forget(device, 'push');
        return 'refused';
      }
      return 'retry';
    }
  }
}

const cut = (text: string, chars: number): string => (text.length > chars ? `${text.slice(0, chars - 1)}…` : text);

function asking(question: Question): Content {
  const { kind, title, text, detail, options } = question.question;
  const simple = kind === 'permission' || kind === 'confirm' || kind === 'choice';
  const buttons = options.slice(0, 4).map((option, index) => ({
    index,
    label: cut(option.label, 60),
    labelDigest: labelDigest(option.label),
    ...(option.dangerous === true ? { dangerous: true } : {}),
  }));
  const secret = kind === 'password';
  return {
    kind: 'question',
    tag: question.run,
    exp: Date.now() + TTL_S * 1000,
    title: cut(`${question.runName}: ${title || text || question.agentTitle}`, 120),
    body: secret ? 'A password is asked for.' : cut([detail, text].filter((part) => part !== '').join('\n'), BODY_CHARS),
    run: question.run,
    qid: question.qid,
    rev: question.rev,
    digest: question.digest,
    ...(simple && options.length <= 4 ? { options: buttons } : {}),
  };
}

function settled(question: Question): Content {
  const { state } = question;
  const body =
    state.state === 'answered'
      ? `Answered by ${state.by}.`
      : state.state === 'closed' && state.reason === 'answered_at_desk'
        ? 'Answered at the desk.'
        : 'No longer asked.';
  return {
    kind: 'settled',
    tag: question.run,
    exp: Date.now() + 3600_000,
    title: question.runName,
    body,
    run: question.run,
    qid: question.qid,
  };
}
