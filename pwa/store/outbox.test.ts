import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClawError } from '../../shared/errors.ts';
import type { Answer, Verdict } from '../../shared/protocol.ts';
import { ANSWER_TTL_S } from './answer-terms.ts';
import type { OutboxItem, OutboxStore } from './database.ts';
import { Outbox } from './outbox.ts';

const id = (n: number): string => `answer${String(n).padStart(16, '0')}`;

function item(n = 1): OutboxItem {
  const answer: Answer = {
    answerId: id(n),
    run: 'run-1',
    qid: 'q-1',
    rev: 1,
    digest: 'd',
    choice: { type: 'text', text: 'yes' },
    ttlS: ANSWER_TTL_S,
  };
  return { answerId: id(n), machine: 'm-1', answer, what: 'yes', createdAtMs: Date.now(), sentAtMs: null, verdict: null };
}

const verdictOn = (answer: Answer, verdict: Verdict['verdict']): Verdict => ({
  answerId: answer.answerId,
  run: answer.run,
  qid: answer.qid,
  verdict,
  message: '',
});

function memoryStore(): OutboxStore & { items: Map<string, OutboxItem> } {
  const items = new Map<string, OutboxItem>();
  return {
    items,
    all: async () => [...items.values()],
    put: async (i) => void items.set(i.answerId, i),
    remove: async (answerId) => void items.delete(answerId),
  };
}

type Send = (machine: string, answer: Answer) => Promise<Verdict>;

function rig(send: Send, store = memoryStore()) {
  const seen = new Map<string, OutboxItem>();
  const removed: string[] = [];
  const outbox = new Outbox({ store, send, onChange: (i) => seen.set(i.answerId, i), onRemoved: (a) => removed.push(a) });
  return { outbox, store, seen, removed, verdict: (n = 1) => seen.get(id(n))?.verdict?.verdict };
}
const offline: Send = async () => {
  throw new ClawError('peer_offline', 'offline');
};

