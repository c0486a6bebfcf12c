/** This machine's device key: a P-256 key in a 0600 file of the state directory. Owns the file; what is signed with it is decided elsewhere. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { type Bytes, concat, fromBase64url } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import { createSigningKey, exportPrivate, importPrivate, type SigningKey, thumbprint } from '../../shared/keys.ts';
import { ensurePrivateDir, readPrivateFile, type State, writeFileAtomic } from '../state.ts';

export type DeviceKey = SigningKey & { id: string };

export const accountDir = (state: State): string => path.join(state.root, 'account');
const keyFile = (state: State): string => path.join(accountDir(state), 'device.key');

/** The key, made where there is none yet. Throws `permission_*` (with the chmod line) for an open file, `state_device_key` for a damaged one. */
export async function openDeviceKey(state: State): Promise<DeviceKey> {
  ensurePrivateDir(accountDir(state));
  const file = keyFile(state);
  const stored = readPrivateFile(file, 4096);
  if (stored === null) return createDeviceKey(state);
  try {
    const pkcs8 = new Uint8Array(stored);
    const publicRaw = publicOf(pkcs8);
    return { privateKey: await importPrivate(pkcs8), publicRaw, id: await thumbprint(publicRaw) };
  } catch (cause) {
    throw new ClawError('state_device_key', `The device key ${file} is damaged.`, {
      hint: `Move it away (mv '${file}' '${file}.bak'), then sign in again: clawtab login.`,
      cause,
    });
  }
}

/** A new key in place of the old one, which is kept as `device.key.bak`. */
export async function createDeviceKey(state: State): Promise<DeviceKey> {
  ensurePrivateDir(accountDir(state));
  const file = keyFile(state);
  if (fs.existsSync(file)) fs.renameSync(file, `${file}.bak`);
  const made = await createSigningKey(true);
  const pkcs8 = await exportPrivate(made.privateKey);
  writeFileAtomic(file, pkcs8);
  const privateKey = await importPrivate(pkcs8);
  pkcs8.fill(0);
  return { privateKey, publicRaw: made.publicRaw, id: await thumbprint(made.publicRaw) };
}

function publicOf(pkcs8: Uint8Array): Bytes {
  const jwk = createPublicKey(createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })).export({ format: 'jwk' });
  const [x, y] = [fromBase64url(jwk.x ?? ''), fromBase64url(jwk.y ?? '')];
  if (jwk.crv !== 'P-256' || x?.length !== 32 || y?.length !== 32) throw new Error('not a P-256 key');
  return concat(Uint8Array.of(4), x, y);
}
