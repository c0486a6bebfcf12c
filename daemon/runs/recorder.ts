/**
 * Writes a run as asciicast v2: output, input from everyone, resizes. Lives in the holder, so a recording goes on after `detach` and holds
 * what the phone typed. A file that cannot be written ends the recording, never the run.
 */
import * as fs from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

export interface RecorderOptions {
  file: string;
  cols: number;
  rows: number;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  now?: () => number;
}

export class Recorder {
  readonly #fd: number;
  readonly #now: () => number;
  readonly #startMs: number;
  // A character may be cut between two reads; a cast holds whole characters.
  readonly #output = new StringDecoder('utf8');
  readonly #input = new StringDecoder('utf8');
  #ended = false;

  /** @throws where the file cannot be made, or exists already */
  constructor(options: RecorderOptions) {
    this.#now = options.now ?? Date.now;
    this.#startMs = this.#now();
    this.#fd = fs.openSync(options.file, 'wx', 0o600);
    const env = { TERM: options.env.TERM ?? '', SHELL: options.env.SHELL ?? '' };
    const header = {
      version: 2,
      width: options.cols,
      height: options.rows,
      timestamp: Math.floor(this.#startMs / 1000),
      command: options.argv.join(' '),
      env,
    };
    this.#line(JSON.stringify(header));
  }

  output(bytes: Buffer): void {
    this.#event('o', this.#output.write(bytes));
  }

  input(bytes: Buffer): void {
    this.#event('i', this.#input.write(bytes));
  }

  resize(cols: number, rows: number): void {
    this.#event('r', `${cols}x${rows}`);
  }

  close(): void {
    this.#event('o', this.#output.end());
    if (!this.#ended) fs.closeSync(this.#fd);
    this.#ended = true;
  }

  #event(kind: string, text: string): void {
    if (text !== '') this.#line(JSON.stringify([Math.round((this.#now() - this.#startMs) * 1000) / 1e6, kind, text]));
  }

  #line(text: string): void {
    if (this.#ended) return;
    try {
      fs.writeSync(this.#fd, `${text}\n`);
    } catch {
      this.#ended = true;
      fs.closeSync(this.#fd);
    }
  }
}
