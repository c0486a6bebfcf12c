import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuditLog, readAudit } from './audit.ts';

let dir: string;
let notes: string[];
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-audit-'));
  notes = [];
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

const open = () => new AuditLog(dir, (text) => notes.push(text));
const file = () => path.join(dir, 'audit.jsonl');
const lines = () => fs.readFileSync(file(), 'utf8').trimEnd().split('\n');
const write = (all: string[]) => fs.writeFileSync(file(), `${all.join('\n')}\n`);

function three(): void {
  const log = open();
  for (const text of ['one', 'two', 'three']) log.add({ type: 'log', text });
}

describe('the audit log', () => {
  it('holds together, also over restarts', () => {
    three();
    open().add({ type: 'log', text: 'four' });
    expect(readAudit(dir)).toMatchObject({ broken: [], records: [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4, text: 'four' }] });
  });

  it('shows a line that was changed, taken out, moved or put in', () => {
    three();
    const good = lines();
    write([good[0]!, good[1]!.replace('two', 'owt'), good[2]!]);
    expect(readAudit(dir).broken[0]).toContain('line 2 was changed');
    write([good[0]!, good[2]!]);
    expect(readAudit(dir).broken).toEqual(['audit.jsonl line 2: entry 3 does not follow entry 1']);
    write([good[1]!, good[0]!, good[2]!]);
    expect(readAudit(dir).broken.length).toBeGreaterThan(0);
    write([good[0]!, good[0]!, good[1]!, good[2]!]);
    expect(readAudit(dir).broken.length).toBeGreaterThan(0);
    write(good);
    expect(readAudit(dir).broken).toEqual([]);
  });

  it('goes on behind a line that a crash cut short', () => {
    three();
    fs.appendFileSync(file(), '{"n":4,"at":"20');
    open().add({ type: 'log', text: 'four' });
    const { records, broken } = readAudit(dir);
    expect(records.map((record) => record.n)).toEqual([1, 2, 3, 4]);
    expect(broken).toEqual(['audit.jsonl line 4 was changed or is damaged']);
  });

  it('keeps its chain over files that were set aside', () => {
    three();
    fs.renameSync(file(), path.join(dir, 'audit-000000003.jsonl'));
    open().add({ type: 'log', text: 'four' });
    expect(readAudit(dir)).toMatchObject({ broken: [], records: { length: 4 } });
  });

  it('says that it cannot write, and stops nothing', () => {
    const log = open();
    fs.mkdirSync(file());
    log.add({ type: 'log', text: 'lost' });
    expect(notes[0]).toContain('cannot be written');
    fs.rmdirSync(file());
    log.add({ type: 'log', text: 'kept' });
    expect(readAudit(dir).records).toMatchObject([{ n: 1, text: 'kept' }]);
  });
});
