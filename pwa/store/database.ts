/**
 * What this device keeps, in IndexedDB, shared by page and service worker: identity, account, outbox of answers, last known state, drafts.
 * Keys are CryptoKeys that cannot be exported; no terminal output is ever written here.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
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

/** The device's own records, by name. */
export const vault = {
  async get<K extends keyof VaultRecords>(key: K): Promise<VaultRecords[K] | undefined> {
    return (await (await database()).get('vault', key)) as VaultRecords[K] | undefined;
  },
  async set<K extends keyof VaultRecords>(key: K, value: VaultRecords[K]): Promise<void> {
    await (await database()).put('vault', value, key);
  },
  /** All or nothing, so that a tab killed in the middle of a sign-in leaves no half account. */
  async setAll(records: Partial<VaultRecords>): Promise<void> {
    const tx = (await database()).transaction('vault', 'readwrite');
    for (const [key, value] of Object.entries(records)) void tx.store.put(value, key as keyof VaultRecords);
    await tx.done;
  },
};

export interface OutboxStore {
  all(): Promise<OutboxItem[]>;
  put(item: OutboxItem): Promise<void>;
  remove(answerId: string): Promise<void>;
}

export const outboxStore: OutboxStore = {
  all: async () => (await database()).getAll('outbox'),
  put: async (item) => {
    await (await database()).put('outbox', item);
  },
  remove: async (answerId) => (await database()).delete('outbox', answerId),
};

export const machineStore = {
  all: async (): Promise<SavedMachine[]> => (await database()).getAll('machines'),
  put: async (machine: SavedMachine): Promise<void> => {
    await (await database()).put('machines', machine);
  },
  remove: async (id: string): Promise<void> => (await database()).delete('machines', id),
};

export const draftStore = {
  all: async (): Promise<Draft[]> => (await database()).getAll('drafts'),
  put: async (draft: Draft): Promise<void> => {
    await (await database()).put('drafts', draft);
  },
  remove: async (key: string): Promise<void> => (await database()).delete('drafts', key),
};

/** Removes everything that this device knew: database, caches, settings. Afterwards it is a stranger. */
export async function wipe(): Promise<void> {
  const db = await database().catch(() => null);
  if (db) {
    const tx = db.transaction(['vault', 'outbox', 'machines', 'drafts'], 'readwrite');
    await Promise.all([
      tx.objectStore('vault').clear(),
      tx.objectStore('outbox').clear(),
      tx.objectStore('machines').clear(),
      tx.objectStore('drafts').clear(),
    ]);
    await tx.done;
  }
  try {
    globalThis.localStorage?.clear();
  } catch {
    // A service worker has none, and a locked-down browser may refuse: there is nothing secret in it.
    return;
  }
}
