/**
 * The form of a token: prefix, 32 random bytes, 4 bytes of checksum, base64url. The checksum lets a mistyped, truncated or foreign string be
 * refused without asking the database, and secret scanners recognise a real one. What a token opens is the store's and the policies' business.
 */
import { createHash } from 'node:crypto';
import { type Bytes, concat, fromBase64url, randomBytes, toBase64url, utf8 } from '../../shared/bytes.ts';
import { ClawError } from '../../shared/errors.ts';
import { TOKEN_PREFIX, type TokenType } from '../../shared/relay-api.ts';

const RANDOM_BYTES = 32;
const SUM_BYTES = 4;
const TOKEN_CHARS = 4 + 48;

export interface MintedToken {
  token: string;
  /** SHA-256 of the whole string: all that is ever stored. */
  hash: Bytes;
}

/** Hashed here and now: WebCrypto's way through another thread costs six times as much, twice for every socket. */
const sha256 = (bytes: Uint8Array): Bytes => new Uint8Array(createHash('sha256').update(bytes).digest());

const checksum = (prefix: string, random: Uint8Array): Bytes => sha256(concat(utf8(prefix), random)).slice(0, SUM_BYTES);

export const hashToken = (token: string): Bytes => sha256(utf8(token));

export async function mintToken(type: TokenType): Promise<MintedToken> {
  const prefix = TOKEN_PREFIX[type];
  const random = randomBytes(RANDOM_BYTES);
  const token = prefix + toBase64url(concat(random, checksum(prefix, random)));
  return { token, hash: hashToken(token) };
}

/** Which token this is. Throws `malformed_token`; never asks the database. */
export async function readToken(token: string): Promise<{ type: TokenType; hash: Bytes }> {
  const type = (Object.keys(TOKEN_PREFIX) as TokenType[]).find((t) => token.startsWith(TOKEN_PREFIX[t]));
  const raw = token.length === TOKEN_CHARS && type ? fromBase64url(token.slice(TOKEN_PREFIX[type].length)) : null;
  if (!type || !raw) throw new ClawError('malformed_token', 'The token is not one of this relay.');
  const sum = checksum(TOKEN_PREFIX[type], raw.subarray(0, RANDOM_BYTES));
  if (!sum.every((b, i) => b === raw[RANDOM_BYTES + i]))
    throw new ClawError('malformed_token', 'The token is damaged: its checksum is wrong.');
  return { type, hash: hashToken(token) };
}
