/** How hard a password is to guess, in bits. The estimator and its word lists are large: they come only when somebody types an own password. */

export const MIN_LENGTH = 12;
/** What security.md asks for against offline guessing with the relay's data. */
export const MIN_BITS = 50;

export interface Strength {
  bits: number;
  ok: boolean;
  /** What to say; '' where it is good. */
  advice: string;
}

async function guessesLog2(password: string, known: readonly string[]): Promise<number> {
  const [{ ZxcvbnFactory }, { dictionary, adjacencyGraphs }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ]);
  const estimator = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
  // Longer ones are strong enough, and the estimator is not linear.
  return estimator.check(password.slice(0, 64), [...known]).guessesLog10 * Math.log2(10);
}

/** `known`: words that a guesser would try first, such as the e-mail address. */
export async function strengthOf(password: string, known: readonly string[]): Promise<Strength> {
  const length = [...password].length;
  if (length < MIN_LENGTH) return { bits: 0, ok: false, advice: `At least ${MIN_LENGTH} characters; this has ${length}.` };
  const bits = await guessesLog2(password, known);
  if (bits >= MIN_BITS) return { bits, ok: true, advice: '' };
  return { bits, ok: false, advice: 'Too easy to guess: take the phrase, or add some words that have nothing to do with each other.' };
}
