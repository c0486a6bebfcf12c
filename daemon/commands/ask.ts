/** Questions to the person at the terminal; hidden input shows nothing. Without a terminal the lines come from standard input. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ClawError } from '../../shared/errors.ts';

/** Without a terminal: one reader for all questions, since it takes more than one line at once. */
let piped: AsyncIterator<string> | null = null;

async function readPiped(prompt: string): Promise<string> {
  process.stderr.write(`${prompt}\n`);
  // A file has neither of the two.
  const input: { ref?(): unknown; unref?(): unknown } = process.stdin;
  piped ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  input.ref?.();
  const { value, done } = await piped.next();
  // A pipe that stays open is no reason to stay.
  input.unref?.();
  if (done === true) throw new ClawError('usage', 'The input ended before the answer.');
  return value;
}

async function read(prompt: string, hidden: boolean): Promise<string> {
  if (process.stdin.isTTY !== true) return readPiped(prompt);
  // readline echoes to its output: for a password that is a place where nothing is seen.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input: process.stdin,
    output: hidden ? nowhere : process.stderr,
    terminal: true,
  });
  // After the terminal has been taken: a Ctrl-C that comes with the prompt is heard.
  process.stderr.write(prompt);
  let answered = false;
  try {
    const line = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('SIGINT', () => reject(new ClawError('interrupted', 'Interrupted; nothing was done.')));
      lines.once('close', () => reject(new ClawError('usage', 'The input ended before the answer.')));
    });
    answered = true;
    return line;
  } finally {
    lines.removeAllListeners('close');
    lines.close();
    // What follows stands on a line of its own.
    if (hidden || !answered) process.stderr.write('\n');
  }
}

export const ask = async (prompt: string): Promise<string> => (await read(prompt, false)).trim();
export const askHidden = (prompt: string): Promise<string> => read(prompt, true);
