/** What the push route asks of the forwarder. */
import type * as v from 'valibot';
import type { PushReply, PushRequest } from '../../shared/relay-api.ts';

export interface Pusher {
  /** VAPID public key, base64url: what a browser subscribes with. */
  readonly publicKey: string;
  /** Throws `bad_endpoint`, `push_bad_*`; everything the push service says is an outcome. */
  forward(push: v.InferOutput<typeof PushRequest>): Promise<v.InferOutput<typeof PushReply>>;
}
