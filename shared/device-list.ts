/**
 * The account-signed device list: who may speak to whom. Adding needs the account signing key (ASK); removing may be signed by any device
 * on the list. A list is carried as the exact text that was signed, so nothing has to be made canonical.
 */
import * as v from 'valibot';
import { type Bytes, fromBase64url, sha256, toBase64url, utf8 } from './bytes.ts';
import { ClawError } from './errors.ts';
import { type SigningKey, sign, thumbprint, verify } from './keys.ts';

export const DEVICE_KINDS = ['phone', 'daemon'] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];
/** What a device may ask of a daemon; enforced by the daemon, verb by verb. */
export const GRANTS = ['view', 'answer', 'start', 'type', 'admin'] as const;
export type Grant = (typeof GRANTS)[number];

const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16,64}$/));
const Base64url = v.pipe(v.string(), v.maxLength(8192), v.regex(/^[A-Za-z0-9_-]+$/));
const DeviceSchema = v.strictObject({
  id: Id,
  kind: v.picklist(DEVICE_KINDS),
  pub: Base64url,
  grants: v.array(v.picklist(GRANTS)),
  /** Epoch of the list in which it first stood. */
  added: v.pipe(v.number(), v.integer(), v.minValue(1)),
});
export type ListedDevice = v.InferOutput<typeof DeviceSchema>;

const ListSchema = v.strictObject({
  account: Id,
  ask: Base64url,
  epoch: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
  /** Hash of each earlier list, epoch 1 first: one list proves its whole past. */
  history: v.array(Base64url),
  devices: v.pipe(v.array(DeviceSchema), v.maxLength(64)),
  revoked: v.array(Id),
});
export type DeviceList = v.InferOutput<typeof ListSchema>;

export const RemovalSchema = v.strictObject({ body: v.pipe(v.string(), v.maxLength(1024)), sig: Base64url });
export type Removal = v.InferOutput<typeof RemovalSchema>;
const RemovalBodySchema = v.strictObject({ account: Id, device: Id, by: Id });

export const SignedListSchema = v.strictObject({
  body: v.pipe(v.string(), v.maxLength(128 * 1024)),
  sig: Base64url,
  removals: v.pipe(v.array(RemovalSchema), v.maxLength(64)),
});
export type SignedList = v.InferOutput<typeof SignedListSchema>;

/** A list whose signatures hold, with the removals applied. */
export interface TrustedList {
  signed: SignedList;
  list: DeviceList;
  /** Hash of `signed.body`, base64url. */
  hash: string;
  /** Devices that stand: listed, and not removed. */
  devices: ReadonlyMap<string, ListedDevice>;
}

/** The account key that this device has pinned, base64url of the raw point. */
export interface Pin {
  account: string;
  ask: string;
}

const refuse = (code: string, message: string): never => {
  throw new ClawError(code, message);
};
const hashText = async (body: string): Promise<string> => toBase64url(await sha256(utf8(body)));

function parse<S extends v.GenericSchema>(schema: S, text: string, what: string): v.InferOutput<S> {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (cause) {
    throw new ClawError('list_malformed', `The ${what} is not readable.`, { cause });
  }
}

/** Checks one list by itself: signature under the pinned key, ids that are the keys' own, removals by listed devices. Throws `list_*`. */
export async function verifyList(signed: SignedList, pin: Pin): Promise<TrustedList> {
  const list = parse(ListSchema, signed.body, 'device list');
  if (list.account !== pin.account) refuse('list_other_account', 'The device list belongs to another account.');
  if (list.ask !== pin.ask) refuse('list_wrong_account_key', 'The device list names another account key than the one pinned here.');
  const ask = fromBase64url(pin.ask) ?? refuse('list_malformed', 'The account key is not readable.');
  const sig = fromBase64url(signed.sig) ?? refuse('list_malformed', 'The signature of the device list is not readable.');
  if (!(await verify(ask, 'ct/list/1', utf8(signed.body), sig)))
    refuse('list_bad_signature', 'The device list is not signed by the account key.');
  if (list.history.length !== list.epoch - 1) refuse('list_malformed', 'The device list does not name each of its predecessors.');

  const devices = new Map<string, ListedDevice>();
  for (const device of list.devices) {
    const pub = fromBase64url(device.pub);
    if (!pub || (await thumbprint(pub)) !== device.id || devices.has(device.id) || list.revoked.includes(device.id))
      refuse('list_malformed', 'A device in the list is not what its id says.');
    devices.set(device.id, device);
  }
  const removed = await Promise.all(signed.removals.map((removal) => verifyRemoval(removal, list)));
  for (const id of removed) devices.delete(id);
  return { signed, list, hash: await hashText(signed.body), devices };
}

