/**
 * How a phone that is new on the account's list gets into this machine: `pairing` in config.toml. `auto`: signing in with the account is all. `approve`: it sees,
 * and does nothing until somebody at this machine says so. `qr`: not even that; only phones that were there when this machine joined (the one that scanned its
 * code), or that were approved here. Owns the file of approved devices; the list itself is account.ts's.
 */
import * as path from 'node:path';
import * as v from 'valibot';
import type { Grant, ListedDevice, TrustedList } from '../shared/device-list.ts';
import { accountDir } from './account/device-key.ts';
import { keepCopy, readPrivateFile, type State, writeFileAtomic } from './state.ts';

export const PAIRINGS = ['auto', 'approve', 'qr'] as const;
export type PairingMode = (typeof PAIRINGS)[number];

const FileSchema = v.object({ v: v.literal(1), account: v.string(), devices: v.array(v.string()) });
const VIEW: readonly Grant[] = ['view'];

export class Pairing {
  readonly mode: PairingMode;
  readonly #file: string;
  readonly #note: (text: string) => void;
  #account: string | null = null;
  #approved = new Set<string>();
  /** The file could not be read: nobody is approved, and no list is taken for the first. */
  #damaged = false;

  constructor(state: State, mode: PairingMode, note: (text: string) => void) {
    this.mode = mode;
    this.#file = path.join(accountDir(state), 'approved.json');
    this.#note = note;
    this.#load();
  }

  /**
   * Takes note of a list. What stands on the first one of an account was there before this machine, and is approved; so is everything that comes while the mode
   * is `auto`, for a mode set later.
   */
  seen(trusted: TrustedList): void {
    const { account } = trusted.list;
    const standing = [...trusted.devices.keys()];
    const first = !this.#damaged && this.#account !== account;
    const approved = first || this.mode === 'auto' ? standing : standing.filter((id) => this.#approved.has(id));
    if (this.#account === account && approved.length === this.#approved.size && approved.every((id) => this.#approved.has(id))) return;
    this.#account = account;
    this.#approved = new Set(approved);
    this.#save();
  }

  approved(device: string): boolean {
    return this.mode === 'auto' || this.#approved.has(device);
  }

  /** What the device may do here now. Empty: it is not let in. */
  grants(device: Pick<ListedDevice, 'id' | 'grants'>): ReadonlySet<Grant> {
    if (this.approved(device.id)) return new Set(device.grants);
    return new Set(this.mode === 'approve' ? device.grants.filter((grant) => VIEW.includes(grant)) : []);
  }

  /** Phones of the list that wait. */
  waiting(trusted: TrustedList): string[] {
    return [...trusted.devices.values()].filter(({ id, kind }) => kind === 'phone' && !this.approved(id)).map(({ id }) => id);
  }

  approve(device: string): void {
    this.#approved.add(device);
    this.#save();
  }

  #load(): void {
    try {
      const bytes = readPrivateFile(this.#file);
      if (bytes === null) return;
      const file = v.parse(FileSchema, JSON.parse(bytes.toString('utf8')));
      this.#account = file.account;
      this.#approved = new Set(file.devices);
    } catch {
      this.#damaged = true;
      const kept = keepCopy(this.#file) ? ` It is kept as ${this.#file}.bak.` : '';
      this.#note(`${this.#file} is not readable: no phone is approved. See: clawtab devices.${kept}`);
    }
  }

  #save(): void {
    try {
      writeFileAtomic(this.#file, JSON.stringify({ v: 1, account: this.#account, devices: [...this.#approved] }));
    } catch {
      this.#note(`${this.#file} cannot be written; which phones are approved is kept in memory only.`);
    }
  }
}
