/**
 * The output of one run as this page reads it: by byte offset, within a credit, resumed where it stopped, every hole told. Bytes come over the
 * bulk lane and gaps over the control lane, so the two are put in order here. What the bytes mean is text/ansi.ts's.
 */
import type { ArgsOf, CommandName, EventOf, ProtocolEvent, ResultOf } from '../../shared/protocol.ts';
import type { OutputChunk } from '../../shared/wire.ts';

export type GapWhy = EventOf<'gap'>['why'];

export interface OutputSink {
  data(bytes: Uint8Array, offset: number): void;
  gap(from: number, to: number, why: GapWhy): void;
  end(): void;
  /** Where the log stands at the machine. */
  opened(facts: { start: number; end: number; from: number }): void;
  failed(error: unknown): void;
}

export type OutputAsk = <C extends CommandName>(cmd: C, args: ArgsOf<C>) => Promise<ResultOf<C>>;

/** What may be under way before the page has taken it in; returned in halves. */
export const CREDIT_BYTES = 256 * 1024;
const EARLY_CHUNKS = 64;

export class OutputFeed {
  readonly #run: string;
  readonly #ask: OutputAsk;
  readonly #sink: OutputSink;
  #epoch: string | undefined;
  #next: number | undefined;
  #stream: number | null = null;
  #attempt = 0;
  #opening = false;
  #early: (OutputChunk | Extract<ProtocolEvent, { event: 'gap' | 'stream.end' }>)[] = [];
  #gaps: EventOf<'gap'>[] = [];
  #endAt: number | null = null;
  #owed = 0;
  #done = false;

  /** `from`: the first byte wanted, where the log still has it. */
  constructor(run: string, ask: OutputAsk, sink: OutputSink, from?: number) {
    this.#run = run;
    this.#ask = ask;
    this.#sink = sink;
    this.#next = from;
  }

  /** Opens, or opens again after a cut, at the byte after the last one seen. */
  async open(): Promise<void> {
    if (this.#done) return;
    const attempt = ++this.#attempt;
    this.#stream = null;
    this.#gaps = [];
    this.#endAt = null;
    this.#owed = 0;
    this.#early = [];
    this.#opening = true;
    try {
      const opened = await this.#ask('runs.subscribe', {
        run: this.#run,
        creditBytes: CREDIT_BYTES,
        ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
        ...(this.#next === undefined ? {} : { from: this.#next }),
      });
      if (attempt !== this.#attempt || this.#done) {
        void this.#ask('runs.unsubscribe', { stream: opened.stream }).catch(() => undefined);
        return;
      }
      this.#opening = false;
      if (this.#epoch !== opened.epoch) this.#next = opened.from;
      else if (this.#next === undefined || this.#next > opened.from) this.#next = opened.from;
      this.#epoch = opened.epoch;
      this.#stream = opened.stream;
      this.#sink.opened(opened);
      for (const early of this.#early.splice(0)) {
        if ('bytes' in early) this.chunk(early);
        else this.event(early);
      }
      this.#settle();
    } catch (error) {
      if (attempt !== this.#attempt || this.#done) return;
      this.#opening = false;
      this.#sink.failed(error);
    }
  }

  /** Bytes of any stream of this machine; those of others are not ours. */
  chunk(chunk: OutputChunk): void {
    if (this.#opening && this.#early.length < EARLY_CHUNKS) this.#early.push({ ...chunk, bytes: chunk.bytes.slice() });
    if (chunk.stream !== this.#stream || this.#next === undefined) return;
    const end = chunk.offset + chunk.bytes.length;
    if (chunk.offset > this.#next) {
      const told = this.#gaps.find((g) => g.to === chunk.offset);
      // The relay dropped frames: what is missing is still at the machine.
      if (!told) return void this.open();
      this.#skip(told);
    }
    if (end <= this.#next) return;
    const fresh = chunk.bytes.subarray(this.#next - chunk.offset);
    const offset = this.#next;
    this.#next = end;
    this.#sink.data(fresh, offset);
    this.#settle();
  }

  event(event: Extract<ProtocolEvent, { event: 'gap' | 'stream.end' }>): void {
    if (this.#opening && this.#early.length < EARLY_CHUNKS) this.#early.push(event);
    if (event.data.stream !== this.#stream) return;
    if (event.event === 'stream.end') this.#endAt = event.data.end;
    else if (event.data.why === 'lost') return void this.open();
    else this.#gaps.push(event.data);
    this.#settle();
  }

  /** The page has taken in `bytes`: as many more may come. */
  consumed(bytes: number): void {
    this.#owed += bytes;
    if (this.#owed < CREDIT_BYTES / 2 || this.#stream === null) return;
    const credit = this.#owed;
    this.#owed = 0;
    void this.#ask('runs.credit', { stream: this.#stream, bytes: credit }).catch(() => undefined);
  }

  close(): void {
    this.#done = true;
    if (this.#stream !== null) void this.#ask('runs.unsubscribe', { stream: this.#stream }).catch(() => undefined);
    this.#stream = null;
  }

  /** A gap that starts where we stand, or an end that we have reached. */
  #settle(): void {
    for (;;) {
      const gap = this.#gaps.find((g) => this.#next !== undefined && g.from <= this.#next);
      if (!gap) break;
      this.#skip(gap);
    }
    if (this.#endAt === null || this.#next === undefined || this.#next < this.#endAt) return;
    this.#endAt = null;
    this.#stream = null;
    this.#done = true;
    this.#sink.end();
  }

  #skip(gap: EventOf<'gap'>): void {
    this.#gaps = this.#gaps.filter((g) => g !== gap);
    if (this.#next === undefined || gap.to < this.#next) {
      if (gap.why !== 'epoch') return;
    }
    this.#sink.gap(gap.from, gap.to, gap.why);
    this.#next = gap.to;
  }
}
