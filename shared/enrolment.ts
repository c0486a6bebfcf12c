/**
 * Enrolment by link: a daemon prints a link whose fragment carries its key and a one-time secret; the page that adds the daemon to the device
 * list leaves the account's key and list at the relay, authenticated with that secret. The relay never sees the secret, so it cannot
 * make a daemon trust another account. Who prints, claims and signs is the daemon's and the page's.
 */
import * as v from 'valibot';
import { type Bytes, equalBytes, fromBase64url, fromUtf8, lengthPrefixed, randomBytes, toBase64url, utf8 } from './bytes.ts';
import { DEVICE_KINDS, type SignedList, SignedListSchema, type TrustedList, verifyList } from './device-list.ts';
import { ClawError } from './errors.ts';
import { thumbprint } from './keys.ts';

export const ENROL_FRAGMENT = 'enrol';
const SECRET_BYTES = 32;

const Base64url = (min: number, max: number) => v.pipe(v.string(), v.minLength(min), v.maxLength(max), v.regex(/^[A-Za-z0-9_-]+$/));
const OfferSchema = v.strictObject({
  v: v.literal(1),
  /** Thumbprint of `pub`. */
  id: Base64url(43, 43),
  kind: v.picklist(DEVICE_KINDS),
  pub: Base64url(87, 87),
  secret: Base64url(43, 43),
  /** For the person who confirms: the machine's name. Untrusted text. */
  name: v.pipe(v.string(), v.maxLength(128)),
  /** Somebody at the machine will be asked for the match code before it takes the account. */
  confirm: v.optional(v.literal(true)),
});
/** What the link says about the device that wants in. */
export type EnrolmentOffer = v.InferOutput<typeof OfferSchema>;

const GrantSchema = v.strictObject({
  account: Base64url(16, 64),
  ask: Base64url(87, 87),
  list: SignedListSchema,
  mac: Base64url(43, 43),
});

/** A fresh offer for the device with that public key (65 bytes). Its secret is for one enrolment. */
export async function makeEnrolmentOffer(device: {
  kind: EnrolmentOffer['kind'];
  pub: Bytes;
  name: string;
  confirm?: boolean;
}): Promise<EnrolmentOffer> {
  return {
    v: 1,
    id: await thumbprint(device.pub),
    kind: device.kind,
    pub: toBase64url(device.pub),
    secret: toBase64url(randomBytes(SECRET_BYTES)),
    name: device.name.slice(0, 128),
    ...(device.confirm === true ? { confirm: true as const } : {}),
  };
}

/** The address to open on the phone: everything secret is behind `#`, which browsers never send. */
export function enrolmentLink(origin: string, offer: EnrolmentOffer): string {
  return `${new URL(origin).origin}/#${ENROL_FRAGMENT}=${toBase64url(utf8(JSON.stringify(offer)))}`;
}

/**
 * The offer in a link, a fragment or the bare value behind `enrol=`; null where there is none. Throws `enrolment_bad_link` for one that is
 * broken, or whose id is not that of its key.
 */
export async function parseEnrolmentLink(text: string): Promise<EnrolmentOffer | null> {
  const found = /(?:^|[#&])enrol=([^&#]*)/.exec(text);
  if (!found) return null;
  try {
    const bytes = fromBase64url(found[1]!);
    if (!bytes || bytes.length > 2048) throw new Error('not base64url');
    const offer = v.parse(OfferSchema, JSON.parse(fromUtf8(bytes)));
    const pub = fromBase64url(offer.pub);
    if (!pub || (await thumbprint(pub)) !== offer.id) throw new Error('the id is not that of the key');
    return offer;
  } catch (cause) {
    throw new ClawError('enrolment_bad_link', 'The enrolment link is damaged.', {
      hint: 'Open it again as `clawtab up` or `clawtab login` printed it, whole.',
      cause,
    });
  }
}

/** `purpose` keeps the values apart that are made of one secret. */
async function macOf(secret: Bytes, purpose: 'ct/enrol/1' | 'ct/shown/1' | 'ct/match/1', ...parts: string[]): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const text = lengthPrefixed(utf8(purpose), ...parts.map(utf8));
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, text));
}

const secretOf = (offer: Pick<EnrolmentOffer, 'secret'>): Bytes => {
  const secret = fromBase64url(offer.secret);
  if (!secret || secret.length !== SECRET_BYTES) throw new ClawError('enrolment_bad_link', 'The enrolment link is damaged.');
  return secret;
};

/** Six digits, `123 456`. */
function digitsOf(mac: Bytes): string {
  const n = String(new DataView(mac.buffer, mac.byteOffset).getUint32(0) % 1_000_000).padStart(6, '0');
  return `${n.slice(0, 3)} ${n.slice(3)}`;
}

/** The same digits, however a person has written them. */
export const sameDigits = (typed: string, code: string): boolean => typed.replace(/[\s-]/g, '') === code.replace(' ', '');

/** What stands beside the link on the machine's own screen. A page asks for it: whoever was only sent the link does not see it. */
export const terminalCode = async (offer: EnrolmentOffer): Promise<string> =>
  digitsOf(await macOf(secretOf(offer), 'ct/shown/1', offer.pub, offer.name));

/**
 * What both ends make of everything that was signed: machine, account, account key, list. The page shows it, the machine asks for it: whoever has taken the link
 * in somebody else's place has another.
 */
export async function matchCode(offer: EnrolmentOffer, trusted: TrustedList): Promise<string> {
  const { account, ask } = trusted.list;
  return digitsOf(await macOf(secretOf(offer), 'ct/match/1', offer.pub, account, ask, trusted.signed.body));
}

/** Page side: what goes into `sealed` of `POST /v1/enrolments`. `list` is the one in which the device stands. */
export async function sealEnrolment(offer: EnrolmentOffer, trusted: TrustedList): Promise<string> {
  const { account, ask } = trusted.list;
  const list: SignedList = trusted.signed;
  const mac = toBase64url(await macOf(secretOf(offer), 'ct/enrol/1', account, ask, list.body));
  return toBase64url(utf8(JSON.stringify({ account, ask, list, mac })));
}

/**
 * Daemon side: checks the MAC under the secret that only the link carried, then the list, and that this device stands in it. The result is
 * what to pin. Throws `enrolment_forged` (not made by who has the link), `enrolment_incomplete`, `list_*`.
 */
export async function openEnrolment(offer: EnrolmentOffer, sealed: string): Promise<TrustedList> {
  let grant: v.InferOutput<typeof GrantSchema>;
  try {
    grant = v.parse(GrantSchema, JSON.parse(fromUtf8(fromBase64url(sealed) ?? new Uint8Array())));
  } catch (cause) {
    throw new ClawError('enrolment_forged', 'The relay handed over an enrolment that is not readable.', { cause });
  }
  const mac = await macOf(secretOf(offer), 'ct/enrol/1', grant.account, grant.ask, grant.list.body);
  if (!equalBytes(mac, fromBase64url(grant.mac) ?? new Uint8Array()))
    throw new ClawError('enrolment_forged', 'The enrolment was not made with this link; it is refused.', {
      hint: 'Print a new link and open that one.',
    });
  const trusted = await verifyList(grant.list, { account: grant.account, ask: grant.ask });
  if (!trusted.devices.has(offer.id))
    throw new ClawError('enrolment_incomplete', 'The account’s device list does not contain this device.', {
      hint: 'Open the link again and confirm there.',
    });
  return trusted;
}
