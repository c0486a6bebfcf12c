/**
 * One machine as this phone reaches it: the channel over the relay's present connection, requests, events in order, and whether the machine
 * has really answered lately. Who is present is the session's; what events mean is the state's.
 */
import * as v from 'valibot';
import type { Bytes } from '../../shared/bytes.ts';
import { Channel, type ChannelSelf } from '../../shared/channel.ts';
import { asClawError, ClawError } from '../../shared/errors.ts';
import type { FrameClass } from '../../shared/frame.ts';
import { type ArgsOf, type CommandName, EventSchema, type ProtocolEvent, type ResultOf } from '../../shared/protocol.ts';
import { PROTOCOL_VERSION } from '../../shared/version.ts';
import { decodeWire, encodeMessage, type OutputChunk } from '../../shared/wire.ts';
import { Requests } from './requests.ts';

/** `connected` is a promise that the machine itself answered within the last PING_MS + PONG_MS. */
export type MachineStatus =
  | { state: 'absent' }
  | { state: 'connecting' }
  | { state: 'connected' }
  | { state: 'silent' }
  | { state: 'refused'; error: ClawError };

export interface MachineEvents {
  onStatus(status: MachineStatus): void;
  onEvent(event: ProtocolEvent): void;
  onChunk(chunk: OutputChunk): void;
  /** The channel is open and the first state has arrived: what waited may be sent. */
  onReady(): void;
}

export interface MachineOptions extends MachineEvents {
  self: ChannelSelf;
  device: string;
  transmit(connection: number, cls: FrameClass, payload: Bytes): void;
  /** What `phone.hello` says. */
  introduce(): { name: string; watching: boolean };
}

const PING_MS = 15_000;
const PONG_MS = 8_000;
const SNAPSHOT_MS = 3_000;
/** A channel that keeps failing is tried again, ever more slowly. */
const RETRY_MS = [500, 2_000, 10_000, 20_000] as const;

export class MachineLink {
  readonly #options: MachineOptions;
  #status: MachineStatus = { state: 'absent' };
  #connections: [number, number] | null = null;
  #channel: Channel | null = null;
  #requests: Requests | null = null;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #failures = 0;
  #seq = 0;
  #hasState = false;
  #resyncing = false;

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  get device(): string {
    return this.#options.device;
  }
  get status(): MachineStatus {
    return this.#status;
  }
  get isReady(): boolean {
    return this.#hasState && this.#channel?.isOpen === true;
  }

  /** The machine stands at relay connection `theirs`, this page at `own`; null when it is gone. */
  present(connections: [number, number] | null): void {
    const same = connections && this.#connections && connections[0] === this.#connections[0] && connections[1] === this.#connections[1];
    if (same) return;
    this.#connections = connections;
    this.#failures = 0;
    this.#end(new ClawError('e2e_closed', 'The machine went offline.'));
    if (connections) this.#open(connections);
    else this.#set({ state: 'absent' });
  }

