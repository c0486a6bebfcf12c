/** Reads the writer's stamps out of a stream of bytes: microseconds from the write in the child to now. One monotonic clock serves the whole machine. */
export class Stamps {
  readonly us: number[] = [];
  #rest = '';

  take(bytes: Uint8Array | string): void {
    const nowNs = process.hrtime.bigint();
    const text =
      this.#rest + (typeof bytes === 'string' ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'));
    let end = 0;
    for (const match of text.matchAll(/@(\d+)@/g)) {
      this.us.push(Number(nowNs - BigInt(match[1]!)) / 1000);
      end = match.index + match[0].length;
    }
    this.#rest = text.slice(end).slice(-64);
  }
}
