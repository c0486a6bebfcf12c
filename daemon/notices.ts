/** What a person should read: told once to who listens, warnings kept for `daemon status` and `doctor`. */
import type { EventOf } from '../shared/protocol.ts';
import type { Log } from './log.ts';

export type Notice = EventOf<'notice'>;

const KEEP = 20;

/** `desk`: phones learn it by themselves. */
export type Audience = 'all' | 'desk';

export class Notices {
  readonly #log: Log;
  readonly #tell: (notice: Notice, audience: Audience) => void;
  #warnings: string[] = [];

  constructor(log: Log, tell: (notice: Notice, audience: Audience) => void) {
    this.#log = log;
    this.#tell = tell;
  }

  get warnings(): string[] {
    return [...this.#warnings];
  }

  info(text: string): void {
    this.tell('info', text);
  }

  warn(text: string): void {
    this.tell('warning', text);
  }

  tell(level: Notice['level'], text: string, audience: Audience = 'all'): void {
    if (level === 'warning') {
      if (this.#warnings.includes(text)) return;
      this.#warnings = [...this.#warnings, text].slice(-KEEP);
    }
    this.#log('notice', { level, length: text.length });
    // A part may complain while the door is still being built: it is heard once everything stands.
    queueMicrotask(() => this.#tell({ level, text }, audience));
  }
}
