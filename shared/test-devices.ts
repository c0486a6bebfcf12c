/** Devices, lists and joined channels for tests of any room. Not part of the product. */
import type { Bytes } from './bytes.ts';
import { randomId, toBase64url } from './bytes.ts';
import { Channel, type ChannelOptions, type ChannelSelf } from './channel.ts';
import { advanceList, createList, type DeviceKind, type Pin, type SignedList, type TrustedList, verifyList } from './device-list.ts';
import { ClawError } from './errors.ts';
import type { FrameClass } from './frame.ts';
import { createSigningKey, type SigningKey, thumbprint } from './keys.ts';

export interface TestDevice extends SigningKey {
  id: string;
  kind: DeviceKind;
}

export async function createDevice(kind: DeviceKind): Promise<TestDevice> {
  const key = await createSigningKey();
  return { ...key, kind, id: await thumbprint(key.publicRaw) };
}

export interface TestAccount {
  account: string;
  ask: SigningKey;
  pin: Pin;
  phone: TestDevice;
  daemon: TestDevice;
  list: SignedList;
}

/** An account with one phone and one daemon in its first list. */
export async function createAccount(): Promise<TestAccount> {
  const account = randomId();
  const ask = await createSigningKey();
  const [phone, daemon] = [await createDevice('phone'), await createDevice('daemon')];
  const list = await createList(account, ask, [
    { kind: 'phone', pub: phone.publicRaw },
    { kind: 'daemon', pub: daemon.publicRaw },
  ]);
  return { account, ask, pin: { account, ask: toBase64url(ask.publicRaw) }, phone, daemon, list };
}

/** What a device remembers of its list, and how it takes a peer's. */
export async function channelSelf(device: TestDevice, pin: Pin, list: SignedList): Promise<ChannelSelf & { current: TrustedList }> {
  const self = {
    id: device.id,
    kind: device.kind,
    privateKey: device.privateKey,
    current: await verifyList(list, pin),
    trusted: () => self.current,
    async offer(next: SignedList) {
      try {
        self.current = await advanceList(self.current, next, pin);
      } catch (error) {
        if (!(error instanceof ClawError) || error.code !== 'list_rollback') throw error;
      }
      return self.current;
    },
  };
  return self;
}

export interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
}
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((r) => {
    resolve = r;
  });
  return { promise, resolve };
}

export interface TestEnd {
  channel: Channel;
  messages: { plain: Uint8Array; cls: FrameClass }[];
  opened: Promise<void>;
  closed: Promise<ClawError>;
}

/** One end whose frames go through `carry`. */
export function testEnd(
  options: Pick<ChannelOptions, 'self' | 'peer' | 'connections' | 'aead' | 'nowMs'>,
  carry: (cls: FrameClass, payload: Bytes) => void,
): TestEnd {
  const opened = deferred<void>();
  const closed = deferred<ClawError>();
  const messages: TestEnd['messages'] = [];
  const channel = new Channel({
    ...options,
    transmit: carry,
    onOpen: () => opened.resolve(),
    onMessage: (plain, cls) => messages.push({ plain, cls }),
    onClose: closed.resolve,
  });
  return { channel, messages, opened: opened.promise, closed: closed.promise };
}