/** The id that `removal` takes off `list`. Any listed device may have signed it: the worst it can do is a nuisance. */
async function verifyRemoval(removal: Removal, list: DeviceList): Promise<string> {
  const body = parse(RemovalBodySchema, removal.body, 'removal');
  const by = list.devices.find((d) => d.id === body.by);
  const pub = by && fromBase64url(by.pub);
  const sig = fromBase64url(removal.sig);
  if (body.account !== list.account || !pub || !sig || !(await verify(pub, 'ct/removal/1', utf8(removal.body), sig)))
    refuse('list_bad_removal', 'A removal is not signed by a device of the list.');
  return body.device;
}

/**
 * Takes `next` over `known`, or refuses: an older epoch (`list_rollback`), another list of the same epoch or another past
 * (`list_fork`), a revoked device come back (`list_malformed`). Removals only ever accumulate.
 */
export async function advanceList(known: TrustedList | null, next: SignedList, pin: Pin): Promise<TrustedList> {
  const candidate = await verifyList(next, pin);
  if (!known) return candidate;
  if (candidate.list.epoch < known.list.epoch)
    refuse('list_rollback', `The relay showed device list ${candidate.list.epoch}, older than ${known.list.epoch} seen before.`);
  if (candidate.list.epoch === known.list.epoch) {
    if (candidate.hash !== known.hash) refuse('list_fork', 'The relay showed two histories of the device list.');
    return verifyList({ ...known.signed, removals: mergeRemovals(known.signed.removals, next.removals) }, pin);
  }
  if (candidate.list.history[known.list.epoch - 1] !== known.hash)
    refuse('list_fork', 'The relay showed two histories of the device list.');
  for (const id of gone(known)) if (candidate.devices.has(id)) refuse('list_malformed', 'The device list brings a removed device back.');
  return candidate;
}

/**
 * The list that a sign-in goes on from: what the relay shows, over what this device knows of that account. The account key signs what is made of it, so that a
 * relay that shows an older one would get its removed devices signed in again. Throws as `advanceList`.
 */
export async function signInList(known: TrustedList | null, shown: SignedList, pin: Pin): Promise<TrustedList> {
  try {
    return await advanceList(known?.list.account === pin.account ? known : null, shown, pin);
  } catch (error) {
    if (!(error instanceof ClawError) || (error.code !== 'list_rollback' && error.code !== 'list_fork')) throw error;
    throw new ClawError(error.code, error.message, {
      hint: 'Nothing was signed. If the relay was set back on purpose: clawtab devices trust at each machine, sign out on each phone.',
    });
  }
}

const gone = (known: TrustedList): string[] => [
  ...known.list.revoked,
  ...known.list.devices.filter((d) => !known.devices.has(d.id)).map((d) => d.id),
];

function mergeRemovals(a: readonly Removal[], b: readonly Removal[]): Removal[] {
  const byText = new Map([...a, ...b].map((r) => [r.body, r]));
  return [...byText.values()];
}

export interface NewDevice {
  kind: DeviceKind;
  pub: Bytes;
  grants?: readonly Grant[];
}

/** The first list of an account, signed. */
export async function createList(account: string, ask: SigningKey, devices: readonly NewDevice[]): Promise<SignedList> {
  return signList(
    { account, ask: toBase64url(ask.publicRaw), epoch: 1, history: [], devices: await asListed(devices, 1), revoked: [] },
    ask,
  );
}

/** The list after `known` with `devices` added and its removals folded in, signed. A device that stands already is kept as it is. */
export async function extendList(known: TrustedList, ask: SigningKey, devices: readonly NewDevice[]): Promise<SignedList> {
  const epoch = known.list.epoch + 1;
  const added = (await asListed(devices, epoch)).filter((d) => !known.devices.has(d.id));
  return signList(
    {
      account: known.list.account,
      ask: known.list.ask,
      epoch,
      history: [...known.list.history, known.hash],
      devices: [...known.devices.values(), ...added],
      revoked: gone(known),
    },
    ask,
  );
}

const asListed = (devices: readonly NewDevice[], epoch: number): Promise<ListedDevice[]> =>
  Promise.all(
    devices.map(async (d) => ({
      id: await thumbprint(d.pub),
      kind: d.kind,
      pub: toBase64url(d.pub),
      grants: [...(d.grants ?? (d.kind === 'phone' ? GRANTS : []))],
      added: epoch,
    })),
  );

async function signList(list: DeviceList, ask: SigningKey): Promise<SignedList> {
  const body = JSON.stringify(list);
  return { body, sig: toBase64url(await sign(ask.privateKey, 'ct/list/1', utf8(body))), removals: [] };
}

/** A statement that takes `device` off the list, signed by a listed device. */
export async function signRemoval(account: string, device: string, by: { id: string; privateKey: CryptoKey }): Promise<Removal> {
  const body = JSON.stringify({ account, device, by: by.id });
  return { body, sig: toBase64url(await sign(by.privateKey, 'ct/removal/1', utf8(body))) };
}
