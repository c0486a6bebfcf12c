/** The block in a shell's start file that puts agents under clawtab: its text for each shell, and taking it in and out without touching a line beside it. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { ClawError } from '../shared/errors.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const BEGIN = '# >>> clawtab shell-init >>>';
const END = '# <<< clawtab shell-init <<<';

/** From a name or a path such as /bin/zsh. Throws `usage`; `hint` is the command that takes its name. */
export function shellOf(text: string | undefined, hint: string): Shell {
  const name = path.basename(text ?? '');
  const found = SHELLS.find((shell) => shell === name);
  if (!found) {
    const why = name === '' ? 'SHELL does not say which shell this is' : `“${name}” is not one of ${SHELLS.join(', ')}`;
    throw new ClawError('usage', `${why}.`, { hint: `${hint} ${SHELLS[0]}` });
  }
  return found;
}

export function shellFile(shell: Shell, home: string, env: NodeJS.ProcessEnv): string {
  if (shell === 'bash') return path.join(home, '.bashrc');
  if (shell === 'zsh') return path.join(env.ZDOTDIR ?? home, '.zshrc');
  return path.join(env.XDG_CONFIG_HOME ?? path.join(home, '.config'), 'fish', 'conf.d', 'clawtab.fish');
}

const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Functions for `names` that go through `cli`; in scripts, pipes and inside a run the command itself is called. */
export function shellBlock(shell: Shell, names: readonly string[], cli: readonly string[]): string {
  const run = cli.map(quote).join(' ');
  const lines = names.map((name) =>
    shell === 'fish'
      ? `function ${name}; if isatty stdin; and isatty stdout; and not set -q CLAWTAB_RUN; command ${run} run -- ${name} $argv; else; command ${name} $argv; end; end`
      : // The word \`function\` keeps an alias of that name from being read in its place: zsh would give up the whole file.
        `function ${name} { if [ -t 0 ] && [ -t 1 ] && [ -z "\${CLAWTAB_RUN:-}" ]; then command ${run} run -- ${name} "$@"; else command ${name} "$@"; fi; }`,
  );
  return [BEGIN, '# Made by `clawtab shell-init install`; `clawtab shell-init remove` takes it out.', ...lines, END].join('\n');
}

/** Puts the block at the end, or in the place of an older one. False where the file has it already. The file's mode and a link to it are kept. */
export function installBlock(file: string, block: string): boolean {
  const before = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  const rest = without(before);
  const after = `${rest}${rest === '' || rest.endsWith('\n') ? '' : '\n'}${block}\n`;
  if (after === before) return false;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  write(file, after);
  return true;
}

/** Those of `names` that an alias in the file takes before any function: Claude Code’s own installer makes one. */
export function aliasedIn(file: string, names: readonly string[]): string[] {
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  return names.filter((name) => new RegExp(`^\\s*alias\\s+(?:-g\\s+)?['"]?${name}['"]?[= ]`, 'm').test(text));
}

/** False where there was none. */
export function removeBlock(file: string): boolean {
  const before = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  const after = without(before);
  if (after === before) return false;
  if (after === '' && file.endsWith('clawtab.fish')) fs.rmSync(file);
  else write(file, after);
  return true;
}

function without(text: string): string {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END, from);
  return from < 0 || to < 0 ? text : text.slice(0, from) + text.slice(to + END.length).replace(/^\r?\n/, '');
}

/** Atomic, beside the true file: a start file that is half written would break every new shell. */
function write(file: string, text: string): void {
  const real = fs.existsSync(file) ? fs.realpathSync(file) : file;
  const mode = fs.existsSync(real) ? fs.statSync(real).mode & 0o777 : 0o644;
  const temporary = `${real}.clawtab-${process.pid}`;
  fs.writeFileSync(temporary, text, { mode });
  fs.renameSync(temporary, real);
}
