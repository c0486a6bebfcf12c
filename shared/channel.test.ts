import { beforeEach, describe, expect, it } from 'vitest';
import { type Bytes, fromUtf8, utf8 } from './bytes.ts';
import { extendList, signRemoval } from './device-list.ts';
import { CLASS, type FrameClass } from './frame.ts';
import { paddedBytes, REKEY } from './sealed-lane.ts';
import { channelSelf, createAccount, createDevice, deferred, type TestAccount, type TestEnd, testEnd } from './test-devices.ts';

type Carried = { to: 'phone' | 'daemon'; cls: FrameClass; payload: Bytes };
type Tamper = (frame: Carried) => Carried[];

let a: TestAccount;
let nowMs: number;
beforeEach(async () => {
  a = await createAccount();
  nowMs = 1_000_000;
});

/** A phone and a daemon with a hostile carrier between them. */
async function join(
  tamper: Tamper = (f) => [f],
  phoneSelf = channelSelf(a.phone, a.pin, a.list),
  daemonSelf = channelSelf(a.daemon, a.pin, a.list),
) {
  const ends: Partial<Record<'phone' | 'daemon', TestEnd>> = {};
  const seen: Carried[] = [];
  const carry = (to: 'phone' | 'daemon') => (cls: FrameClass, payload: Bytes) => {
    seen.push({ to, cls, payload });
    for (const f of tamper({ to, cls, payload })) queueMicrotask(() => ends[f.to]!.channel.receive(f.payload, f.cls));
  };
  const [p, d] = [await phoneSelf, await daemonSelf];
  ends.daemon = testEnd({ self: d, peer: p.id, connections: [2, 1], nowMs: () => nowMs }, carry('phone'));
  ends.phone = testEnd({ self: p, peer: d.id, connections: [1, 2], nowMs: () => nowMs }, carry('daemon'));
  return { phone: ends.phone, daemon: ends.daemon, seen };
}

/** Resolves once `end` has received `count` messages; every message passes through `messages.push`. */
function received(end: TestEnd, count: number): Promise<void> {
  if (end.messages.length >= count) return Promise.resolve();
  const done = deferred<void>();
  const push = end.messages.push.bind(end.messages);
  end.messages.push = (...items) => {
    const n = push(...items);
    if (n >= count) done.resolve();
    return n;
  };
  return done.promise;
}

const texts = (end: TestEnd) => end.messages.map((m) => fromUtf8(m.plain));

describe('sealed channel', () => {
  it('carries messages both ways, in order, on both lanes', async () => {
    const { phone, daemon } = await join();
    await Promise.all([phone.opened, daemon.opened]);
    for (let i = 0; i < 50; i++) {
      phone.channel.send(utf8(`p${i}`));
      daemon.channel.send(utf8(`d${i}`), CLASS.bulk);
    }
    await Promise.all([received(daemon, 50), received(phone, 50)]);
    expect(texts(daemon)).toEqual(Array.from({ length: 50 }, (_, i) => `p${i}`));
    expect(texts(phone)).toEqual(Array.from({ length: 50 }, (_, i) => `d${i}`));
  });

  it('shows a yes and a no of the same size, and nothing of either', async () => {
    const { phone, daemon, seen } = await join();
    await Promise.all([phone.opened, daemon.opened]);
    const before = seen.length;
    phone.channel.send(utf8('yes-canary'));
    phone.channel.send(utf8(`no-canary${'x'.repeat(100)}`));
    await received(daemon, 2);
    const [yes, no] = seen.slice(before).map((f) => f.payload);
    expect(yes!.length).toBe(no!.length);
    expect(Buffer.from(yes!).includes('canary')).toBe(false);
    expect([paddedBytes(1), paddedBytes(257), paddedBytes(4096), paddedBytes(4097)]).toEqual([256, 512, 4096, 5120]);
  });

  it('rekeys by age and goes on', async () => {
    const { phone, daemon } = await join();
    await Promise.all([phone.opened, daemon.opened]);
    for (let i = 0; i < 5; i++) {
      nowMs += REKEY.ms;
      phone.channel.send(utf8(`after ${i} rekeys`));
    }
    await received(daemon, 5);
    expect(texts(daemon).at(-1)).toBe('after 4 rekeys');
  });

  it('shows a bulk gap to the offsets inside, but ends at a control gap', async () => {
    let dropNext: FrameClass | null = null;
    const { phone, daemon } = await join((f) => {
      if (f.to !== 'phone' || f.payload[1] !== 4 || f.cls !== dropNext) return [f];
      dropNext = null;
      return [];
    });
    await Promise.all([phone.opened, daemon.opened]);
    dropNext = CLASS.bulk;
    daemon.channel.send(utf8('lost'), CLASS.bulk);
    daemon.channel.send(utf8('kept'), CLASS.bulk);
    await received(phone, 1);
    expect(texts(phone)).toEqual(['kept']);
    dropNext = CLASS.control;
    daemon.channel.send(utf8('lost'));
    daemon.channel.send(utf8('never shown'));
    expect((await phone.closed).code).toBe('e2e_bad_frame');
    expect(texts(phone)).toEqual(['kept']);
  });
});

