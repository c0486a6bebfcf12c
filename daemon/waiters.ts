/** Those who wait for something to change: all are woken at once, each looks for itself and waits again. */
export class Waiters {
  #waiting: (() => void)[] = [];

  wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves true as soon as `holds` does (looked at now and at each wake), false after `timeoutMs`. */
  until(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    return new Promise((resolve) => {
      let over = false;
      const timer = setTimeout(() => {
        over = true;
        resolve(false);
      }, timeoutMs);
      const look = (): void => {
        if (over) return;
        if (holds()) {
          clearTimeout(timer);
          resolve(true);
        } else this.#waiting.push(look);
      };
      this.#waiting.push(look);
    });
  }
}
