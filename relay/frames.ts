/**
 * Who may send each type of frame, in one table that has no default: a type without a line does not compile, and `frames.test.ts` tries every type on every
 * kind of socket.
 */
import { FRAME, type FrameType } from '../shared/frame.ts';

export type FramePolicy =
  /** A socket that has not said hello yet; all authentication is in this frame. */
  | 'stranger'
  /** A socket that was welcomed, while its lease runs. */
  | 'member'
  /** The relay alone. */
  | 'relay';

export const FRAME_POLICY: Readonly<Record<keyof typeof FRAME, FramePolicy>> = {
  challenge: 'relay',
  hello: 'stranger',
  welcome: 'relay',
  renew: 'member',
  renewed: 'relay',
  presence: 'relay',
  error: 'relay',
  drain: 'relay',
  gap: 'relay',
  ping: 'member',
  pong: 'member',
  data: 'member',
};

const BY_TYPE = new Map<FrameType, FramePolicy>(
  (Object.keys(FRAME) as (keyof typeof FRAME)[]).map((name) => [FRAME[name], FRAME_POLICY[name]]),
);

export const framePolicy = (type: FrameType): FramePolicy => BY_TYPE.get(type) ?? 'relay';
