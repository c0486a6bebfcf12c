import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '../shared/bytes.ts';
import { signRemoval } from '../shared/device-list.ts';
import { ClawError } from '../shared/errors.ts';
import { CLASS } from '../shared/frame.ts';
import { RelayLink } from '../shared/link.ts';
import type { LinkState, Peer } from '../shared/link-options.ts';
import { DevicesReply, EventsReply, LoginReply, MetaSchema } from '../shared/relay-api.ts';
import { addDevice, openSocketOf, signUp, startTestRelay, type TestMember, type TestRelay } from './test-relay.ts';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startTestRelay();
});
afterAll(() => relay.stop());

interface Line {
  link: RelayLink;
  states: LinkState[];
  until<T>(probe: () => T | null | undefined | false): Promise<T>;
  data: { peer: number; text: string }[];
  epochs: number[];
  peers: ReadonlyMap<number, Peer>;
}

/** A link whose every event can be waited for. */
function line(who: TestMember): Line {
  let changed = (): void => undefined;
  const self: Line = {
    states: [],
    data: [],
    epochs: [],
    peers: new Map(),
    async until(probe) {
      for (;;) {
        const found = probe();
        if (found) return found;
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
    link: new RelayLink({
      tokens: who.tokens,
      device: who.device,
      openSocket: openSocketOf(relay.origin, who.device.kind),
      onState: (state) => {
        self.states.push(state);
        changed();
      },
      onPeers: (peers) => {
        self.peers = new Map(peers);
        changed();
      },
      onData: (peer, _cls, payload) => {
        self.data.push({ peer, text: new TextDecoder().decode(payload) });
        changed();
      },
      onEpoch: (epoch) => {
        self.epochs.push(epoch);
        changed();
      },
    }),
  };
  self.link.start();
  return self;
}
const online = (l: Line): Promise<number> => l.until(() => l.link.state.state === 'online' && l.link.state.connection);
const peerOf = (l: Line, device: string): Promise<Peer> => l.until(() => [...l.peers.values()].find((p) => p.device === device));

describe('a relay on the embedded PostgreSQL', () => {
  it('tells who it is', async () => {
    const reply = await fetch(`${relay.origin}/v1/meta`);
    expect(v.parse(MetaSchema, await reply.json())).toMatchObject({ name: 'clawtab', origin: relay.origin });
  });

  it('carries frames between a phone and a machine of one account, and presence both ways', async () => {
    const home = await signUp(relay.origin);
    const machine = await addDevice(relay.origin, home);
    const phone = line(home.phone);
    await online(phone);
    const daemon = line(machine);
    await online(daemon);
    const toMachine = await peerOf(phone, machine.device.id);
    const toPhone = await peerOf(daemon, home.phone.device.id);
    phone.link.send(toMachine.connection, CLASS.control, utf8('question?'));
    expect(await daemon.until(() => daemon.data[0])).toEqual({ peer: toPhone.connection, text: 'question?' });
    daemon.link.send(toPhone.connection, CLASS.bulk, utf8('answer'));
    expect(await phone.until(() => phone.data[0])).toEqual({ peer: toMachine.connection, text: 'answer' });
    daemon.link.stop();
    await phone.until(() => phone.peers.size === 0);
    phone.link.stop();
  });

  it('keeps accounts apart: a frame to another account’s connection goes nowhere', async () => {
    const [a, b] = [await signUp(relay.origin), await signUp(relay.origin)];
    const machine = line(await addDevice(relay.origin, a));
    const stranger = line(b.phone);
    const target = await online(machine);
    await online(stranger);
    stranger.link.send(target, CLASS.control, utf8('hello?'));
    const phone = line(a.phone);
    await online(phone);
    phone.link.send(
      (await peerOf(phone, (await peerOf(phone, [...phone.peers.values()][0]!.device)).device)).connection,
      CLASS.control,
      utf8('mine'),
    );
    await machine.until(() => machine.data.length > 0);
    expect(machine.data.map((d) => d.text)).toEqual(['mine']);
    for (const l of [machine, stranger, phone]) l.link.stop();
  });

  it('lets the newest connection of a device take the place of the one before', async () => {
    const home = await signUp(relay.origin);
    const first = line(home.phone);
    await online(first);
    const second = line(home.phone);
    await online(second);
    await first.until(() => first.link.state.state === 'replaced');
    second.link.stop();
  });

  it('ends the sockets of a removed device at once and bars its token', async () => {
    const home = await signUp(relay.origin);
    const machine = await addDevice(relay.origin, home);
    const daemon = line(machine);
    const phone = line(home.phone);
    await Promise.all([online(daemon), online(phone)]);
    const removal = await signRemoval(home.account, machine.device.id, home.phone.device);
    await home.phone.tokens.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), body: { removal } });
    await daemon.until(() => daemon.link.state.state !== 'online');
    await phone.until(() => phone.peers.size === 0);
    machine.tokens.forget();
    await expect(machine.tokens.session()).rejects.toMatchObject({ code: 'token_unknown' });
    const { devices } = await home.phone.tokens.call({ method: 'GET', path: '/v1/devices', reply: DevicesReply });
    expect(devices.find((d) => d.id === machine.device.id)?.revoked).toBe(true);
    const { events } = await home.phone.tokens.call({ method: 'GET', path: '/v1/events', reply: EventsReply });
    expect(events.map((e) => e.kind).sort()).toEqual(['account_made', 'device_added', 'device_removed']);
    for (const l of [daemon, phone]) l.link.stop();
  });

  it('says of a wrong password and of an unknown address the same thing', async () => {
    const home = await signUp(relay.origin);
    const login = (email: string, authKey: string) =>
      home.phone.http.call({
        method: 'POST',
        path: '/v1/login',
        reply: LoginReply,
        body: { email, authKey, device: { kind: 'phone', pub: toBase64url(home.phone.device.publicRaw) } },
      });
    const wrongKey = toBase64url(new Uint8Array(32).fill(7));
    const told = (error: unknown): unknown => (error instanceof ClawError ? { ...error.body(), data: undefined } : error);
    const [known, unknown] = await Promise.all([
      login(home.email, wrongKey).catch(told),
      login('nobody@example.org', wrongKey).catch(told),
    ]);
    expect(known).toMatchObject({ code: 'wrong_password' });
    expect(known).toEqual(unknown);
    expect((await login(home.email, home.authKey)).account).toBe(home.account);
  });
});