describe('the outbox of answers', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('sends at once and forgets the answer on disk when the last word is there', async () => {
    const { outbox, store, verdict } = rig(async (_m, answer) => verdictOn(answer, 'confirmed'));
    await outbox.post(item());
    expect(verdict()).toBe('confirmed');
    expect(store.items.size).toBe(0);
  });

  it('says nothing of an answer before it is on disk: a page that ends then has not promised anything', async () => {
    let kept: () => void = () => undefined;
    const store = memoryStore();
    const put = store.put;
    store.put = async (i) => {
      store.put = put;
      await new Promise<void>((resolve) => {
        kept = resolve;
      });
      await put(i);
    };
    const { outbox, seen } = rig(offline, store);
    const posted = outbox.post(item());
    await vi.advanceTimersByTimeAsync(500);
    expect(seen.size).toBe(0);
    kept();
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.size).toBe(1);
    expect(store.items.size).toBe(1);
    await posted;
  });

  it('sends all the same where the disk does not answer', async () => {
    const store = memoryStore();
    store.put = () => new Promise<void>(() => undefined);
    const { outbox, verdict } = rig(async (_m, answer) => verdictOn(answer, 'confirmed'), store);
    const posted = outbox.post(item());
    await vi.advanceTimersByTimeAsync(2000);
    await posted;
    expect(verdict()).toBe('confirmed');
  });

  it('leaves an answer alone that was kept by the page, taken up from there and answered, before it is posted', async () => {
    const { outbox, store, verdict } = rig(async (_m, answer) => verdictOn(answer, 'confirmed'));
    await store.put(item());
    await outbox.load();
    await outbox.flush('m-1');
    expect(verdict()).toBe('confirmed');
    await outbox.post(item());
    expect(store.items.size).toBe(0);
    expect(await outbox.takeBack(id(1))).toBe(false);
  });

  it('keeps an answer for an absent machine and sends it under the same id when it is back', async () => {
    const sent: Answer[] = [];
    let there = false;
    const { outbox, store, verdict, seen } = rig(async (m, answer) => {
      if (!there) return offline(m, answer);
      sent.push(answer);
      return verdictOn(answer, 'confirmed');
    });
    await outbox.post(item());
    expect(store.items.size).toBe(1);
    expect(seen.get(id(1))?.sentAtMs).toBeNull();
    there = true;
    await vi.advanceTimersByTimeAsync(60_000);
    await outbox.flush('m-1');
    expect(sent.map((a) => a.answerId)).toEqual([id(1)]);
    expect(sent[0]!.ttlS).toBeLessThanOrEqual(ANSWER_TTL_S - 60);
    expect(verdict()).toBe('confirmed');
  });

  it('sends again after a cut, with the same id, and takes the one verdict', async () => {
    const ids: string[] = [];
    let cuts = 2;
    const { outbox, verdict } = rig(async (_m, answer) => {
      ids.push(answer.answerId);
      if (cuts-- > 0) throw new ClawError('e2e_closed', 'cut');
      return verdictOn(answer, 'confirmed');
    });
    await outbox.post(item());
    await outbox.flush('m-1');
    await outbox.flush('m-1');
    await outbox.flush('m-1');
    expect(ids).toEqual([id(1), id(1), id(1)]);
    expect(verdict()).toBe('confirmed');
  });

  it('says that nothing was typed when an answer never left in its time', async () => {
    const { outbox, verdict, store } = rig(offline);
    await outbox.post(item());
    await vi.advanceTimersByTimeAsync(ANSWER_TTL_S * 1000 + 1);
    expect(verdict()).toBe('expired');
    expect(store.items.size).toBe(0);
  });

  it('says that it may have been typed when no word came back in time', async () => {
    const { outbox, verdict } = rig(async () => {
      throw new ClawError('request_timeout', 'silence');
    });
    await outbox.post(item());
    await vi.advanceTimersByTimeAsync(ANSWER_TTL_S * 1000 + 1);
    expect(verdict()).toBe('unknown');
  });

  it('never sends an answer whose time is over', async () => {
    let calls = 0;
    const { outbox, verdict } = rig(async (m, a) => {
      calls++;
      return offline(m, a);
    });
    await outbox.post(item());
    vi.setSystemTime(Date.now() + ANSWER_TTL_S * 1000 + 5000);
    await outbox.flush('m-1');
    expect(calls).toBe(1);
    expect(verdict()).toBe('expired');
  });

  it('takes back only what has not left', async () => {
    const waiting = rig(offline);
    await waiting.outbox.post(item());
    expect(await waiting.outbox.takeBack(id(1))).toBe(true);
    expect(waiting.removed).toEqual([id(1)]);
    expect(waiting.store.items.size).toBe(0);
    const gone = rig(async () => {
      throw new ClawError('e2e_closed', 'cut');
    });
    await gone.outbox.post(item());
    expect(await gone.outbox.takeBack(id(1))).toBe(false);
  });

  it('goes on where a killed tab stopped', async () => {
    const store = memoryStore();
    await rig(offline, store).outbox.post(item());
    const sent: string[] = [];
    const next = rig(async (_m, answer) => {
      sent.push(answer.answerId);
      return verdictOn(answer, 'confirmed');
    }, store);
    await next.outbox.load();
    await next.outbox.flush('m-1');
    expect(sent).toEqual([id(1)]);
  });

  it('ends with the machine’s reason where the answer itself is refused', async () => {
    const { outbox, verdict, seen } = rig(async () => {
      throw new ClawError('text_not_allowed', 'No text here.');
    });
    await outbox.post(item());
    expect(verdict()).toBe('not_typed');
    expect(seen.get(id(1))?.verdict?.message).toBe('No text here.');
  });

  it('keeps a password off the disk', async () => {
    const { outbox, store } = rig(offline);
    await outbox.post(item(), true);
    expect(store.items.size).toBe(0);
  });

  it('sends what the disk does not take, and says that it is not kept', async () => {
    const full = { ...memoryStore(), put: () => Promise.reject(new DOMException('full', 'QuotaExceededError')) };
    const unkept: string[] = [];
    let last: OutboxItem | null = null;
    const outbox = new Outbox({
      store: full,
      send: async (_m, answer) => verdictOn(answer, 'confirmed'),
      onChange: (i) => {
        last = i;
      },
      onRemoved: () => undefined,
      onUnkept: (i) => unkept.push(i.answerId),
    });
    await outbox.post(item());
    expect(unkept).toEqual([id(1)]);
    expect(last).toMatchObject({ verdict: { verdict: 'confirmed' } });
  });

  it('does not let a late word overwrite the last one', async () => {
    const { outbox, verdict } = rig(async (_m, answer) => verdictOn(answer, 'confirmed'));
    await outbox.post(item());
    await outbox.heard(verdictOn(item().answer, 'typed'));
    expect(verdict()).toBe('confirmed');
  });
});
