/**
 * An answer from a notification, with no page open: into the outbox first, then out over a link of the worker's own, then the outcome in
 * place of the question; and the receipt of a push. With a page open the page sends it: one device has one line to the relay.
 */
import { randomId } from '../../shared/bytes.ts';
import type { Verdict } from '../../shared/protocol.ts';
import { Session, type SessionOptions } from '../session.ts';
import { ANSWER_TTL_S, isFinal } from '../store/answer-terms.ts';
import { type OutboxItem, outboxStore, type Stored, stored } from '../store/database.ts';
import type { NotificationData } from './messages.ts';

/** How long a worker is kept alive for it; browsers end one after about thirty. */
const PATIENCE_MS = 25_000;
const RECEIPT_MS = 10_000;

export async function putAnswer(
  data: NotificationData,
  option: { index: number; label: string; labelDigest: string },
): Promise<OutboxItem | null> {
  if (!data.run || !data.qid || !data.rev || !data.digest) return null;
  const answerId = randomId();
  const item: OutboxItem = {
    answerId,
    machine: data.machine,
    answer: {
      answerId,
      run: data.run,
      qid: data.qid,
      rev: data.rev,
      digest: data.digest,
      choice: { type: 'option', index: option.index, labelDigest: option.labelDigest },
      ttlS: ANSWER_TTL_S,
    },
    what: option.label,
    createdAtMs: Date.now(),
    sentAtMs: null,
    verdict: null,
  };
  await outboxStore.put(item);
  return item;
}

/** An answer, or a receipt, is on its way: one device has one line to the relay, and a receipt must not take an answer's. */
let underWay = 0;

/** Tells the machine that its push was shown. With no page open, and best effort: the page says it again when it is next open. */
export async function sendReceipt(origin: string, machine: string, n: number): Promise<void> {
  if (underWay > 0) return;
  const from = await stored();
  if (!from) return;
  await withSession(origin, from, RECEIPT_MS, (settle, session) => ({
    onReady: (id) => {
      if (id === machine)
        void session()
          .ask(machine, 'push.received', { n })
          .then(
            () => settle(null),
            () => settle(null),
          );
    },
  }));
}

/** Sends everything in the outbox. Resolves with the last word on `answerId`, or null where none came in time: it stays in the outbox. */
export async function sendFromWorker(origin: string, answerId: string | null): Promise<Verdict | null> {
  const from = await stored();
  if (!from) return null;
  return withSession(origin, from, PATIENCE_MS, (settle) => ({
    emit: (event) => {
      if (event.type === 'answer' && event.item.answerId === answerId && isFinal(event.item.verdict)) settle(event.item.verdict);
    },
  }));
}

/** A session for as long as `what` needs it, `patienceMs` at most; over as soon as a page takes the line. */
async function withSession(
  origin: string,
  from: Stored,
  patienceMs: number,
  what: (settle: (verdict: Verdict | null) => void, session: () => Session) => Partial<Pick<SessionOptions, 'emit' | 'onReady'>>,
): Promise<Verdict | null> {
  underWay++;
  let settle: (verdict: Verdict | null) => void = () => undefined;
  const word = new Promise<Verdict | null>((resolve) => {
    settle = resolve;
  });
  const timer = setTimeout(() => settle(null), patienceMs);
  let session: Session | null = null;
  try {
    const { emit, onReady } = what(settle, () => session!);
    session = await Session.open(
      {
        origin,
        client: 'pwa-worker',
        watching: () => false,
        emit: (event) => {
          emit?.(event);
          if (event.type === 'link' && (event.state.state === 'signed_out' || event.state.state === 'replaced')) settle(null);
        },
        ...(onReady ? { onReady } : {}),
      },
      from,
    );
    session.start();
    return await word;
  } finally {
    clearTimeout(timer);
    session?.stop();
    underWay--;
  }
}

/** In a notification there is room for a sentence. */
export function outcomeText(verdict: Verdict | null, what: string): string {
  if (!verdict) return `“${what}” waits for the machine. Open to follow it.`;
  switch (verdict.verdict) {
    case 'confirmed':
      return `“${what}”: typed, and the agent went on.`;
    case 'typed':
    case 'typed_unconfirmed':
      return `“${what}” was typed. Open to see whether the agent took it.`;
    case 'unknown':
      return `“${what}” may have been typed. Open and look.`;
    default:
      return `Not typed: ${verdict.message}`;
  }
}
