/** Runs tasks one after another; a task that returns no promise runs at once where nothing is pending, so that synchronous ciphers stay synchronous. */
export class Ordered {
  #tail: Promise<void> | null = null;
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  run(task: () => void | Promise<void>): void {
    if (this.#tail) {
      this.#follow(this.#tail.then(task));
      return;
    }
    try {
      const result = task();
      if (result) this.#follow(result);
    } catch (error) {
      this.#onError(error);
    }
  }

  #follow(promise: Promise<void>): void {
    const tail = promise.catch(this.#onError).then(() => {
      if (this.#tail === tail) this.#tail = null;
    });
    this.#tail = tail;
  }
}
