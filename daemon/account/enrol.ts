/** The daemon's side of enrolment by link: prints nothing, waits at the relay until the page has signed this machine in, and checks what it left. */
import { Backoff } from '../../shared/backoff.ts';
import { toBase64url } from '../../shared/bytes.ts';
import type { TrustedList } from '../../shared/device-list.ts';
import { type EnrolmentOffer, enrolmentLink, makeEnrolmentOffer, openEnrolment } from '../../shared/enrolment.ts';
import { asClawError } from '../../shared/errors.ts';
import { ClaimReply } from '../../shared/relay-api.ts';
import { RelayHttp } from '../../shared/relay-http.ts';
import type { DeviceKey } from './device-key.ts';

/** The relay answers after 25 s at the latest. */
const CLAIM_TIMEOUT_MS = 40_000;

export interface Enrolment {
  link: string;
  cancel(): void;
}

export interface EnrolmentEvents {
  onEnrolled(membership: { origin: string; trusted: TrustedList; deviceToken: string }): void;
  /** It goes on trying; told once per kind of trouble. */
  onTrouble(message: string): void;
}

/** Offers `device` at the relay, and goes on until somebody takes it or it is cancelled. Throws `bad_origin`, `insecure_url`. */
export async function offerEnrolment(origin: string, device: DeviceKey, name: string, events: EnrolmentEvents): Promise<Enrolment> {
  const http = new RelayHttp({ origin, key: device });
  const offer = await makeEnrolmentOffer({ kind: 'daemon', pub: device.publicRaw, name });
  const stop = new AbortController();
  void claim(http, device, offer, stop.signal, events);
  return { link: enrolmentLink(http.origin, offer), cancel: () => stop.abort() };
}

async function claim(
  http: RelayHttp,
  device: DeviceKey,
  offer: EnrolmentOffer,
  signal: AbortSignal,
  events: EnrolmentEvents,
): Promise<void> {
  const backoff = new Backoff(250, 5000);
  const told = new Set<string>();
  while (!signal.aborted) {
    try {
      const body = { device: { kind: 'daemon', pub: toBase64url(device.publicRaw) } };
      const reply = await http.call({
        method: 'POST',
        path: '/v1/enrolments/claim',
        reply: ClaimReply,
        body,
        signal,
        timeoutMs: CLAIM_TIMEOUT_MS,
      });
      backoff.reset();
      if (reply.state === 'pending') continue;
      const trusted = await openEnrolment(offer, reply.sealed);
      if (!signal.aborted) events.onEnrolled({ origin: http.origin, trusted, deviceToken: reply.deviceToken });
      return;
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asClawError(thrown);
      if (!told.has(error.code)) events.onTrouble(error.message);
      told.add(error.code);
      await new Promise((resolve) => setTimeout(resolve, backoff.nextMs()));
    }
  }
}
