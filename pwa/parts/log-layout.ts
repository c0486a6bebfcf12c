/** Where each block of log lines stands, in pixels: estimated from widths, corrected by what was drawn. Pure arithmetic, no DOM. */

export const BLOCK_LINES = 10;
export const LINE_PX = 19;
/** A gap marker, with its margins. */
export const GAP_PX = 38;

export class LogLayout {
  #columns = 80;
  #first = 0;
  #heights: number[] = [];
  #tops: number[] = [0];
  #measured = new Set<number>();
  #counted = 0;

  get height(): number {
    return this.#tops[this.#heights.length] ?? 0;
  }
  /** Index of the first block: blocks above it have been dropped. */
  get first(): number {
    return this.#first;
  }
  get end(): number {
    return this.#first + this.#heights.length;
  }

  /** Lays out `widths` (entries from `dropped` on). Returns by how many pixels the top has moved up. */
  update(widths: readonly number[], dropped: number, columns: number): number {
    let cut = 0;
    const first = Math.floor(dropped / BLOCK_LINES);
    if (first > this.#first) {
      const gone = first - this.#first;
      cut = this.#tops[Math.min(gone, this.#heights.length)] ?? 0;
      this.#heights.splice(0, gone);
      for (let i = this.#first; i < first; i++) this.#measured.delete(i);
      this.#first = first;
      this.#retop(0);
    }
    if (columns !== this.#columns) {
      this.#columns = columns;
      this.#measured.clear();
      this.#counted = 0;
      this.#heights = [];
      this.#tops = [0];
    }
    const total = dropped + widths.length;
    // The last block known may have grown since.
    let block = this.#counted === 0 ? this.#first : Math.max(this.#first, Math.floor((this.#counted - 1) / BLOCK_LINES));
    const changed = block - this.#first;
    for (; block * BLOCK_LINES < total; block++) {
      const at = block - this.#first;
      if (this.#measured.has(block) && (block + 1) * BLOCK_LINES <= this.#counted) continue;
      this.#measured.delete(block);
      this.#heights[at] = this.#estimate(widths, block * BLOCK_LINES - dropped, Math.min((block + 1) * BLOCK_LINES, total) - dropped);
    }
    this.#counted = total;
    this.#retop(changed);
    return cut;
  }

  top(block: number): number {
    return this.#tops[block - this.#first] ?? 0;
  }

  /** First block whose end lies below `y`. */
  at(y: number): number {
    let low = 0;
    let high = Math.max(0, this.#heights.length - 1);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#tops[middle + 1]! <= y) low = middle + 1;
      else high = middle;
    }
    return low + this.#first;
  }

  /** What the browser made of a block. Returns by how many pixels it differs from what was thought. */
  measure(block: number, height: number): number {
    const at = block - this.#first;
    if (at < 0 || at >= this.#heights.length || height === 0) return 0;
    this.#measured.add(block);
    const change = height - (this.#heights[at] ?? 0);
    if (Math.abs(change) < 1) return 0;
    this.#heights[at] = height;
    this.#retop(at);
    return change;
  }

  #estimate(widths: readonly number[], from: number, to: number): number {
    let px = 0;
    for (let i = Math.max(0, from); i < to; i++) {
      const width = widths[i]!;
      px += width < 0 ? GAP_PX : Math.max(1, Math.ceil(width / this.#columns)) * LINE_PX;
    }
    return px;
  }

  #retop(from: number): void {
    this.#tops.length = this.#heights.length + 1;
    if (from === 0) this.#tops[0] = 0;
    for (let i = from; i < this.#heights.length; i++) this.#tops[i + 1] = this.#tops[i]! + this.#heights[i]!;
  }
}
