/**
 * From sealed push to shown notification. Every push shows something, whatever is in it: browsers take the permission away from pages whose
 * pushes show nothing. Decides what may be answered from a notification; sending the answer is worker/answer.ts'.
 */
import { fromBase64url } from '../../shared/bytes.ts';
import { openPush, type PushMessage } from '../../shared/push-seal.ts';
import { vault } from '../store/database.ts';
import { oneLine, visibleText } from '../text/visible.ts';
import type { NotificationData } from './messages.ts';

export interface Shown {
  title: string;
  options: NotificationOptions & { actions?: { action: string; title: string }[]; renotify?: boolean; timestamp?: number };
  message: PushMessage | null;
}

const LOOKS = { icon: '/icons/icon-192.png', badge: '/icons/badge-96.png' } as const;
/** More than this a phone does not show, so nobody can have read it. */
const READABLE_CHARS = 400;
const ACTION = /^option-(\d{1,3})$/;

/** What stands in for a push that cannot, or must not, be shown as it is. */
const something = (body: string): Shown => ({
  title: 'ClawTab',
  options: { ...LOOKS, body, tag: 'clawtab', silent: true },
  message: null,
});

/** The seal as bytes, or as base64url where a carrier takes text only (tests through the browser's tools). 28 bytes are iv and tag. */
export function sealedBytes(body: Uint8Array): Uint8Array {
  if (body.length < 40 || body.some((b) => b > 0x7a)) return body;
  return fromBase64url(String.fromCharCode(...body)) ?? body;
}

/** Opens the inner seal with the key of the machine that made it; null where no machine of ours did. Each push is taken once. */
async function open(sealed: Uint8Array): Promise<PushMessage | 'seen' | null> {
  const keys = (await vault.get('pushKeys')) ?? {};
  for (const [machine, key] of Object.entries(keys)) {
    const message = await openPush(key, sealed);
    if (!message || message.machine.id !== machine) continue;
    const counters = (await vault.get('pushCounters')) ?? {};
    if (message.n <= (counters[machine] ?? 0)) return 'seen';
    await vault.set('pushCounters', { ...counters, [machine]: message.n });
    return message;
  }
  return null;
}

/** Options as buttons: only where the whole question can be read in the notification, and never one that widens rights. */
function answerable(message: PushMessage, nowMs: number): NonNullable<NotificationData['options']> {
  const { kind, exp, options, body, qid, digest } = message;
  if (kind !== 'question' || nowMs > exp || !options || !qid || !digest) return [];
  if (body.endsWith('…') || body.length > READABLE_CHARS || options.some((o) => o.label.endsWith('…'))) return [];
  return options.filter((o) => !o.dangerous).map(({ index, label, labelDigest }) => ({ index, label, labelDigest }));
}

export async function noticeOf(sealed: Uint8Array, maxActions: number, nowMs: number): Promise<Shown> {
  const message = await open(sealed);
  if (message === 'seen') return something('Open to see what is waiting.');
  if (!message) return something('A machine has something to say. Open to see it.');
  const { machine, run, qid, rev, digest, kind, exp } = message;
  const late = kind === 'question' && nowMs > exp;
  const options = answerable(message, nowMs);
  const security = kind === 'security';
  const data: NotificationData = { machine: machine.id, run, qid, rev, digest, options, security };
  return {
    title: oneLine(visibleText(message.title), 120),
    options: {
      ...LOOKS,
      body: late ? 'Asked a while ago. Open to see whether it still stands.' : visibleText(message.body),
      // Each machine tells what happens to the account: one notification for all.
      tag: security ? message.tag : `${machine.id}/${message.tag}`,
      data,
      silent: kind === 'settled',
      renotify: kind === 'question' || kind === 'ended' || security,
      requireInteraction: kind === 'question' || security,
      timestamp: nowMs,
      actions: options.slice(0, maxActions).map((o) => ({ action: `option-${o.index}`, title: oneLine(visibleText(o.label), 40) })),
    },
    message,
  };
}

/** The option that was tapped, or undefined for a tap on the notification itself. */
export function tappedOption(action: string, data: NotificationData) {
  const index = ACTION.exec(action)?.[1];
  return index === undefined ? undefined : data.options?.find((o) => o.index === Number(index));
}
