/**
 * Argon2id of the auth key (19 MiB, t=2), off the main thread: at most two at once, a short queue, then `busy`, so that hashing is no lever
 * against live sockets. Workers end when they are idle. It protects the login, not the wrapped account key: that is the client's own Argon2id.
 */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { type Bytes, randomBytes } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import { LIMITS } from '../limits.ts';

/**
 * The worker is text, not a file: it runs the same from TypeScript sources, from `dist` and under every runtime, and all it does is to
 * call the library.
 */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
const { argon2id, argon2Verify } = require(workerData);
parentPort.on('message', async ({ hash, authKey, salt }) => {
  try {
    const result = hash === null
      ? await argon2id({ password: authKey, salt, parallelism: 1, iterations: 2, memorySize: 19 * 1024, hashLength: 32, outputType: 'encoded' })
      : await argon2Verify({ password: authKey, hash });
    parentPort.postMessage({ result });
  } catch (error) { parentPort.postMessage({ error: String(error) }); }
});`;
const IDLE_MS = 10_000;

interface Job {
  hash: string | null;
  authKey: Bytes;
  resolve(result: string | boolean): void;
  reject(error: Error): void;
}

export class PasswordHasher {
  readonly #library = createRequire(import.meta.url).resolve('hash-wasm');
  readonly #queue: Job[] = [];
  readonly #idle: { worker: Worker; timer: ReturnType<typeof setTimeout> }[] = [];
  #busy = 0;
  #closed = false;
  #dummy: Promise<string> | null = null;

  /** PHC text to store. Throws `busy`. */
  async hash(authKey: Bytes): Promise<string> {
    return String(await this.#submit(null, authKey));
  }

  /** `hash` null: an address without an account, which takes the same time and is always wrong. Throws `busy`. */
  async verify(hash: string | null, authKey: Bytes): Promise<boolean> {
    this.#dummy ??= this.hash(randomBytes(32));
    const dummy = await this.#dummy.catch((error: unknown) => {
      this.#dummy = null;
      throw error;
    });
    const right = (await this.#submit(hash ?? dummy, authKey)) === true;
    return right && hash !== null;
  }

  #submit(hash: string | null, authKey: Bytes): Promise<string | boolean> {
    if (this.#closed || this.#queue.length >= LIMITS.hashQueue)
      return Promise.reject(new ClawError('busy', 'The relay has too many sign-ins at once.', { data: { retryAfterS: 5 } }));
    return new Promise((resolve, reject) => {
      this.#queue.push({ hash, authKey, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#busy >= LIMITS.hashJobs) return;
    const job = this.#queue.shift();
    if (!job) return;
    this.#busy++;
    const idle = this.#idle.pop();
    if (idle) clearTimeout(idle.timer);
    const worker = idle?.worker ?? new Worker(WORKER, { eval: true, workerData: this.#library });
    if (!idle) worker.on('error', () => undefined); // also while nobody waits for it
    worker.ref();
    const done = (): void => {
      worker.off('message', answered);
      worker.off('error', failed);
      this.#busy--;
    };
    const answered = (m: { result?: string | boolean; error?: string }): void => {
      done();
      this.#rest(worker);
      if (m.result === undefined) job.reject(new Error(`password hash: ${m.error ?? 'no result'}`));
      else job.resolve(m.result);
      this.#next();
    };
    const failed = (error: unknown): void => {
      done();
      job.reject(error instanceof Error ? error : new Error(String(error)));
      this.#next();
    };
    worker.on('message', answered);
    worker.on('error', failed);
    worker.postMessage({ hash: job.hash, authKey: job.authKey, salt: randomBytes(16) });
  }

  #rest(worker: Worker): void {
    const timer = setTimeout(() => {
      const at = this.#idle.findIndex((i) => i.worker === worker);
      if (at >= 0) this.#idle.splice(at, 1);
      void worker.terminate();
    }, IDLE_MS);
    timer.unref?.();
    worker.unref();
    this.#idle.push({ worker, timer });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) job.reject(new ClawError('draining', 'The relay is stopping.'));
    await Promise.all(
      this.#idle.splice(0).map(({ worker, timer }) => {
        clearTimeout(timer);
        return worker.terminate();
      }),
    );
  }
}
