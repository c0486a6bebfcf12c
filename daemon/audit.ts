/**
 * The audit log: who answered, started, stopped or typed what, from which device or rule, each line chained to the one before by its hash, so that a
 * line that was changed or taken out is noticed. Owns format, chain and check. Stays on this machine; passwords are never in it.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { errno, readPrivateFile } from './state.ts';

export type AuditEntry =
  | ({
      type: 'answer';
      by: string;
      via: 'desk' | 'phone' | 'rule';
      device?: string;
      rule?: string;
      what: string;
      verdict: string;
    } & OfQuestion)
  | ({ type: 'closed'; reason: string; by?: string } & OfQuestion)
  | { type: 'start' | 'stop'; by: string; device?: string; run: string; name: string; command: string }
  | { type: 'typed'; by: string; device?: string; run: string; bytes: number; keys: number }
  | { type: 'rule'; by: string; device?: string; change: 'added' | 'removed'; rule: string }
  | { type: 'log'; text: string };

export interface OfQuestion {
  run: string;
  name: string;
  agent: string;
  kind: string;
  title: string;
  text: string;
  /** SHA-256 of the whole detail: the command itself is in the run's own log. */
  digest: string;
}

export type AuditRecord = AuditEntry & { n: number; at: string; prev: string; hash: string };

const FIRST = '0'.repeat(64);
/** The file is set aside beyond this; its successor goes on with the chain. */
const ROTATE_BYTES = 8 << 20;
const LIMIT_BYTES = 64 << 20;

const hashOf = (record: Omit<AuditRecord, 'hash'>): string => createHash('sha256').update(JSON.stringify(record)).digest('hex');

export class AuditLog {
  readonly #directory: string;
  readonly #note: (text: string) => void;
  #n: number;
  #prev: string;
  #size: number;
  #torn = false;

  /** Throws `permission_*`, `state_*` for a file that is not ours. */
  constructor(directory: string, note: (text: string) => void) {
    this.#directory = directory;
    this.#note = note;
    const bytes = readPrivateFile(auditFile(directory), LIMIT_BYTES);
    this.#size = bytes?.length ?? 0;
    const found = lastGood(bytes?.toString('utf8') ?? '') ?? lastOfEarlier(directory);
    this.#n = found?.n ?? 0;
    this.#prev = found?.hash ?? FIRST;
    this.#torn = this.#size > 0 && bytes!.at(-1) !== 0x0a;
  }

  /** Writes one line. A disk that refuses is told, and nothing else stops. */
  add(entry: AuditEntry): void {
    const body = { n: this.#n + 1, at: new Date().toISOString(), ...entry, prev: this.#prev } as Omit<AuditRecord, 'hash'>;
    const hash = hashOf(body);
    const line = `${this.#torn ? '\n' : ''}${JSON.stringify({ ...body, hash })}\n`;
    try {
      if (this.#size > ROTATE_BYTES) this.#rotate();
      fs.appendFileSync(auditFile(this.#directory), line, { mode: 0o600 });
    } catch (error) {
      this.#torn = true;
      this.#note(`The audit log cannot be written (${errno(error)}); what happens meanwhile is missing from it.`);
      return;
    }
    this.#torn = false;
    this.#size += line.length;
    this.#n = body.n;
    this.#prev = hash;
  }

  #rotate(): void {
    fs.renameSync(auditFile(this.#directory), path.join(this.#directory, `audit-${String(this.#n).padStart(9, '0')}.jsonl`));
    this.#size = 0;
  }
}

const auditFile = (directory: string): string => path.join(directory, 'audit.jsonl');

/** All files of the log, oldest first. */
function files(directory: string): string[] {
  const earlier = fs
    .readdirSync(directory)
    .filter((name) => /^audit-\d+\.jsonl$/.test(name))
    .sort();
  return [...earlier, 'audit.jsonl'].map((name) => path.join(directory, name)).filter((file) => fs.existsSync(file));
}

function parse(line: string): AuditRecord | null {
  try {
    const record = JSON.parse(line) as AuditRecord;
    const { hash, ...body } = record;
    return hashOf(body) === hash ? record : null;
  } catch {
    return null;
  }
}

function lastGood(text: string): AuditRecord | null {
  for (const line of text.split('\n').reverse()) {
    const record = line === '' ? null : parse(line);
    if (record) return record;
  }
  return null;
}

function lastOfEarlier(directory: string): AuditRecord | null {
  const last = files(directory).findLast((file) => !file.endsWith('/audit.jsonl'));
  return last === undefined ? null : lastGood(fs.readFileSync(last, 'utf8'));
}

export interface AuditCheck {
  records: AuditRecord[];
  /** Sentences about each place where the chain does not hold; empty where it does. */
  broken: string[];
}

/** Reads the whole log and follows the chain. */
export function readAudit(directory: string): AuditCheck {
  const records: AuditRecord[] = [];
  const broken: string[] = [];
  let prev = FIRST;
  let n = 0;
  for (const file of files(directory)) {
    const text = readPrivateFile(file, LIMIT_BYTES)?.toString('utf8') ?? '';
    text.split('\n').forEach((line, i) => {
      if (line === '') return;
      const where = `${path.basename(file)} line ${i + 1}`;
      const record = parse(line);
      if (record === null) {
        broken.push(`${where} was changed or is damaged`);
        return;
      }
      if (record.prev !== prev || record.n !== n + 1) broken.push(`${where}: entry ${record.n} does not follow entry ${n}`);
      records.push(record);
      prev = record.hash;
      n = record.n;
    });
  }
  return { records, broken };
}
