/**
 * The account's security events, told at this machine, each once: on its terminal, in `daemon status` and `doctor`. What was told already is in a file here. Pages that
 * are open ask the relay for themselves (pwa/security-watch.ts); phones that sleep get a push (push/alerts.ts); additions come from the signed list (main.ts).
 */
import * as path from 'node:path';
import * as v from 'valibot';
import { asClawError } from '../shared/errors.ts';
import { EventsReply } from '../shared/relay-api.ts';
import { type EventWord, eventKey, type SecurityEvent, untold, wordOf } from '../shared/security-events.ts';
import type { TokenSource } from '../shared/token-source.ts';
import { accountDir } from './account/device-key.ts';
import { readPrivateFile, type State, writeFileAtomic } from './state.ts';

/** Events are asked for when the line is up, at each word from the relay, and so often besides. */
const EVERY_MS = 10 * 60_000;
const FileSchema = v.object({ v: v.literal(1), account: v.string(), told: v.array(v.string()) });

export interface SecurityWatchOptions {
  state: State;
  self(): string;
  /** Where to ask, and for which account; null before sign-in. */
  account(): { id: string; tokens: TokenSource } | null;
  nameOf(device: string): string | undefined;
  tell(level: EventWord['level'], text: string): void;
  /** For phones, which read it in their own words. */
  news(event: SecurityEvent): void;
  failed(code: string): void;
}

export class SecurityWatch {
  readonly #options: SecurityWatchOptions;
  readonly #file: string;
  readonly #timer: ReturnType<typeof setInterval>;
  #looking: Promise<void> | null = null;
  #again = false;

  constructor(options: SecurityWatchOptions) {
    this.#options = options;
    this.#file = path.join(accountDir(options.state), 'security-events.json');
    this.#timer = setInterval(() => this.look(), EVERY_MS);
  }

  /** Asks the relay, and tells what is new. Never throws; what is asked for during a look is looked for after it. */
  look(): void {
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = this.#once()
      .catch((error: unknown) => this.#options.failed(asClawError(error).code))
      .finally(() => {
        this.#looking = null;
        if (!this.#again) return;
        this.#again = false;
        this.look();
      });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#again = false;
  }

  async #once(): Promise<void> {
    const account = this.#options.account();
    if (!account) return;
    const { events } = await account.tokens.call({ method: 'GET', path: '/v1/events', reply: EventsReply });
    const told = this.#load(account.id);
    // Told before it is kept: twice rather than never.
    for (const event of told === null ? [] : untold(events, told)) {
      this.#tell(wordOf(event, this.#reader()));
      this.#options.news(event);
    }
    writeFileAtomic(this.#file, JSON.stringify({ v: 1, account: account.id, told: events.map(eventKey) }));
  }

  #reader() {
    const { self, nameOf } = this.#options;
    return { self: self(), own: 'this machine', nameOf, removal: (short: string) => `clawtab devices rm ${short}` };
  }

  #tell(word: EventWord | null): void {
    if (word) this.#options.tell(word.level, word.hint === undefined ? word.text : `${word.text} ${word.hint}`);
  }

  /** Null: what happened before this machine belonged to the account is no news here. */
  #load(account: string): Set<string> | null {
    try {
      const bytes = readPrivateFile(this.#file);
      if (bytes === null) return null;
      const file = v.parse(FileSchema, JSON.parse(bytes.toString('utf8')));
      return file.account === account ? new Set(file.told) : null;
    } catch {
      return new Set();
    }
  }
}
