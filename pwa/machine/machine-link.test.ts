import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../shared/bytes.ts';
import { Channel } from '../../shared/channel.ts';
import type { ClawError } from '../../shared/errors.ts';
import type { FrameClass } from '../../shared/frame.ts';
import type { Message, ProtocolEvent, Snapshot } from '../../shared/protocol.ts';
import { channelSelf, createAccount, deferred } from '../../shared/test-devices.ts';
import { decodeWire, encodeMessage } from '../../shared/wire.ts';
import { MachineLink, type MachineStatus } from './machine-link.ts';

const SNAPSHOT: Snapshot = {
  machine: { id: 'x', name: 'tatami', platform: 'linux', version: '1', agents: [], roots: [] },
  jobs: [],
  runs: [],
  questions: [],
  seq: 0,
  nowMs: 1,
};

/** A phone's machine link and the daemon's end of the channel, joined without a relay. `answers`: the daemon replies to requests. */
async function rig(answers = true) {
  const account = await createAccount();
  const phoneSelf = await channelSelf(account.phone, account.pin, account.list);
  const daemonSelf = await channelSelf(account.daemon, account.pin, account.list);
  const statuses: MachineStatus['state'][] = [];
  const events: ProtocolEvent[] = [];
  const asked: string[] = [];
  const ready = deferred<void>();
  const requested = deferred<void>();
  let seq = 0;
  let daemon: Channel;
  const emit = (ev: ProtocolEvent, at = ++seq): void => daemon.send(encodeMessage({ t: 'ev', seq: at, ev }));
  const reply = (message: Message): void => daemon.send(encodeMessage(message));
  const link = new MachineLink({
    self: phoneSelf,
    device: account.daemon.id,
    transmit: (_connection: number, cls: FrameClass, payload: Bytes) => queueMicrotask(() => daemon.receive(payload, cls)),
    introduce: () => ({ name: 'phone', watching: true }),
    onStatus: (status) => statuses.push(status.state),
    onEvent: (event) => events.push(event),
    onChunk: () => undefined,
    onReady: () => ready.resolve(),
  });
  daemon = new Channel({
    self: daemonSelf,
    peer: account.phone.id,
    connections: [2, 1],
    transmit: (cls, payload) => queueMicrotask(() => link.receive(2, cls, payload)),
    onOpen: () => emit({ event: 'snapshot', data: SNAPSHOT }),
    onMessage: (plain) => {
      const wire = decodeWire(plain);
      if (wire.kind !== 'message' || wire.message.t !== 'req') return;
      asked.push(wire.message.cmd);
      requested.resolve();
      if (!answers) return;
      const result =
        wire.message.cmd === 'state.get' ? { ...SNAPSHOT, seq } : wire.message.cmd === 'phone.hello' ? { protocol: 1, version: '1' } : {};
      reply({ t: 'res', id: wire.message.id, ok: true, result });
    },
    onClose: () => undefined,
  });
  link.present([1, 2]);
  return { link, statuses, events, asked, emit, ready: ready.promise, requested: requested.promise, bump: () => ++seq };
}

describe('one machine as the phone reaches it', () => {
  it('is connected once it has shown its state, and answers requests', async () => {
    const r = await rig();
    await r.ready;
    expect(r.statuses).toEqual(['connecting', 'connected']);
    expect(await r.link.ask('state.get', {})).toMatchObject({ machine: { name: 'tatami' } });
    expect(await r.link.probe()).toBe(true);
    r.link.close();
  });

  it('asks for the whole state when an event is missing', async () => {
    const r = await rig();
    await r.ready;
    r.bump();
    r.emit({ event: 'notice', data: { level: 'info', text: 'after a hole' } });
    await expect.poll(() => r.asked.includes('state.get')).toBe(true);
    await expect.poll(() => r.events.filter((e) => e.event === 'snapshot').length).toBe(2);
    r.link.close();
  });

  it('says that a machine which does not answer is silent', async () => {
    const r = await rig(false);
    await r.ready;
    expect(await r.link.probe(20)).toBe(false);
    expect(r.statuses.at(-1)).toBe('silent');
    r.link.close();
  });

  it('fails what waits, as possibly sent, when the machine goes away', async () => {
    const r = await rig(false);
    await r.ready;
    const waiting = r.link.ask('state.get', {}).catch((error: unknown) => (error as ClawError).code);
    r.link.present(null);
    expect(await waiting).toBe('e2e_closed');
    expect(r.statuses.at(-1)).toBe('absent');
    await expect(r.link.ask('state.get', {})).rejects.toMatchObject({ code: 'peer_offline' });
  });

  it('refuses an answer that does not fit the protocol', async () => {
    const r = await rig();
    await r.ready;
    await expect(r.link.ask('runs.screen', { run: 'r' })).rejects.toMatchObject({ code: 'bad_reply' });
    r.link.close();
  });
});