describe('against a hostile carrier', () => {
  const flip = (payload: Bytes, at: number): Bytes => {
    const copy = payload.slice();
    copy[at % copy.length]! ^= 1 << (at % 8);
    return copy;
  };

  it('accepts no handshake message with a byte changed', async () => {
    let outcomes = 0;
    for (let round = 0; round < 60; round++) {
      const target = 1 + (round % 3);
      let done = false;
      const { phone, daemon } = await join((f) => {
        if (f.payload[1] !== target || done) return [f];
        done = true;
        return [{ ...f, payload: flip(f.payload, 2 + round * 37) }];
      });
      const end = await Promise.race([
        phone.closed,
        daemon.closed,
        Promise.all([phone.opened, daemon.opened]).then(() => 'both open' as const),
      ]);
      // Only a changed byte outside of what is signed could pass, and there is none.
      expect(end).not.toBe('both open');
      outcomes++;
    }
    expect(outcomes).toBe(60);
  });

  it('BAD-47: delivers no sealed frame that was changed, replayed, reordered or reflected', async () => {
    const attacks: Record<string, (f: Carried, last: Carried | undefined) => Carried[]> = {
      changed: (f) => [{ ...f, payload: flip(f.payload, 20) }],
      'changed header': (f) => [{ ...f, payload: flip(f.payload, 9) }],
      replayed: (f) => [f, f],
      reordered: (f, last) => (last ? [f, last] : []),
      reflected: (f) => [{ ...f, to: f.to === 'phone' ? 'daemon' : 'phone' }],
      truncated: (f) => [{ ...f, payload: f.payload.slice(0, -1) }],
      'cut to its header': (f) => [{ ...f, payload: f.payload.slice(0, 2) }],
      empty: (f) => [{ ...f, payload: new Uint8Array(0) }],
      'sixteen bytes of garbage': (f) => [{ ...f, payload: Uint8Array.of(...f.payload.subarray(0, 2), ...new Uint8Array(16).fill(0xa5)) }],
      'moved to the other lane': (f) => [{ ...f, cls: CLASS.bulk }],
    };
    for (const [name, attack] of Object.entries(attacks)) {
      let last: Carried | undefined;
      const { phone, daemon } = await join((f) => {
        if (f.payload[1] !== 4) return [f];
        const out = attack(f, last);
        last = f;
        return out;
      });
      await Promise.all([phone.opened, daemon.opened]);
      phone.channel.send(utf8('first'));
      phone.channel.send(utf8('second'));
      const error = await Promise.race([phone.closed, daemon.closed]);
      expect([error.code, name]).toEqual([expect.stringMatching(/^e2e_/), name]);
      expect(new Set(texts(daemon)).size).toBe(texts(daemon).length);
      expect(texts(phone)).toEqual([]);
    }
  });

  it('opens no recorded connection again', async () => {
    const { phone, daemon, seen } = await join();
    await Promise.all([phone.opened, daemon.opened]);
    phone.channel.send(utf8('yes'));
    await received(daemon, 1);
    const replay = testEnd({ self: await channelSelf(a.daemon, a.pin, a.list), peer: a.phone.id, connections: [2, 1] }, () => undefined);
    for (const frame of seen.filter((f) => f.to === 'daemon')) replay.channel.receive(frame.payload, frame.cls);
    expect((await replay.closed).code).toMatch(/^e2e_/);
    expect(replay.messages).toEqual([]);
  });

  it('BAD-48: refuses a device that the account key has not signed in, and a kind that is not its own', async () => {
    const intruder = await createDevice('phone');
    const other = await createAccount();
    const { daemon } = await join(undefined, channelSelf({ ...intruder }, other.pin, other.list));
    expect((await daemon.closed).code).toMatch(/^(e2e_refused|list_)/);
    const second = await createDevice('daemon');
    const first = await channelSelf(a.daemon, a.pin, a.list);
    const list = await extendList(first.trusted(), a.ask, [{ kind: 'daemon', pub: second.publicRaw }]);
    const pretender = await channelSelf({ ...second, kind: 'phone' }, a.pin, list);
    const refused = await join(undefined, Promise.resolve(pretender));
    expect((await refused.daemon.closed).message).toContain('cannot speak');
  });

  it('lets an honest peer show a removal that the relay hides', async () => {
    const phoneSelf = await channelSelf(a.phone, a.pin, a.list);
    const tablet = await createDevice('phone');
    const withTablet = await extendList(phoneSelf.trusted(), a.ask, [{ kind: 'phone', pub: tablet.publicRaw }]);
    const removal = await signRemoval(a.account, tablet.id, a.phone);
    const daemonSelf = await channelSelf(a.daemon, a.pin, withTablet);
    const { phone, daemon } = await join(
      undefined,
      channelSelf(a.phone, a.pin, { ...withTablet, removals: [removal] }),
      Promise.resolve(daemonSelf),
    );
    await Promise.all([phone.opened, daemon.opened]);
    expect(daemonSelf.trusted().devices.has(tablet.id)).toBe(false);
  });
});
