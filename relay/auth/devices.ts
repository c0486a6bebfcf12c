/** What signed-in devices do: sessions, the device list, enrolment of another device, removal, leaving. */
import type * as v from 'valibot';
import { fromBase64url, toBase64url } from '../../shared/bytes.ts';
import { advanceList, type TrustedList, verifyList } from '../../shared/device-list.ts';
import { ClawError } from '../../shared/errors.ts';
import type {
  ClaimReply,
  ClaimRequest,
  DevicesReply,
  EnrolmentRequest,
  EventsReply,
  GetListReply,
  PutListReply,
  PutListRequest,
  RelayTokenReply,
  RemovalRequest,
  SessionReply,
} from '../../shared/relay-api.ts';
import type { Parts } from '../parts.ts';
import type { SessionRow } from '../store/store.ts';
import { bytesOf, ownDevice, startSession } from './accounts.ts';
import { type Caller, misused, quarantine } from './policy.ts';
import { mintToken } from './token.ts';

type Out<S extends v.GenericSchema> = Promise<v.InferOutput<S>>;
const EVENTS = 200;

/** Throws `token_unknown`, `token_expired`, `quarantined`, `proof_other_key`. */
export async function openSession(caller: Caller, parts: Parts): Out<typeof SessionReply> {
  const device = caller.key!.id;
  const { token: deviceToken, hash } = await mintToken('device');
  const rotation = await parts.store.rotate(device, caller.tokenHash!, hash, parts.nowMs());
  if (!rotation) {
    const holder = await parts.store.tokenHolder(caller.tokenHash!);
    if (holder) {
      await misused(holder, parts);
      throw new ClawError('proof_other_key', 'The DPoP proof is by another key than the token’s.');
    }
    throw new ClawError('token_unknown', 'This device token is not known.');
  }
  const { account } = rotation;
  if (rotation.outcome === 'expired') throw new ClawError('token_expired', 'This device was away for too long.');
  if (rotation.outcome === 'crowded')
    throw new ClawError('rate_limited', 'Too many refreshes of this device went unanswered.', {
      data: { retryAfterS: rotation.retryAfterS },
    });
  if (rotation.outcome === 'reuse') {
    await quarantine({ account, device }, parts);
    throw new ClawError('quarantined', 'An old token of this device was used: there may be a copy of it.');
  }
  const row = await parts.store.device(account, device);
  if (row?.quarantined) throw new ClawError('quarantined', 'This device is barred until you sign in on it again.');
  if (row?.kind === 'daemon' && caller.origin !== null) {
    await quarantine({ account, device }, parts);
    throw new ClawError('quarantined', 'A machine’s key was used from a web page.');
  }
  await parts.store.endEnrolment(account, device);
  const session = await startSession({ account, device, generation: rotation.state.generation }, false, parts);
  return { account, deviceToken, sessionToken: session.token, sessionExpiresInS: session.expiresInS };
}

/** Throws `rate_limited`, `busy`. */
export async function relayToken(session: SessionRow, caller: Caller, parts: Parts): Out<typeof RelayTokenReply> {
  await parts.rates.relayToken(session.device);
  const token = await parts.relayTokens.mint({
    account: session.account,
    device: session.device,
    kind: session.kind,
    pub: session.pub,
    epoch: session.accountEpoch,
    from: caller.origin ?? 'native',
  });
  return { relayToken: token, expiresInS: parts.limits.relayTokenS };
}

async function trustedOf(account: string, parts: Parts): Promise<{ trusted: TrustedList; pin: { account: string; ask: string } }> {
  const [row, newest] = await Promise.all([parts.store.account(account), parts.store.newestList(account)]);
  if (!row || !newest) throw new ClawError('not_found', 'The account is not known.');
  const pin = { account, ask: toBase64url(row.askPub) };
  return { trusted: await verifyList(newest.list, pin), pin };
}

export async function getList(session: SessionRow, parts: Parts): Out<typeof GetListReply> {
  const newest = await parts.store.newestList(session.account);
  if (!newest) throw new ClawError('not_found', 'The account is not known.');
  return { list: newest.list };
}

