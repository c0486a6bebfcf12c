/** The password becomes keys in a worker, so that the page stays alive for the second it takes. */
import type { Bytes } from '../../shared/bytes.ts';
import { ClawError, type ErrorBody } from '../../shared/errors.ts';
import { checkKdf, type KdfParams, type PasswordKeys } from '../../shared/keys.ts';
import { kdfWorkerUrl } from '../trusted.ts';

export interface KdfQuestion {
  password: string;
  email: string;
  salt: Bytes;
  kdf: KdfParams;
}
export type KdfReply = { ok: true; keys: PasswordKeys } | { ok: false; error: ErrorBody };

/** Throws `kdf_out_of_range` before anything is derived, `kdf_unavailable` where the browser cannot. */
export function passwordKeys(question: KdfQuestion): Promise<PasswordKeys> {
  checkKdf(question.kdf);
  return new Promise((resolve, reject) => {
    const worker = new Worker(kdfWorkerUrl(), { type: 'module' });
    const finish = (act: () => void): void => {
      worker.terminate();
      act();
    };
    worker.onmessage = ({ data }: MessageEvent<KdfReply>) =>
      finish(() => (data.ok ? resolve(data.keys) : reject(ClawError.from(data.error))));
    worker.onerror = (cause) =>
      finish(() =>
        reject(
          new ClawError('kdf_unavailable', 'This browser could not turn the password into keys.', {
            hint: 'It needs WebAssembly and 64 MB of memory: close other tabs, or use another browser.',
            cause,
          }),
        ),
      );
    worker.postMessage(question);
  });
}
