/**
 * The answer journal: what was about to be typed (INTENT), what was (TYPED), and each answer's last word (VERDICT), one checksummed line each,
 * on disk before anything further happens. Owns the file and the idempotency of answer ids; the protocol around it is answer.ts.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as v from 'valibot';
import { ClawError } from '../../shared/errors.ts';
import { VERDICTS, type Verdict } from '../../shared/protocol.ts';
import { errno, fsyncDir, readPrivateFile, writeFileAtomic } from '../state.ts';

const VERSION = 1;
/** An answer is good for an hour at most (`ttlS`), so a day of memory is more than any resend needs. */
const KEEP_MS = 24 * 3600_000;
/** Read at start only; a larger file is compacted long before it gets here. */
const LIMIT_BYTES = 64 << 20;
const COMPACT_BYTES = 1 << 20;

const LineSchema = v.strictObject({
  v: v.number(),
  step: v.picklist(['intent', 'typed', 'verdict']),
  id: v.string(),
  atMs: v.number(),
  /** SHA-256 of the answer's content: tells a resend from another answer under the same id. */
  content: v.string(),
  run: v.string(),
  qid: v.string(),
  by: v.string(),
  verdict: v.optional(v.picklist(VERDICTS)),
  message: v.optional(v.string()),
});
export type JournalLine = v.InferOutput<typeof LineSchema>;

/** What is known of an answer id. `inDoubt`: INTENT was written, TYPED was not, and the daemon that did it is gone. */
export interface Known {
  content: string;
  run: string;
  qid: string;
  by: string;
  atMs: number;
  /** Null while it is being typed by this very daemon. */
  verdict: Verdict | null;
}

export type JournalNote = (text: string) => void;

const checksum = (json: string): string => createHash('sha256').update(json).digest('base64url').slice(0, 11);
const encode = (line: JournalLine): string => {
  const json = JSON.stringify(line);
  return `${checksum(json)} ${json}\n`;
};

/** `bad`: damaged. `future`: written by a newer version. */
function decode(text: string): JournalLine | 'bad' | 'future' {
  const json = text.slice(12);
  if (text[11] !== ' ' || checksum(json) !== text.slice(0, 11)) return 'bad';
  const raw: unknown = JSON.parse(json);
  if (typeof raw === 'object' && raw !== null && 'v' in raw && typeof raw.v === 'number' && raw.v > VERSION) return 'future';
  const parsed = v.safeParse(LineSchema, raw);
  return parsed.success ? parsed.output : 'bad';
}

export class AnswerJournal {
  readonly #file: string;
  readonly #nowMs: () => number;
  readonly #known = new Map<string, Known>();
  #fd: number | null = null;
  /** The last write may have left half a line. */
  #torn = false;
  /** Answers whose INTENT had no TYPED behind it when this daemon started: their verdict is now `unknown`. */
  readonly inDoubt: Known[] = [];
  /** True where lines were lost: then no question of before this start may keep its id. */
  damaged = false;

  private constructor(file: string, nowMs: () => number) {
    this.#file = file;
    this.#nowMs = nowMs;
  }

  /** Opens or creates the journal. Damage is set aside and told by `note`, never a reason not to start. @throws permission_*, state_* for a file that is not ours */
  static open(directory: string, note: JournalNote, nowMs: () => number = Date.now): AnswerJournal {
    const journal = new AnswerJournal(path.join(directory, 'answers.jsonl'), nowMs);
    journal.#load(note);
    return journal;
  }

  find(answerId: string): Known | undefined {
    return this.#known.get(answerId);
  }

  /** On disk when it resolves. Throws `journal_unavailable`, and then nothing may be typed. */
  async intent(entry: { id: string; content: string; run: string; qid: string; by: string }): Promise<void> {
    const atMs = this.#nowMs();
    await this.#append({ v: VERSION, step: 'intent', atMs, ...entry });
    this.#known.set(entry.id, { content: entry.content, run: entry.run, qid: entry.qid, by: entry.by, atMs, verdict: null });
  }

  /** Keys are written. A disk that fails now does not unwrite them: the note says so, and the answer counts as typed in memory. */
  async typed(id: string): Promise<void> {
    await this.#follow(id, { step: 'typed' });
  }

  async verdict(verdict: Verdict): Promise<void> {
    const known = this.#known.get(verdict.answerId);
    if (known) known.verdict = verdict;
    await this.#follow(verdict.answerId, { step: 'verdict', verdict: verdict.verdict, message: verdict.message });
  }

