/**
 * What this device keeps, in IndexedDB, shared by page and service worker: identity, account, outbox of answers, last known state, drafts.
 * Keys are CryptoKeys that cannot be exported; no terminal output is ever written here.
 */
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb';
import type { Bytes } from '../../shared/bytes.ts';
import type { SignedList } from '../../shared/device-list.ts';
import type { Answer, Snapshot, Verdict } from '../../shared/protocol.ts';

/** This device's key pair. `id` is the thumbprint of the public half. */
export interface Identity {
  privateKey: CryptoKey;
  publicRaw: Bytes;
  id: string;
}
/** Whom this device belongs to, and the account key that it has pinned. */
export interface AccountRecord {
  account: string;
  ask: string;
  email: string;
  /** As others read it in "answered by". Never goes to the relay. */
  deviceName: string;
}

/** What this device has told of its account: devices it knew, events by their keys. */
export interface SecurityTold {
  account: string;
  devices: string[];
  told: string[];
}

/** What a device needs to be signed in. */
export interface Stored {
  identity: Identity;
  account: AccountRecord;
  list: SignedList;
}

/** The platform credential that is asked before risky answers (account/device-check.ts). */
export interface DeviceCheckRecord {
  credentialId: string;
  /** SubjectPublicKeyInfo. */
  publicKey: Bytes;
  algorithm: number;
}

export interface VaultRecords {
  identity: Identity;
  account: AccountRecord;
  list: SignedList;
  deviceToken: string;
  settings: Record<string, unknown>;
  securityTold: SecurityTold;
  /** One key per machine for the inner seal of pushes; CryptoKey, not exportable. */
  pushKeys: Record<string, CryptoKey>;
  /** Highest push counter seen per machine. */
  pushCounters: Record<string, number>;
  deviceCheck: DeviceCheckRecord;
}

/** An answer on its way. `verdict` is the newest word on it. */
export interface OutboxItem {
  answerId: string;
  machine: string;
  answer: Answer;
  /** What was tapped, for the person. */
  what: string;
  createdAtMs: number;
  sentAtMs: number | null;
  verdict: Verdict | null;
  /** When that word came, this clock. */
  heardAtMs?: number;
}

/** What a machine looked like when it was last heard. */
export interface SavedMachine {
  id: string;
  snapshot: Snapshot;
  savedAtMs: number;
}

export interface Draft {
  key: string;
  text: string;
  savedAtMs: number;
}

interface ClawDb extends DBSchema {
  vault: { key: keyof VaultRecords; value: VaultRecords[keyof VaultRecords] };
  outbox: { key: string; value: OutboxItem };
  machines: { key: string; value: SavedMachine };
  drafts: { key: string; value: Draft };
}

const NAME = 'clawtab';
let opened: Promise<IDBPDatabase<ClawDb>> | null = null;

function database(): Promise<IDBPDatabase<ClawDb>> {
  opened ??= openDB<ClawDb>(NAME, 1, {
    upgrade(db) {
      db.createObjectStore('vault');
      db.createObjectStore('outbox', { keyPath: 'answerId' });
      db.createObjectStore('machines', { keyPath: 'id' });
      db.createObjectStore('drafts', { keyPath: 'key' });
    },
    // Another tab wants to delete or upgrade it: let go, and open again at the next use.
    blocking: (_current, _blocked, event) => {
      (event.target as IDBDatabase).close();
      opened = null;
    },
    terminated: () => {
      opened = null;
    },
  }).catch((error: unknown) => {
    opened = null;
    throw error;
  });
  return opened;
}

type StoreName = 'vault' | 'outbox' | 'machines' | 'drafts';
type Writing = IDBPTransaction<ClawDb, StoreName[], 'readwrite'>;

/**
 * The one way to write after sign-in: only while this device is somebody's, seen in the very transaction that writes. A word that comes late, here, in
 * another tab or in the worker, leaves nothing behind after a sign-out; `of` keeps it out of the next account as well. Dropped in silence.
 */
async function write(store: StoreName, act: (tx: Writing) => Promise<unknown>, of?: string): Promise<void> {
  const tx = (await database()).transaction([...new Set<StoreName>(['vault', store])], 'readwrite');
  const identity = (await tx.objectStore('vault').get('identity')) as Identity | undefined;
  const ours = identity !== undefined && (of === undefined || identity.id === of);
  await Promise.all([ours ? act(tx) : null, tx.done]);
}

/** The device's own records, by name. */
export const vault = {
  async get<K extends keyof VaultRecords>(key: K): Promise<VaultRecords[K] | undefined> {
    return (await (await database()).get('vault', key)) as VaultRecords[K] | undefined;
  },
  /** `of`: only while this device still has that id. */
  set: <K extends keyof VaultRecords>(key: K, value: VaultRecords[K], of?: string): Promise<void> =>
    write('vault', (tx) => tx.objectStore('vault').put(value, key), of),
  remove: (key: keyof VaultRecords): Promise<void> => write('vault', (tx) => tx.objectStore('vault').delete(key)),
};

/** Who this device is, and what it saw last, in one look; null where it is nobody's. */
export async function stored(): Promise<(Stored & { machines: SavedMachine[] }) | null> {
  const tx = (await database()).transaction(['vault', 'machines']);
  const records = tx.objectStore('vault');
  const [identity, account, list, machines] = await Promise.all([
    records.get('identity'),
    records.get('account'),
    records.get('list'),
    tx.objectStore('machines').getAll(),
  ]);
  if (!identity || !account || !list) return null;
  return { identity: identity as Identity, account: account as AccountRecord, list: list as SignedList, machines };
}

export interface OutboxStore {
  all(): Promise<OutboxItem[]>;
  put(item: OutboxItem): Promise<void>;
  remove(answerId: string): Promise<void>;
}

export const outboxStore: OutboxStore = {
  all: async () => (await database()).getAll('outbox'),
  put: (item) => write('outbox', (tx) => tx.objectStore('outbox').put(item)),
  remove: async (answerId) => (await database()).delete('outbox', answerId),
};

export const machineStore = {
  put: (machine: SavedMachine): Promise<void> => write('machines', (tx) => tx.objectStore('machines').put(machine)),
};

export const draftStore = {
  all: async (): Promise<Draft[]> => (await database()).getAll('drafts'),
  put: (draft: Draft): Promise<void> => write('drafts', (tx) => tx.objectStore('drafts').put(draft)),
  remove: async (key: string): Promise<void> => (await database()).delete('drafts', key),
};

/** A new owner: what was here is replaced, all or nothing, so that a tab killed in the middle of a sign-in leaves no half account. */
export async function settle(records: Stored & { deviceToken: string }): Promise<void> {
  await clear(records);
}

/** Removes everything that this device knew: database and settings. Afterwards it is a stranger. */
export async function wipe(): Promise<void> {
  await clear({});
}

async function clear(records: Partial<VaultRecords>): Promise<void> {
  try {
    globalThis.localStorage?.clear();
  } catch {
    // A service worker has none, and a locked-down browser may refuse: there is nothing secret in it.
  }
  const tx = (await database()).transaction(['vault', 'outbox', 'machines', 'drafts'], 'readwrite');
  const all = (['outbox', 'machines', 'drafts', 'vault'] as const).map((name) => tx.objectStore(name).clear());
  const kept = Object.entries(records).map(([key, value]) => tx.objectStore('vault').put(value, key as keyof VaultRecords));
  await Promise.all([...all, ...kept, tx.done]);
}
