/**
 * Reads numbered lines out of a stream of chunks with offsets and keeps count: what came twice, what is missing, which gaps were told. `next` is where a reader
 * that was cut goes on.
 */
export class LineCheck {
  next = 0;
  lines = 0;
  /** Bytes read, each once. */
  taken = 0;
  /** Chunks that began elsewhere than the last one ended: seen by their offset, and asked for again. */
  askedAgain = 0;
  doubled = 0;
  lost = 0;
  wrong = 0;
  readonly gaps: { from: number; to: number; why: string }[] = [];
  #number = 0;
  #expected = 1;
  #inGap = false;

  /** True where the chunk fits; a reader that gets false subscribes again from `next`. */
  take(offset: number, bytes: Uint8Array): boolean {
    if (offset !== this.next) {
      this.askedAgain++;
      return false;
    }
    this.next = offset + bytes.length;
    this.taken += bytes.length;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte >= 48 && byte <= 57) this.#number = this.#number * 10 + byte - 48;
      else if (byte === 10) this.#line();
      else if (byte !== 13) this.wrong++;
    }
    return true;
  }

  /** Bytes up to `next` that were neither read nor told to be gone. */
  get silent(): number {
    return this.next - this.taken - this.gaps.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  gap(from: number, to: number, why: string): void {
    // A gap that overtook the bytes before it, or was told before: what follows shows by its offset.
    if (to === from || from !== this.next) return;
    this.gaps.push({ from, to, why });
    this.next = to;
    this.#inGap = true;
  }

  #line(): void {
    const number = this.#number;
    this.#number = 0;
    // The first line behind a gap may have lost its head.
    if (this.#inGap) {
      this.#inGap = false;
      this.#expected = -1;
      return;
    }
    if (this.#expected !== -1) {
      if (number > this.#expected) this.lost += number - this.#expected;
      else if (number < this.#expected) this.doubled++;
    }
    this.#expected = number + 1;
    this.lines++;
  }
}
