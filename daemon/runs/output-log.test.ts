import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoredLog } from './log-segments.ts';
import { OutputLog } from './output-log.ts';

let dir: string;
let nowMs: number;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-log-'));
  nowMs = 0;
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

const make = (more: { limitBytes?: number; tailBytes?: number } = {}): OutputLog =>
  new OutputLog({ dir, limitBytes: 256 << 10, tailBytes: 4096, now: () => nowMs, ...more });

/** Recognisable bytes: each knows its offset, modulo a prime. */
const bytesAt = (from: number, length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (from + i) % 251));

interface Read {
  bytes: Buffer;
  gaps: { from: number; to: number; why: string }[];
}
function readAll(log: Pick<OutputLog, 'read'>, from = 0): Read {
  const read: Read = { bytes: Buffer.alloc(0), gaps: [] };
  for (let at = from, piece = log.read(at, 5000); piece !== null; piece = log.read(at, 5000)) {
    if ('gap' in piece) {
      expect(piece.gap.from).toBe(at);
      expect(piece.gap.to).toBeGreaterThan(at);
      read.gaps.push(piece.gap);
      at = piece.gap.to;
    } else {
      expect(piece.offset).toBe(at);
      expect(piece.bytes.equals(bytesAt(at, piece.bytes.length))).toBe(true);
      read.bytes = Buffer.concat([read.bytes, piece.bytes]);
      at += piece.bytes.length;
    }
  }
  return read;
}
const fill = (log: OutputLog, until: number, step = 777): void => {
  while (log.end < until) log.append(bytesAt(log.end, Math.min(step, until - log.end)));
};
const segments = (): string[] => fs.readdirSync(dir).sort();

describe('the output log', () => {
  it.each([1, 777, 4096, 10_000, 70_000])('gives back what was written in pieces of %i bytes, live and from disk', (step) => {
    const log = make();
    fill(log, 100_000, step);
    expect(readAll(log)).toMatchObject({ gaps: [] });
    expect(readAll(log).bytes).toHaveLength(100_000);
    log.close();
    const stored = new StoredLog(dir, log.epoch, 100_000);
    expect(readAll(stored).bytes).toHaveLength(100_000);
  });

  it('is a ring: what is trimmed is a gap that says so, and the disk stays within its limit', () => {
    const log = make();
    fill(log, 1_000_000);
    const used = segments().reduce((sum, name) => sum + fs.statSync(path.join(dir, name)).size, 0);
    expect(used).toBeLessThanOrEqual(256 << 10);
    expect(used).toBeGreaterThan(200 << 10);
    const { bytes, gaps } = readAll(log);
    expect(gaps).toEqual([{ from: 0, to: log.start, why: 'trimmed' }]);
    expect(bytes).toHaveLength(log.end - log.start);
  });

  it('loses nothing while the disk refuses less than it remembers', () => {
    const log = make();
    fill(log, 20_000);
    fs.renameSync(dir, `${dir}-away`);
    fill(log, 40_000); // The open file still takes it; the next one cannot be made.
    const at = log.end;
    fill(log, at + 3000);
    expect(log.state.trouble).toBe('ENOENT');
    fs.renameSync(`${dir}-away`, dir);
    nowMs += 1000;
    fill(log, log.end + 100);
    expect(log.state).toMatchObject({ trouble: null });
    const lost = log.state.lostBytes;
    const { bytes, gaps } = readAll(log);
    expect(bytes.length + lost).toBe(log.end);
    expect(gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0)).toBe(lost);
  });

  it('tells as a gap what a longer trouble cost, and goes on by itself', () => {
    const log = make();
    fs.rmSync(dir, { recursive: true });
    fill(log, 50_000);
    expect(log.state).toMatchObject({ trouble: 'ENOENT', lostBytes: 50_000 - 4096 });
    expect(readAll(log).bytes).toHaveLength(4096);
    fs.mkdirSync(dir);
    nowMs += 1000;
    fill(log, 60_000);
    const { gaps } = readAll(log);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({ from: 0 });
    log.close();
    const stored = readAll(new StoredLog(dir, log.epoch, log.end));
    expect(stored.gaps).toHaveLength(1);
    expect(stored.bytes.length + stored.gaps[0]!.to - stored.gaps[0]!.from).toBe(60_000);
  });

  it('tries a disk in trouble again, but not with every byte', () => {
    const log = make();
    fs.rmSync(dir, { recursive: true });
    log.append(bytesAt(0, 10));
    fs.mkdirSync(dir);
    log.append(bytesAt(10, 10));
    expect(log.state.trouble).toBe('ENOENT');
    nowMs += 250;
    log.append(bytesAt(20, 10));
    expect(log.state.trouble).toBeNull();
    expect(readAll(log).bytes).toHaveLength(30);
  });
});

describe('a stored log that is damaged', () => {
  const SIZE = 60_000;
  let epoch: string;
  beforeEach(() => {
    const log = make();
    fill(log, SIZE);
    log.close();
    epoch = log.epoch;
    expect(segments().length).toBeGreaterThan(3);
  });
  const whole = (): Read => readAll(new StoredLog(dir, epoch, SIZE));
  const missing = ({ gaps }: Read): number => gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);

  it('costs its own bytes only, wherever a file is cut off', () => {
    const file = path.join(dir, segments()[1]!);
    const { size } = fs.statSync(file);
    const content = fs.readFileSync(file);
    for (let length = size; length >= 0; length -= 997) {
      fs.writeFileSync(file, content.subarray(0, length));
      const read = whole();
      expect(read.bytes.length + missing(read)).toBe(SIZE);
      expect(missing(read)).toBe(length <= 48 ? size - 48 : size - length);
    }
  });

  it.each([
    ['a file that is gone', (file: string) => fs.rmSync(file)],
    ['a file of zeros', (file: string) => fs.writeFileSync(file, Buffer.alloc(fs.statSync(file).size))],
    ['a folder in its place', (file: string) => [fs.rmSync(file), fs.mkdirSync(file)]],
    ['a link in its place', (file: string) => [fs.renameSync(file, `${file}.real`), fs.symlinkSync(`${file}.real`, file)]],
    ['a file of another log', (file: string) => fs.writeFileSync(file, fs.readFileSync(file).fill(7, 8, 24))],
  ])('reads around %s', (_name, damage) => {
    const name = segments()[2]!;
    const bytes = fs.statSync(path.join(dir, name)).size - 48;
    damage(path.join(dir, name));
    const read = whole();
    expect(missing(read)).toBe(bytes);
    expect(read.gaps).toEqual([{ from: Number(name.slice(0, 16)), to: Number(name.slice(0, 16)) + bytes, why: 'corrupt' }]);
  });

  it('is one gap where nothing is left', () => {
    fs.rmSync(dir, { recursive: true });
    expect(whole()).toMatchObject({ gaps: [{ from: 0, to: SIZE, why: 'trimmed' }] });
  });

  it('does not wait for a FIFO', () => {
    fs.rmSync(path.join(dir, segments()[0]!));
    execFileSync('mkfifo', [path.join(dir, '0000000000000000.seg')]);
    expect(whole().gaps).toHaveLength(1);
  });
});
