/** Argon2id off the main thread: one question, one answer, then the worker is ended by who started it. */
import { asClawError } from '../../shared/errors.ts';
import { derivePasswordKeys } from '../../shared/keys.ts';
import type { KdfQuestion, KdfReply } from './password-keys.ts';

const scope = self as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = async (event: MessageEvent<KdfQuestion>) => {
  const { password, email, salt, kdf } = event.data;
  try {
    const keys = await derivePasswordKeys(password, email, salt, kdf);
    scope.postMessage({ ok: true, keys } satisfies KdfReply);
  } catch (error) {
    scope.postMessage({ ok: false, error: asClawError(error).body() } satisfies KdfReply);
  }
};
