/** Recognises which program a command line starts, through interpreters and wrappers. Pure; looks at words only, never at the disk. */

const INTERPRETERS = new Set([
  'node',
  'bun',
  'deno',
  'python',
  'python3',
  'npx',
  'bunx',
  'pnpm',
  'yarn',
  'env',
  'sudo',
  'nice',
  'exec',
  'time',
]);
/** Sub-words of the interpreters above that precede the program. */
const SUBCOMMANDS = new Set(['run', 'dlx', 'exec', 'x', '-y', '--yes', '-A']);

const base = (word: string): string => (word.split(/[\\/]/).pop() ?? word).replace(/\.(?:[cm]?js|exe|cmd|sh|py)$/i, '');

/**
 * True where `argv` starts one of `names`: by the base name of argv[0], or of the script behind an interpreter (`node …/claude.js`,
 * `npx claude`, `env A=b claude`), or where the script lies in one of `packages` (`…/node_modules/@scope/name/cli.js`, `npx @scope/name`).
 */
export function startsProgram(argv: readonly string[], names: readonly string[], packages: readonly string[] = []): boolean {
  for (const word of argv.slice(0, 6)) {
    if (names.includes(base(word))) return true;
    if (packages.some((name) => word === name || word.startsWith(`${name}@`) || word.includes(`/node_modules/${name}/`))) return true;
    const passes = INTERPRETERS.has(base(word)) || SUBCOMMANDS.has(word) || word.startsWith('-') || /^\w+=/.test(word);
    if (!passes) return false;
  }
  return false;
}
