/** The daemon's side of enrolment by link: prints nothing, waits at the relay until the page has signed this machine in, and checks what it left. */
import { Backoff } from '../../shared/backoff.ts';
import { toBase64url } from '../../shared/bytes.ts';
import type { TrustedList } from '../../shared/device-list.ts';
import { type EnrolmentOffer, enrolmentLink, makeEnrolmentOffer, matchCode, openEnrolment, terminalCode } from '../../shared/enrolment.ts';
import { asClawError } from '../../shared/errors.ts';
import { ClaimReply } from '../../shared/relay-api.ts';
import { RelayHttp } from '../../shared/relay-http.ts';
import type { DeviceKey } from './device-key.ts';

/** The relay answers after 25 s at the latest. */
const CLAIM_TIMEOUT_MS = 40_000;

export interface Enrolment {
  link: string;
  /** To be shown beside the link: the page asks for it. */
  code: string;
  cancel(): void;
}

/** What the page left for this machine, checked. */
export interface Enrolled {
  origin: string;
  trusted: TrustedList;
  deviceToken: string;
  /** What that page shows. */
  match: string;
}

export interface EnrolmentEvents {
  onEnrolled(enrolled: Enrolled): void;
  /** It goes on trying; told once per kind of trouble. */
  onTrouble(message: string): void;
}

/** Offers `device` at the relay, and goes on until somebody takes it or it is cancelled. Throws `bad_origin`, `insecure_url`. */
export async function offerEnrolment(
  origin: string,
  device: DeviceKey,
  { name, confirm }: { name: string; confirm: boolean },
  events: EnrolmentEvents,
): Promise<Enrolment> {
  const http = new RelayHttp({ origin, key: device });
  const offer = await makeEnrolmentOffer({ kind: 'daemon', pub: device.publicRaw, name, confirm });
  const stop = new AbortController();
  void claim(http, device, offer, stop.signal, events);
  return { link: enrolmentLink(http.origin, offer), code: await terminalCode(offer), cancel: () => stop.abort() };
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
      const match = await matchCode(offer, trusted);
      if (!signal.aborted) events.onEnrolled({ origin: http.origin, trusted, deviceToken: reply.deviceToken, match });
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
