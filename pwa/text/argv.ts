/** A line as a person types it into an argument list: quotes and backslashes as in a shell, and nothing else of a shell. Pure. */

export type Argv = { argv: string[] } | { problem: string };

export function splitArgv(line: string): Argv {
  const argv: string[] = [];
  let word = '';
  let started = false;
  let quote: '"' | "'" | null = null;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote) {
      if (char === quote) quote = null;
      else if (char === '\\' && quote === '"' && '"\\$`'.includes(line[i + 1] ?? ' ')) word += line[++i];
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      started = true;
    } else if (char === '\\' && i + 1 < line.length) {
      word += line[++i];
      started = true;
    } else if (/\s/.test(char)) {
      if (started) argv.push(word);
      word = '';
      started = false;
    } else {
      word += char;
      started = true;
    }
  }
  if (quote) return { problem: `A ${quote === '"' ? 'double' : 'single'} quote is not closed.` };
  if (started) argv.push(word);
  return argv.length === 0 ? { problem: 'Type the command.' } : { argv };
}

/** Words that look as if a shell should act on them: none will. */
export const shellWords = (argv: readonly string[]): string[] =>
  argv.filter((w) => /^(?:\||\|\||&&|;|&|>|>>|<|2>&1)$/.test(w) || /\$\(|\$\{?\w|`/.test(w) || /^[*?]|[^\\][*?]$/.test(w)).slice(0, 3);

/** The line that `splitArgv` reads back into the same list. */
export const joinArgv = (argv: readonly string[]): string =>
  argv.map((word) => (/^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
