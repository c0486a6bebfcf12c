/** How a bench client joins: with its own id at the bare relay, with token and signature at ours. */
import { createPrivateKey, type KeyObject, sign as signSync } from 'node:crypto';
import * as v from 'valibot';
import { lengthPrefixed, utf8 } from '../../../shared/bytes.ts';
import { CLASS, encodeFrame, FRAME, FRAME_HEADER_BYTES } from '../../../shared/frame.ts';
import { ChallengeBody, socketProofText, WelcomeBody } from '../../../shared/relay-api.ts';
import { FRAME_VERSION } from '../../../shared/version.ts';
import type { RawSocket } from './raw-socket.ts';

export interface Credential {
  /** Bare relay: the id to claim. */
  claim: number;
  kid: string;
  kind: 'phone' | 'daemon';
  /** PKCS #8, base64. */
  key: string;
  relayToken: string;
}

function nextMessage(raw: RawSocket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    raw.onMessage = (payload) => resolve(Buffer.from(payload));
    raw.onClose = (why) => reject(new Error(`closed while joining: ${why}`));
  });
}

const body = (frame: Buffer): unknown => JSON.parse(frame.toString('utf8', FRAME_HEADER_BYTES));

const keys = new Map<string, KeyObject>();
function keyOf(pkcs8: string): KeyObject {
  const known = keys.get(pkcs8);
  if (known) return known;
  const key = createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), format: 'der', type: 'pkcs8' });
  keys.set(pkcs8, key);
  return key;
}

function signature(key: KeyObject, text: string): string {
  return signSync('sha256', lengthPrefixed(utf8('ct-ws'), utf8(text)), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

/** The connection id under which others reach this socket. */
export async function greet(system: 'bare' | 'clawtab', origin: string, raw: RawSocket, credential: Credential): Promise<number> {
  if (system === 'bare') {
    const claim = Buffer.alloc(4);
    claim.writeUInt32BE(credential.claim);
    const answer = nextMessage(raw);
    raw.send(claim);
    await answer;
    return credential.claim;
  }
  const challenge = v.parse(ChallengeBody, body(await nextMessage(raw)));
  const text = socketProofText({
    nonce: challenge.nonce,
    relayToken: credential.relayToken,
    origin,
    node: challenge.node,
    version: FRAME_VERSION,
  });
  const hello = {
    relayToken: credential.relayToken,
    kid: credential.kid,
    sig: signature(keyOf(credential.key), text),
    version: FRAME_VERSION,
  };
  const answer = nextMessage(raw);
  raw.send(encodeFrame(FRAME.hello, CLASS.control, 0, utf8(JSON.stringify(hello))));
  const welcome = await answer;
  if (welcome[1] !== FRAME.welcome) throw new Error(`no welcome: ${welcome.toString('utf8', FRAME_HEADER_BYTES)}`);
  return v.parse(WelcomeBody, body(welcome)).connection;
}