  close(): void {
    if (this.#fd !== null) fs.closeSync(this.#fd);
    this.#fd = null;
  }

  async #follow(id: string, more: Pick<JournalLine, 'step' | 'verdict' | 'message'>): Promise<void> {
    const known = this.#known.get(id);
    if (!known) throw new ClawError('internal', 'The journal was asked to follow an answer it does not know.');
    const { content, run, qid, by } = known;
    await this.#append({ v: VERSION, id, atMs: this.#nowMs(), content, run, qid, by, ...more });
  }

  async #append(line: JournalLine): Promise<void> {
    try {
      this.#fd ??= this.#create();
      const fd = this.#fd;
      const text = Buffer.from((this.#torn ? '\n' : '') + encode(line));
      this.#torn = true;
      const written = fs.writeSync(fd, text);
      if (written !== text.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
      this.#torn = false;
      await new Promise<void>((resolve, reject) => fs.fdatasync(fd, (error) => (error ? reject(error) : resolve())));
    } catch (cause) {
      const why = errno(cause) || 'unknown error';
      throw new ClawError('journal_unavailable', `The answer journal cannot be written (${why}), so nothing was typed.`, {
        hint: `Free some space, or mend ${this.#file}; then answer again.`,
        cause,
      });
    }
  }

  #create(): number {
    const fd = fs.openSync(
      this.#file,
      fs.constants.O_WRONLY | fs.constants.O_APPEND | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW,
      0o600,
    );
    fsyncDir(path.dirname(this.#file));
    return fd;
  }

  #load(note: JournalNote): void {
    const bytes = readPrivateFile(this.#file, LIMIT_BYTES);
    if (bytes === null) return;
    const { lines, bad, future } = readLines(bytes.toString('utf8'));
    if (bad > 0 || future > 0) {
      this.damaged = true;
      const aside = `${this.#file}.${future > 0 ? 'newer' : 'damaged'}-${this.#nowMs().toString(36)}`;
      fs.writeFileSync(aside, bytes, { mode: 0o600, flag: 'wx' });
      note(
        `${future > 0 ? `${future} line(s) of the answer journal were written by a newer version` : `${bad} line(s) of the answer journal are damaged`}; ` +
          `the file as it was is kept as ${aside}. Questions that stand now get new ids, so that no old answer can be typed again.`,
      );
    }
    const kept = this.#replay(lines);
    this.#torn = bytes.length > 0 && bytes.at(-1) !== 0x0a;
    if (this.damaged || bytes.length > COMPACT_BYTES) this.#rewrite(kept);
  }

  #rewrite(lines: readonly JournalLine[]): void {
    writeFileAtomic(this.#file, lines.map(encode).join(''));
    this.#torn = false;
  }

  /** Rebuilds memory from the lines; returns those still worth keeping. */
  #replay(lines: readonly JournalLine[]): JournalLine[] {
    const since = this.#nowMs() - KEEP_MS;
    const kept = lines.filter((line) => line.atMs >= since || line.atMs > this.#nowMs());
    const typed = new Set<string>();
    for (const line of kept) {
      const { id, content, run, qid, by, atMs } = line;
      const known = this.#known.get(id) ?? { content, run, qid, by, atMs, verdict: null };
      this.#known.set(id, known);
      if (line.step === 'typed') typed.add(id);
      if (line.step === 'verdict' && line.verdict)
        known.verdict = { answerId: id, run, qid, verdict: line.verdict, message: line.message ?? '' };
    }
    for (const [id, known] of this.#known) {
      if (known.verdict !== null) continue;
      const { run, qid } = known;
      if (typed.has(id)) {
        known.verdict = {
          answerId: id,
          run,
          qid,
          verdict: 'typed_unconfirmed',
          message: 'The answer was typed; the daemon was restarted before it saw what the agent made of it.',
        };
      } else {
        known.verdict = {
          answerId: id,
          run,
          qid,
          verdict: 'unknown',
          message: 'The daemon stopped while it typed this answer. It may have been sent: look at the screen.',
        };
        this.inDoubt.push(known);
      }
    }
    return kept;
  }
}

function readLines(text: string): { lines: JournalLine[]; bad: number; future: number } {
  const lines: JournalLine[] = [];
  let bad = 0;
  let future = 0;
  for (const part of text.split('\n')) {
    if (part === '') continue;
    let line: ReturnType<typeof decode>;
    try {
      line = decode(part);
    } catch {
      line = 'bad';
    }
    if (line === 'bad') bad++;
    else if (line === 'future') future++;
    else lines.push(line);
  }
  return { lines, bad, future };
}
