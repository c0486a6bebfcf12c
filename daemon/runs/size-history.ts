/**
 * The sizes a terminal had, each with the output offset it starts at: without them a screen cannot be rebuilt from the log. Kept in memory
 * for clients and as JSON lines beside the log for readers of finished runs.
 */
import * as fs from 'node:fs';
import type { Resized } from './holder-protocol.ts';

/** A window that is dragged gives dozens a second; the file is started anew with what is still of use. */
const MAX_KEPT = 2048;
const MAX_WRITTEN = 8192;

export class SizeHistory {
  readonly #file: string;
  #list: Resized[];
  #written = 0;

  constructor(file: string, first: Resized) {
    this.#file = file;
    this.#list = [first];
    this.#append(first);
  }

  /** Oldest first, never empty. */
  get list(): readonly Resized[] {
    return this.#list;
  }

  get now(): Resized {
    return this.#list.at(-1)!;
  }

  /** Adds a size; drops those that end before `logStart`. Returns how many were dropped at the front. */
  add(size: Resized, logStart: number): number {
    this.#list.push(size);
    let drop = Math.max(0, this.#list.length - MAX_KEPT);
    while (this.#list[drop + 1] !== undefined && this.#list[drop + 1]!.offset <= logStart) drop++;
    this.#list.splice(0, drop);
    this.#append(size);
    return drop;
  }

  #append(size: Resized): void {
    const rewrite = this.#written >= MAX_WRITTEN || this.#written === 0;
    try {
      if (rewrite) fs.writeFileSync(this.#file, this.#list.map(line).join(''), { mode: 0o600 });
      else fs.appendFileSync(this.#file, line(size));
      this.#written = rewrite ? this.#list.length : this.#written + 1;
    } catch {
      this.#written = 0; // The next size writes the whole list again.
    }
  }
}

function line(size: Resized): string {
  return `${JSON.stringify(size)}\n`;
}

/** The sizes of a stored run; lines that cannot be read are left out, and `first` stands where there are none. */
export function readSizes(file: string, first: Resized): Resized[] {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return [first];
  }
  const sizes = text.split('\n').flatMap((row) => parse(row));
  return sizes.length > 0 ? sizes : [first];
}

function parse(row: string): Resized[] {
  try {
    const { offset, cols, rows } = JSON.parse(row);
    return [offset, cols, rows].every(Number.isSafeInteger) ? [{ offset, cols, rows }] : [];
  } catch {
    return [];
  }
}
