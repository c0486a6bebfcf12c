/**
 * A relay that changes, replays, reorders, invents and adds a device of its own, between a phone and a daemon as they are. Nothing it makes is ever handed to the
 * daemon's door. Seeded; the seed is in the test's name.
 */
import { describe, expect, it } from 'vitest';
import { nodeAead } from '../daemon/aead.ts';
import { type Bytes, randomBytes, utf8 } from '../shared/bytes.ts';
import { createList, extendList, type SignedList } from '../shared/device-list.ts';
import { CLASS, type FrameClass } from '../shared/frame.ts';
import { createSigningKey } from '../shared/keys.ts';
import { OpeningLane, SEALED, SealingLane } from '../shared/sealed-lane.ts';
import { channelSelf, createAccount, createDevice, type TestEnd, testEnd } from '../shared/test-devices.ts';

const SEED = 20261124;

/** Mulberry32: small, seeded, good enough to choose bytes. */
function seeded(seed: number): (below: number) => number {
  let a = seed;
  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Rng = (below: number) => number;
const MUTATIONS: Record<string, (frame: Bytes, rng: Rng) => Bytes> = {
  'one bit': (f, rng) => {
    const copy = f.slice();
    copy[rng(copy.length)]! ^= 1 << rng(8);
    return copy;
  },
  'cut short': (f, rng) => f.slice(0, rng(f.length)),
  'made longer': (f, rng) => new Uint8Array([...f, ...randomBytes(1 + rng(40))]),
  'another counter': (f, rng) => {
    const copy = f.slice();
    new DataView(copy.buffer).setBigUint64(3, BigInt(1 + rng(1000)));
    return copy;
  },
  'rekey flag': (f) => {
    const copy = f.slice();
    copy[2]! ^= 1;
    return copy;
  },
  'two halves of two frames': (f, rng) => {
    const copy = f.slice();
    copy.set(randomBytes(16), rng(Math.max(1, copy.length - 16)));
    return copy;
  },
  'made up': (f) => {
    const copy = randomBytes(f.length);
    copy[0] = 1;
    copy[1] = SEALED;
    return copy;
  },
};

describe(`against a hostile relay (seed ${SEED})`, () => {
  it('opens none of 12,000 changed frames, and the true one after each of them', async () => {
    const rng = seeded(SEED);
    const [key, binding] = [randomBytes(32), randomBytes(32)];
    const out = await SealingLane.create(nodeAead, key.slice(), binding, () => 0);
    const into = await OpeningLane.create(nodeAead, key.slice(), binding, false);
    const kinds = Object.entries(MUTATIONS);
    let refused = 0;
    let opened = 0;
    for (let i = 0; i < 12_000; i++) {
      const text = `answer ${i}`;
      const frame = await out.seal(utf8(text));
      const changed = kinds[i % kinds.length]![1](frame, rng);
      const same = Buffer.compare(frame, changed) === 0;
      try {
        await into.open(changed);
        if (!same) opened++;
        else continue;
      } catch {
        refused++;
      }
      expect(Buffer.from(await into.open(frame)).toString()).toBe(text);
    }
    expect({ opened, refused }).toEqual({ opened: 0, refused: expect.any(Number) });
    expect(refused).toBeGreaterThan(11_900);
  });

  it('hands no invented, replayed or reordered message to the daemon over 200 connections', async () => {
    const rng = seeded(SEED + 1);
    let delivered = 0;
    for (let round = 0; round < 200; round++) {
      const { account: a, phone, daemon, tamper } = await connection();
      const recorded: { cls: FrameClass; payload: Bytes }[] = [];
      tamper.toDaemon = (cls, payload) => {
        if (payload[1] !== SEALED) return [{ cls, payload }];
        recorded.push({ cls, payload });
        const how = rng(4);
        if (how === 0) return [{ cls, payload: MUTATIONS['one bit']!(payload, rng) }];
        if (how === 1) return [{ cls, payload }, recorded[rng(recorded.length)]!];
        if (how === 2) return recorded.length > 1 ? [recorded[recorded.length - 2]!, { cls, payload }] : [];
        return [{ cls: CLASS.bulk, payload }];
      };
      await Promise.all([phone.opened, daemon.opened]);
      const sent = Array.from({ length: 5 }, (_, i) => `${a.account}/${round}/${i}`);
      for (const text of sent) phone.channel.send(utf8(text));
      await daemon.closed;
      const heard = daemon.messages.map((m) => Buffer.from(m.plain).toString());
      // A prefix of what was sent, each once: what came before the first attack.
      expect(heard).toEqual(sent.slice(0, heard.length));
      delivered += heard.length;
    }
    expect(delivered).toBeLessThan(200 * 5);
  });

  it('is not moved by a device that the relay adds, however it signs the list', async () => {
    const a = await createAccount();
    const self = await channelSelf(a.daemon, a.pin, a.list);
    const intruder = await createDevice('phone');
    const evil = await createSigningKey();
    const forged: SignedList[] = [
      await createList(a.account, evil, [
        { kind: 'phone', pub: intruder.publicRaw },
        { kind: 'daemon', pub: a.daemon.publicRaw },
      ]),
      { ...(await extendList(self.trusted(), evil, [{ kind: 'phone', pub: intruder.publicRaw }])) },
      { ...a.list, body: a.list.body.replace(a.phone.id, intruder.id) },
    ];
    for (const list of forged) {
      await expect(self.offer(list)).rejects.toMatchObject({ code: expect.stringMatching(/^list_/) });
      expect(self.trusted().devices.has(intruder.id)).toBe(false);
    }
  });
});

interface Tamper {
  toDaemon(cls: FrameClass, payload: Bytes): { cls: FrameClass; payload: Bytes }[];
}

async function connection() {
  const account = await createAccount();
  const tamper: Tamper = { toDaemon: (cls, payload) => [{ cls, payload }] };
  const ends: { phone?: TestEnd; daemon?: TestEnd } = {};
  const [p, d] = [
    await channelSelf(account.phone, account.pin, account.list),
    await channelSelf(account.daemon, account.pin, account.list),
  ];
  const daemon = testEnd({ self: d, peer: p.id, connections: [2, 1], aead: nodeAead }, (cls, payload) =>
    queueMicrotask(() => ends.phone?.channel.receive(payload, cls)),
  );
  ends.daemon = daemon;
  const phone = testEnd({ self: p, peer: d.id, connections: [1, 2] }, (cls, payload) => {
    for (const f of tamper.toDaemon(cls, payload)) queueMicrotask(() => daemon.channel.receive(f.payload, f.cls));
  });
  ends.phone = phone;
  return { account, phone, daemon, tamper };
}