/** The relay checks what it need not be trusted for, so that garbage never reaches a device. Throws `list_*`. */
export async function putList(body: v.InferOutput<typeof PutListRequest>, session: SessionRow, parts: Parts): Out<typeof PutListReply> {
  const { account, device } = session;
  const { trusted, pin } = await trustedOf(account, parts);
  const next = await verifyList(body.list, pin);
  if (next.list.epoch <= trusted.list.epoch) throw new ClawError('list_conflict', 'Another device changed the device list first.');
  if (next.list.epoch !== trusted.list.epoch + 1)
    throw new ClawError('list_malformed', `The next device list has epoch ${trusted.list.epoch + 1}.`);
  await advanceList(trusted, body.list, pin);
  const devices = [...next.devices.values()].map((d) => ({ id: d.id, kind: d.kind, pub: bytesOf(d.pub, 'list') }));
  const before = await parts.store.device(account, device);
  if ((await parts.store.putList(account, next.list.epoch, body.list, devices, trusted.signed.removals.length)) === 'conflict')
    throw new ClawError('list_conflict', 'Another device changed the device list first.');
  for (const { id } of devices) if (!trusted.devices.has(id)) await parts.store.addEvent(account, 'device_added', id, parts.nowMs());

  const needsToken = next.devices.has(device) && (!trusted.devices.has(device) || !before?.hasToken || before.quarantined);
  if (!needsToken) return { epoch: next.list.epoch, deviceToken: null };
  const { token, hash } = await mintToken('device');
  await parts.store.startToken(account, device, hash, parts.nowMs());
  return { epoch: next.list.epoch, deviceToken: token };
}

/** Any device may take any off, itself included. Throws `list_bad_removal`, `list_malformed`, `not_found`. */
export async function remove(body: v.InferOutput<typeof RemovalRequest>, session: SessionRow, parts: Parts): Promise<{ removed: string }> {
  const { account } = session;
  const { trusted, pin } = await trustedOf(account, parts);
  const known = new Set(trusted.signed.removals.map((r) => r.body));
  const after = await verifyList({ ...trusted.signed, removals: [...trusted.signed.removals, body.removal] }, pin);
  const gone = [...trusted.devices.keys()].find((id) => !after.devices.has(id));
  const device = gone ?? (known.has(body.removal.body) ? deviceNamed(body.removal.body) : null);
  if (device === null || !(await parts.store.removeDevice(account, device, body.removal)))
    throw new ClawError('not_found', 'There is no such device in the account.');
  if (gone) await parts.store.addEvent(account, 'device_removed', device, parts.nowMs());
  return { removed: device };
}

const deviceNamed = (body: string): string => String((JSON.parse(body) as { device: unknown }).device);

/** Throws `not_found` for a device that does not stand on the list. */
export async function leaveEnrolment(
  body: v.InferOutput<typeof EnrolmentRequest>,
  session: SessionRow,
  parts: Parts,
): Promise<{ left: true }> {
  if (!fromBase64url(body.sealed)) throw new ClawError('bad_field', 'The field sealed is not canonical base64url.');
  const until = parts.nowMs() + parts.limits.enrolmentS * 1000;
  if (!(await parts.store.leaveEnrolment(session.account, body.device, body.sealed, until)))
    throw new ClawError('not_found', 'There is no such device in the account.');
  parts.waiters.wake(body.device);
  return { left: true };
}

/** Waits for somebody to sign this device in. The enrolment stays until its first session, so that a lost answer can be asked for again. */
export async function claim(
  body: v.InferOutput<typeof ClaimRequest>,
  caller: Caller,
  signal: AbortSignal,
  parts: Parts,
): Out<typeof ClaimReply> {
  const device = await ownDevice(body.device, caller.key!);
  let found = await parts.store.enrolment(device.id, parts.nowMs());
  if (!found) {
    const waited = await parts.waiters.wait(device.id, parts.limits.claimWaitMs, signal);
    if (!waited) throw new ClawError('busy', 'Too many devices wait to be enrolled.', { data: { retryAfterS: 5 } });
    found = signal.aborted ? null : await parts.store.enrolment(device.id, parts.nowMs());
  }
  if (!found) return { state: 'pending' };
  const row = await parts.store.device(found.account, device.id);
  if (row?.kind !== device.kind) throw new ClawError('bad_kind', 'The device list holds this key as another kind of device.');
  const { token, hash } = await mintToken('device');
  await parts.store.startToken(found.account, device.id, hash, parts.nowMs());
  return { state: 'enrolled', account: found.account, deviceToken: token, sealed: found.sealed };
}

export async function listDevices(session: SessionRow, parts: Parts): Out<typeof DevicesReply> {
  const rows = await parts.store.devices(session.account);
  return { devices: rows.map((d) => ({ id: d.id, kind: d.kind, lastSeenHour: d.lastSeenHour, revoked: d.revoked })) };
}

export async function listEvents(session: SessionRow, limit: number, parts: Parts): Out<typeof EventsReply> {
  const since = Math.floor(parts.nowMs() / 3_600_000) - parts.limits.eventDays * 24;
  return { events: await parts.store.events(session.account, since, Math.min(limit, EVENTS)) };
}

export async function logout(session: SessionRow, parts: Parts): Promise<{ signedOut: true }> {
  await parts.store.signOut(session.account, session.device);
  return { signedOut: true };
}
