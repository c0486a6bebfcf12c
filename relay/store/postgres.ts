/** The store on PostgreSQL, whichever server that is: puts the parts of this folder together and listens to other nodes' changes. */
import * as v from 'valibot';
import { type Bytes, randomBytes } from '../../shared/bytes.ts';
import { Accounts, CHANNEL } from './accounts.ts';
import { type ConnectOptions, Database } from './connect.ts';
import { Devices } from './devices.ts';
import { bytes } from './rows.ts';
import type { Change, Store } from './store.ts';

const ChangeSchema = v.object({
  account: v.string(),
  device: v.nullable(v.string()),
  what: v.picklist(['revoked', 'signed_out', 'quarantined', 'list', 'enrolment']),
  epoch: v.optional(v.number()),
});

function parseChange(text: string): Change | null {
  try {
    return v.parse(ChangeSchema, JSON.parse(text));
  } catch {
    return null; // not ours, or of a later version: a sweep is always right
  }
}

/** Opens and migrates. `url` null: `options` say where. Throws `unavailable`, `state_newer`. */
export async function openStore(url: string | null, options: ConnectOptions = {}): Promise<Store> {
  const db = await Database.open(url, options);
  const accounts = new Accounts(db);
  const devices = new Devices(db);
  return {
    async ping() {
      await db.guard(db.sql`select 1`);
    },
    async secret(): Promise<Bytes> {
      await db.guard(db.sql`insert into relay_secret (secret) values (${randomBytes(32)}) on conflict do nothing`);
      const [row] = await db.guard(db.sql<{ secret: Uint8Array }[]>`select secret from relay_secret`);
      return bytes(row!.secret);
    },
    createAccount: accounts.createAccount.bind(accounts),
    accountByEmail: accounts.accountByEmail.bind(accounts),
    account: accounts.account.bind(accounts),
    newestList: accounts.newestList.bind(accounts),
    putList: accounts.putList.bind(accounts),
    removeDevice: accounts.removeDevice.bind(accounts),
    leaveEnrolment: accounts.leaveEnrolment.bind(accounts),
    enrolment: accounts.enrolment.bind(accounts),
    endEnrolment: accounts.endEnrolment.bind(accounts),
    addEvent: accounts.addEvent.bind(accounts),
    events: accounts.events.bind(accounts),
    noteDevice: devices.noteDevice.bind(devices),
    device: devices.device.bind(devices),
    devices: devices.devices.bind(devices),
    knowsDevice: devices.knowsDevice.bind(devices),
    startToken: devices.startToken.bind(devices),
    rotate: devices.rotate.bind(devices),
    tokenHolder: devices.tokenHolder.bind(devices),
    endSessions: devices.endSessions.bind(devices),
    signOut: devices.signOut.bind(devices),
    createSession: devices.createSession.bind(devices),
    session: devices.session.bind(devices),
    confirmToken: devices.confirmToken.bind(devices),
    changedSince: devices.changedSince.bind(devices),
    tidy: devices.tidy.bind(devices),
    async listen(heard) {
      // The driver keeps one connection for this and listens again after it was lost; what fell into the gap is swept.
      await db.guard(
        db.sql.listen(
          CHANNEL,
          (text) => heard(parseChange(text)),
          () => heard(null),
        ),
      );
    },
    close: () => db.close(),
  };
}
