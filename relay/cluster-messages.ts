/** What relays say to each other on the bus, and the frames that they hand over: routing facts only, never content, never a token. */
import * as v from 'valibot';
import { type Bytes, fromUtf8, utf8 } from '../shared/bytes.ts';

const Text = v.pipe(v.string(), v.maxLength(64));
export const RemoteRow = v.object({
  connection: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(0xffff_ffff)),
  device: Text,
  kind: v.picklist(['phone', 'daemon']),
  /** When it joined, by its node's clock: of two connections of one device the later stays, on every node alike. */
  atMs: v.number(),
});
export type RemoteRow = v.InferOutput<typeof RemoteRow>;

const Change = v.object({ account: Text, device: v.nullable(Text), what: v.picklist(['revoked', 'signed_out', 'quarantined']) });

export const Message = v.variant('say', [
  /** Members of an account on that node; `ask`: who else has some says so to it. */
  v.object({ say: v.literal('here'), node: Text, account: Text, epoch: v.number(), members: v.array(RemoteRow), ask: v.boolean() }),
  v.object({ say: v.literal('left'), node: Text, account: Text, connection: v.number() }),
  v.object({ say: v.literal('beat'), node: Text }),
  v.object({ say: v.literal('gone'), node: Text }),
  v.object({ say: v.literal('change'), node: Text, change: Change }),
]);
export type Message = v.InferOutput<typeof Message>;

export const Admitted = v.object({
  account: Text,
  device: Text,
  kind: v.picklist(['phone', 'daemon']),
  pub: v.string(),
  epoch: v.number(),
  from: v.string(),
});

/** Null for what is no message of this version: nodes are upgraded one after another. */
export function readMessage(payload: Uint8Array): Message | null {
  try {
    return v.parse(Message, JSON.parse(fromUtf8(payload)));
  } catch {
    return null;
  }
}

/** `length u8 · account · target u32 · frame`: the frame as the source's node has made it, source in place. */
export function packFrame(account: string, target: number, frame: Uint8Array): Bytes {
  const name = utf8(account);
  const out = new Uint8Array(1 + name.length + 4 + frame.length);
  out[0] = name.length;
  out.set(name, 1);
  new DataView(out.buffer).setUint32(1 + name.length, target);
  out.set(frame, 5 + name.length);
  return out;
}

export function unpackFrame(payload: Uint8Array): { account: string; target: number; frame: Uint8Array } | null {
  const length = payload[0] ?? 0;
  if (payload.length < 5 + length) return null;
  const view = new DataView(payload.buffer, payload.byteOffset);
  return { account: fromUtf8(payload.subarray(1, 1 + length)), target: view.getUint32(1 + length), frame: payload.subarray(5 + length) };
}
