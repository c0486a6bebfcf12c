/** Devices, their token chains and sessions in PostgreSQL. */
import { type Bytes, concat, toHex } from '../../shared/bytes.ts';
import type { DeviceKind } from '../../shared/device-list.ts';
import { confirmed, type Rotation, rotate } from '../auth/rotation.ts';
import { LIMITS } from '../limits.ts';
import { hourOf, tell } from './accounts.ts';
import type { Database } from './connect.ts';
import { asDevice, bytes, type DeviceRecord, tokenState } from './rows.ts';
import type { Change, DeviceRow, ListDevice, NewSession, SessionRow } from './store.ts';

const IDLE_MS = LIMITS.deviceIdleDays * 86_400_000;

export class Devices {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  noteDevice(account: string, d: ListDevice): Promise<DeviceRow> {
    return this.#db.within({ account }, async (tx) => {
      const [row] = await tx<DeviceRecord[]>`insert into devices (account, id, kind, sign_pub)
        values (${account}, ${d.id}, ${d.kind}, ${d.pub})
        on conflict (account, id) do update set sign_pub = excluded.sign_pub returning *`;
      return asDevice(row!);
    });
  }

  device(account: string, id: string): Promise<DeviceRow | null> {
    return this.#db.within({ account }, async (tx) => {
      const [row] = await tx<DeviceRecord[]>`select * from devices where account = ${account} and id = ${id}`;
      return row ? asDevice(row) : null;
    });
  }

  devices(account: string): Promise<DeviceRow[]> {
    return this.#db.within({ account }, async (tx) => {
      const rows = await tx<DeviceRecord[]>`select * from devices where account = ${account} and list_epoch > 0 order by list_epoch, id`;
      return rows.map(asDevice);
    });
  }

  knowsDevice(account: string, id: string): Promise<boolean> {
    return this.#db.within({ account }, async (tx) => {
      const rows = await tx`select 1 from devices where account = ${account} and id = ${id} and list_epoch > 0 and revoked_at is null`;
      return rows.length > 0;
    });
  }

  async startToken(account: string, device: string, hash: Bytes, nowMs: number): Promise<void> {
    await this.#db.within(
      { account },
      (tx) => tx`update devices set token_hash = ${hash}, prev_hash = null, retired_hashes = '', generation = generation + 1,
        rotated_at = ${new Date(nowMs)}, replacements = 0, quarantined_at = null, last_seen_hour = ${hourOf(nowMs)}
        where account = ${account} and id = ${device} and revoked_at is null`,
    );
  }

  rotate(device: string, presented: Bytes, successor: Bytes, nowMs: number): Promise<Rotation | null> {
    return this.#db.within({ device }, async (tx) => {
      const rows = await tx<DeviceRecord[]>`select * from devices where id = ${device} and revoked_at is null order by account for update`;
      for (const row of rows) {
        const decision = rotate(tokenState(row), presented, successor, nowMs, IDLE_MS);
        if (!decision) continue;
        if (decision.outcome === 'rotated') {
          const s = decision.state;
          await tx`update devices set token_hash = ${s.current}, prev_hash = ${s.previous}, retired_hashes = ${concat(...s.retired)},
            generation = ${s.generation}, rotated_at = ${new Date(s.rotatedAtMs)}, replacements = ${s.replacements}, last_seen_hour = ${hourOf(nowMs)}
            where account = ${row.account} and id = ${device}`;
        }
        return { account: row.account, ...decision };
      }
      return null;
    });
  }

  tokenHolder(hash: Bytes): Promise<{ account: string; device: string; kind: DeviceKind } | null> {
    return this.#db.within({ hash: toHex(hash) }, async (tx) => {
      const [row] = await tx<DeviceRecord[]>`select * from devices where token_hash = ${hash}`;
      return row ? { account: row.account, device: row.id, kind: row.kind } : null;
    });
  }

  async endSessions(account: string, device: string, why: 'signed_out' | 'quarantined'): Promise<void> {
    await this.#db.within({ account }, async (tx) => {
      await tx`delete from sessions where account = ${account} and device = ${device}`;
      if (why === 'quarantined')
        await tx`update devices set quarantined_at = now() where account = ${account} and id = ${device} and quarantined_at is null`;
      await tell(tx, { account, device, what: why });
    });
  }

  async signOut(account: string, device: string): Promise<void> {
    await this.#db.within(
      { account },
      (tx) => tx`update devices set token_hash = null, prev_hash = null, retired_hashes = '' where account = ${account} and id = ${device}`,
    );
    await this.endSessions(account, device, 'signed_out');
  }

  async createSession(s: NewSession): Promise<void> {
    await this.#db.within(
      { account: s.account },
      (tx) => tx`insert into sessions (hash, account, device, generation, expires, fresh_until)
        values (${s.hash}, ${s.account}, ${s.device}, ${s.generation}, ${new Date(s.expiresAtMs)}, ${new Date(s.freshUntilMs)})`,
    );
  }

  session(hash: Bytes): Promise<SessionRow | null> {
    return this.#db.within({ hash: toHex(hash) }, async (tx) => {
      const [s] = await tx<
        { account: string; device: string; generation: number | null; expires: Date; fresh_until: Date }[]
      >`select account, device, generation, expires, fresh_until from sessions where hash = ${hash}`;
      if (!s) return null;
      await tx`select set_config('app.account', ${s.account}, true)`;
      const [d] = await tx<(DeviceRecord & { epoch: number })[]>`select d.*, l.epoch from devices d join device_lists l using (account)
        where account = ${s.account} and id = ${s.device}`;
      if (!d) return null;
      return {
        account: s.account,
        device: s.device,
        kind: d.kind,
        pub: bytes(d.sign_pub),
        expiresAtMs: s.expires.getTime(),
        freshUntilMs: s.fresh_until.getTime(),
        listEpoch: d.list_epoch,
        accountEpoch: d.epoch,
        revoked: d.revoked_at !== null,
        quarantined: d.quarantined_at !== null,
        confirms: d.prev_hash !== null && s.generation === d.generation ? d.generation : null,
      };
    });
  }

  async confirmToken(account: string, device: string, generation: number): Promise<void> {
    await this.#db.within({ account }, async (tx) => {
      const [row] = await tx<DeviceRecord[]>`select * from devices
        where account = ${account} and id = ${device} and generation = ${generation} and prev_hash is not null for update`;
      if (row)
        await tx`update devices set prev_hash = null, retired_hashes = ${concat(...confirmed(tokenState(row)).retired)}
          where account = ${account} and id = ${device}`;
    });
  }

  changedSince(sinceMs: number): Promise<Change[]> {
    const since = new Date(sinceMs);
    return this.#db.within({ scope: 'tidy' }, async (tx) => {
      const rows = await tx<{ account: string; id: string; revoked: boolean }[]>`
        select account, id, revoked_at is not null as revoked from devices where revoked_at > ${since} or quarantined_at > ${since}`;
      return rows.map((r): Change => ({ account: r.account, device: r.id, what: r.revoked ? 'revoked' : 'quarantined' }));
    });
  }

  async tidy(nowMs: number): Promise<void> {
    const now = new Date(nowMs);
    await this.#db.within({ scope: 'tidy' }, async (tx) => {
      await tx`delete from sessions where expires < ${now}`;
      await tx`delete from enrolments where expires < ${now}`;
      await tx`delete from grants where expires < ${now}`;
      await tx`delete from security_events where hour < ${hourOf(nowMs) - LIMITS.eventDays * 24}`;
      // Signed in, never listed: the sign-in was not finished.
      await tx`delete from devices d where list_epoch = 0
        and not exists (select from sessions s where s.account = d.account and s.device = d.id)`;
    });
  }
}
