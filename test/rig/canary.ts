/** Looks for strings where they must not be: in files, in a process's memory, in what was printed; in every dress that they could wear by accident. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface Needle {
  /** What it is, for a report. */
  of: string;
  bytes: Buffer;
}

/** Plain, hex, UTF-16 and base64 at each of its three offsets, with what depends on the neighbours cut off. */
export function needlesOf(canary: string): Needle[] {
  const plain = Buffer.from(canary);
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), plain])
      .toString('base64')
      .replace(/=+$/, '');
    return text.slice(before === 0 ? 0 : before + 1, -1);
  });
  return [
    { of: `${canary} as it is`, bytes: plain },
    { of: `${canary} in hex`, bytes: Buffer.from(plain.toString('hex')) },
    { of: `${canary} in UTF-16`, bytes: Buffer.from(canary, 'utf16le') },
    ...base64.map((text) => ({ of: `${canary} in base64`, bytes: Buffer.from(text) })),
  ];
}

/** What of the needles stands in the bytes; gzip streams inside are opened. */
export function hitsIn(bytes: Buffer, needles: readonly Needle[], where: string): string[] {
  const hits = needles.filter((n) => bytes.includes(n.bytes)).map((n) => `${n.of} in ${where}`);
  for (let at = bytes.indexOf('\x1f\x8b\x08', 0, 'latin1'); at >= 0; at = bytes.indexOf('\x1f\x8b\x08', at + 1, 'latin1')) {
    try {
      const inner = gunzipSync(bytes.subarray(at), { maxOutputLength: 1 << 24 });
      hits.push(...needles.filter((n) => inner.includes(n.bytes)).map((n) => `${n.of}, packed, in ${where}`));
    } catch {
      // not a gzip stream after all
    }
  }
  return hits;
}

export function hitsInFolder(folder: string, needles: readonly Needle[]): { hits: string[]; files: number; bytes: number } {
  const found = { hits: [] as string[], files: 0, bytes: 0 };
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, entry);
    let content: Buffer;
    try {
      if (!statSync(path).isFile()) continue;
      content = readFileSync(path);
    } catch {
      continue; // a file that a living server has just removed
    }
    found.files++;
    found.bytes += content.length;
    found.hits.push(...hitsIn(content, needles, path));
  }
  return found;
}

const PIECE = 1 << 24;

/** Linux: every readable and writable mapping of a process. */
export function hitsInMemory(pid: number, needles: readonly Needle[], where: string): { hits: string[]; bytes: number } {
  const longest = Math.max(...needles.map((n) => n.bytes.length));
  const found = { hits: [] as string[], bytes: 0 };
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === undefined || to === undefined) continue;
      const end = Number.parseInt(to, 16);
      for (let at = Number.parseInt(from, 16); at < end; at += PIECE - longest) {
        const piece = Buffer.alloc(Math.min(PIECE, end - at));
        let read = 0;
        try {
          read = readSync(memory, piece, 0, piece.length, at);
        } catch {
          break; // a mapping that is only promised
        }
        found.bytes += read;
        found.hits.push(...hitsIn(piece.subarray(0, read), needles, `${where}, memory`));
      }
    }
  } finally {
    closeSync(memory);
  }
  return found;
}