  /** A frame from that machine. */
  receive(connection: number, cls: FrameClass, payload: Uint8Array): void {
    if (this.#connections?.[1] === connection) this.#channel?.receive(payload, cls);
  }

  /** Throws `peer_offline` at once, with nothing sent, where there is no open channel; after that only `e2e_*` and `request_timeout`. */
  async ask<C extends CommandName>(cmd: C, args: ArgsOf<C>, deadlineMs?: number): Promise<ResultOf<C>> {
    if (!this.#requests || !this.#channel?.isOpen) throw new ClawError('peer_offline', 'The machine is offline.');
    return this.#requests.ask(cmd, args, deadlineMs);
  }

  /**
   * Says hello and sees whether the machine answers within `pongMs`: at intervals, on return to the page, when somebody doubts. Null where there
   * is nobody to ask.
   */
  async probe(pongMs = PONG_MS): Promise<boolean | null> {
    const channel = this.#channel;
    if (!channel?.isOpen) {
      if (this.#connections && !channel) this.#open(this.#connections);
      return null;
    }
    return new Promise((resolve) => {
      const slow = this.#after(pongMs, () => {
        this.#set({ state: 'silent' });
        resolve(false);
      });
      this.ask('phone.hello', { ...this.#options.introduce(), protocol: PROTOCOL_VERSION }, PING_MS)
        // An error is an answer too; only silence is not.
        .catch((error: unknown) => asClawError(error).code)
        .then((outcome) => {
          this.#clear(slow);
          if (this.#channel !== channel) return resolve(null);
          if (outcome === 'request_timeout') {
            this.#failed(new ClawError('request_timeout', 'The machine does not answer.'));
            return resolve(false);
          }
          if (this.#hasState) this.#set({ state: 'connected' });
          resolve(true);
        });
    });
  }

  close(): void {
    this.#connections = null;
    this.#end(new ClawError('e2e_closed', 'Signed out.'));
  }

  #set(status: MachineStatus): void {
    if (status.state === this.#status.state && status.state !== 'refused') return;
    this.#status = status;
    this.#options.onStatus(status);
  }

  #after(ms: number, task: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #clear(timer: ReturnType<typeof setTimeout>): void {
    clearTimeout(timer);
    this.#timers.delete(timer);
  }

  #end(error: ClawError): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const channel = this.#channel;
    this.#channel = null;
    this.#hasState = false;
    this.#resyncing = false;
    this.#requests?.fail(error);
    this.#requests = null;
    // `e2e_closed` says nothing more to a connection that may be gone; any other reason is told, so that the machine lets go too.
    channel?.close(error);
  }

  #open(connections: [number, number]): void {
    this.#set({ state: 'connecting' });
    this.#seq = 0;
    const channel: Channel = new Channel({
      self: this.#options.self,
      peer: this.#options.device,
      connections,
      transmit: (cls, payload) => this.#options.transmit(connections[1], cls, payload),
      onOpen: () => this.#opened(channel),
      onMessage: (plain) => this.#channel === channel && this.#receive(plain),
      onClose: (error) => this.#channel === channel && this.#failed(error),
    });
    this.#channel = channel;
    this.#after(PING_MS, () => {
      if (this.#channel === channel && !channel.isOpen) this.#failed(new ClawError('request_timeout', 'The machine does not answer.'));
    });
  }

  #opened(channel: Channel): void {
    if (this.#channel !== channel) return;
    this.#requests = new Requests((message) => channel.send(encodeMessage(message)));
    void this.probe();
    this.#after(SNAPSHOT_MS, () => {
      if (this.#channel === channel && !this.#hasState) this.#resync();
    });
    this.#beat(channel);
  }

  #beat(channel: Channel): void {
    this.#after(PING_MS, () => {
      if (this.#channel !== channel) return;
      void this.probe();
      this.#beat(channel);
    });
  }

  #failed(error: ClawError): void {
    const refused = error.code === 'e2e_peer_refused' || error.code === 'e2e_refused' || error.code.startsWith('list_');
    this.#end(error);
    this.#set(refused ? { state: 'refused', error } : { state: 'connecting' });
    const wait = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)]!;
    this.#after(wait, () => {
      if (this.#connections && !this.#channel) this.#open(this.#connections);
    });
  }

  #receive(plain: Uint8Array): void {
    try {
      const wire = decodeWire(plain);
      if (wire.kind === 'output') return this.#options.onChunk(wire.chunk);
      const { message } = wire;
      if (message.t === 'res' || message.t === 'err') this.#requests?.settle(message);
      else if (message.t === 'ev') this.#event(message.seq, message.ev);
    } catch (error) {
      this.#failed(asClawError(error));
    }
  }

  #event(seq: number, raw: unknown): void {
    const parsed = v.safeParse(EventSchema, raw);
    const expected = this.#seq + 1;
    this.#seq = seq;
    // An event of a later version, or a hole: the state as a whole tells what it meant.
    if (!parsed.success || (seq !== expected && this.#hasState && parsed.output.event !== 'snapshot')) this.#resync();
    if (!parsed.success) return;
    this.#options.onEvent(parsed.output);
    if (parsed.output.event === 'snapshot') this.#gotState();
  }

  #resync(): void {
    if (this.#resyncing) return;
    this.#resyncing = true;
    const channel = this.#channel;
    this.ask('state.get', {}).then(
      (data) => {
        if (this.#channel !== channel) return;
        this.#resyncing = false;
        this.#seq = Math.max(this.#seq, data.seq);
        this.#options.onEvent({ event: 'snapshot', data });
        this.#gotState();
      },
      (error: unknown) => {
        if (this.#channel === channel) this.#failed(asClawError(error));
      },
    );
  }

  #gotState(): void {
    this.#failures = 0;
    const first = !this.#hasState;
    this.#hasState = true;
    this.#set({ state: 'connected' });
    if (first) this.#options.onReady();
  }
}
