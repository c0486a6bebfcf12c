/**
 * The files of an output log: `<first offset>.seg`, a 48-byte header and then raw terminal bytes. Owns the format and reading it back;
 * output-log.ts owns writing, the ring and what happens on a bad disk. A file that is damaged costs its own bytes and nothing else.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { errno } from '../state.ts';
import { type Gap, readOffset, writeOffset } from './holder-protocol.ts';

export const SEGMENT_HEADER_BYTES = 48;
const MAGIC = Buffer.from('CLAWLOG1');

export interface Segment {
  file: string;
  /** Offset of its first byte of output. */
  start: number;
  /** Bytes of output in it. */
  length: number;
  /** Why the bytes just before it are not in the log, '' where they are (or were, until trimmed). */
  gapWhy: '' | 'write_error';
}

export type LogRead = { bytes: Buffer; offset: number } | { gap: Gap };

export function segmentFile(dir: string, start: number): string {
  return path.join(dir, `${String(start).padStart(16, '0')}.seg`);
}

export function segmentHeader(epoch: string, start: number, gapWhy: Segment['gapWhy']): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(header);
  header.write(epoch, 8, 'hex');
  writeOffset(header, start, 24);
  header[32] = gapWhy === '' ? 0 : 1;
  return header;
}

/** The segments of `epoch` in order; damaged and foreign files are left out, an overlap is cut. A missing folder is an empty log. */
export function listSegments(dir: string, epoch: string): Segment[] {
  const found: Segment[] = [];
  for (const name of readNames(dir)) {
    if (!name.endsWith('.seg')) continue;
    const segment = readSegment(path.join(dir, name), epoch);
    if (segment !== null) found.push(segment);
  }
  found.sort((a, b) => a.start - b.start);
  for (const [i, segment] of found.entries()) {
    const next = found[i + 1];
    if (next !== undefined && segment.start + segment.length > next.start) segment.length = next.start - segment.start;
  }
  return found.filter((segment) => segment.length > 0);
}

function readNames(dir: string): string[] {
  try {
    return fs.readdirSync(dir);
  } catch (error) {
    if (errno(error) === 'ENOENT') return [];
    throw error;
  }
}

function readSegment(file: string, epoch: string): Segment | null {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  let size: number;
  try {
    const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    try {
      const stat = fs.fstatSync(fd);
      if (!stat.isFile() || fs.readSync(fd, header, 0, SEGMENT_HEADER_BYTES, 0) < SEGMENT_HEADER_BYTES) return null;
      size = stat.size;
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return null;
  }
  const start = readOffset(header, 24);
  const named = Number(path.basename(file, '.seg'));
  if (!header.subarray(0, 8).equals(MAGIC) || header.toString('hex', 8, 24) !== epoch || start !== named) return null;
  return { file, start, length: size - SEGMENT_HEADER_BYTES, gapWhy: header[32] === 1 ? 'write_error' : '' };
}

/**
 * What the segments hold at `from`: bytes (at most `maxBytes`), the gap that stands there, or null where `from` is behind their last byte.
 * A file that shrank or vanished since it was listed reads as a gap.
 */
export function readSegments(segments: readonly Segment[], from: number, maxBytes: number): LogRead | null {
  const index = segments.findIndex((segment) => from < segment.start + segment.length);
  const segment = segments[index];
  if (segment === undefined) return null;
  if (from < segment.start) {
    const why = index === 0 && segment.gapWhy === '' ? 'trimmed' : segment.gapWhy === '' ? 'corrupt' : 'write_error';
    return { gap: { from, to: segment.start, why } };
  }
  const end = segment.start + segment.length;
  const bytes = readRange(segment, from, Math.min(maxBytes, end - from));
  return bytes.length > 0 ? { bytes, offset: from } : { gap: { from, to: end, why: 'corrupt' } };
}

function readRange(segment: Segment, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  try {
    const fd = fs.openSync(segment.file, 'r');
    try {
      return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, SEGMENT_HEADER_BYTES + from - segment.start));
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return bytes.subarray(0, 0);
  }
}

/** The log of a run that has ended, read from disk. `endOffset` is what exit.json says: bytes missing before it are a gap, not silence. */
export class StoredLog {
  readonly epoch: string;
  readonly start: number;
  readonly end: number;
  readonly #segments: Segment[];

  constructor(dir: string, epoch: string, endOffset: number | null) {
    this.epoch = epoch;
    this.#segments = listSegments(dir, epoch);
    const last = this.#segments.at(-1);
    this.end = Math.max(endOffset ?? 0, last === undefined ? 0 : last.start + last.length);
    this.start = this.#segments[0]?.start ?? this.end;
  }

  /** As `readSegments`; null only at `end`. */
  read(from: number, maxBytes: number): LogRead | null {
    if (from >= this.end) return null;
    return (
      readSegments(this.#segments, from, maxBytes) ?? {
        gap: { from, to: this.end, why: this.#segments.length === 0 ? 'trimmed' : 'corrupt' },
      }
    );
  }
}
