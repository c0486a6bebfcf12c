/**
 * Who else types into a run while it is being answered: counts keys from the desk (told by the holder) and from run views, so that an answer starts only on
 * a screen that shows them all, and stops as soon as another comes. Owns counts and times; the holder refuses what the desk has overtaken.
 */
import { ClawError } from '../shared/errors.ts';

/** How long a key may take to show on the screen. */
const SHOWN_MS = 500;
/** An answer waits this long for somebody to stop typing. */
const WAIT_MS = 5000;

export class Typists {
  /** The holder's count of what the desk has typed. */
  desk: number;
  #remote = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #guard: { desk: number; remote: number };

  constructor(desk: number) {
    this.desk = desk;
    this.#guard = { desk, remote: 0 };
  }

  deskTyped(count: number): void {
    this.desk = count;
    this.#lastMs = performance.now();
  }

  remoteTyped(): void {
    this.#remote++;
    this.#lastMs = performance.now();
  }

  /** True while a key may be under way that the screen does not show yet: a highlight that is about to move must not be walked from. */
  get typing(): boolean {
    return performance.now() < this.#lastMs + SHOWN_MS;
  }

  /** Waits until what was typed shows, or `over()`, or for 5 s; what is typed from here on fails `check`. */
  async settle(over: () => boolean): Promise<void> {
    const untilMs = performance.now() + WAIT_MS;
    while (this.typing && performance.now() < untilMs && !over())
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, this.#lastMs + SHOWN_MS - performance.now())));
    this.#guard = { desk: this.desk, remote: this.#remote };
  }

  /** The holder's guard for one write of the answer. Throws `local_input` where another device has typed since `settle`. */
  check(): number {
    if (this.#guard.remote !== this.#remote) throw new ClawError('local_input', 'Somebody typed from another device.');
    return this.#guard.desk;
  }
}
