/** A job's environment file: `NAME=value` lines, private (0600). Owns the format; values never appear in a message or a log. */
import { ClawError } from '../../shared/errors.ts';
import { readPrivateFile } from '../state.ts';

const LIMIT_BYTES = 64 * 1024;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Names that decide what code runs, or that clawtab itself goes by: never taken from a file (security.md BAD-59). */
const REFUSED = /^(?:LD_.*|DYLD_.*|NODE_OPTIONS|BASH_ENV|ENV|PYTHONSTARTUP|PERL5OPT|RUBYOPT|CLAWTAB_.*)$/i;

/** Throws `config_env_file` naming file and line, `env_not_allowed`, `permission_*` for a file that others can read. */
export function readEnvFile(file: string): Record<string, string> {
  const bytes = readPrivateFile(file, LIMIT_BYTES);
  if (bytes === null)
    throw new ClawError('config_env_file', `There is no environment file ${file}.`, { hint: 'Make it, 0600, with NAME=value lines.' });
  return parseEnv(bytes.toString('utf8'), file);
}

/** `#` starts a comment line; `export ` may stand before a name; a value may be quoted, within double quotes `\n`, `\"` and `\\` are understood. */
export function parseEnv(text: string, file: string): Record<string, string> {
  const env: Record<string, string> = {};
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((raw, i) => {
      const line = raw.trim().replace(/^export\s+/, '');
      if (line === '' || line.startsWith('#')) return;
      const at = line.indexOf('=');
      const name = at < 0 ? line : line.slice(0, at).trim();
      if (at < 1 || !NAME.test(name)) throw new ClawError('config_env_file', `${file}, line ${i + 1}: expected NAME=value.`);
      if (REFUSED.test(name)) throw new ClawError('env_not_allowed', `env_not_allowed: ${name} (${file}, line ${i + 1}).`);
      const known = Object.keys(env).find((other) => other.toLowerCase() === name.toLowerCase());
      if (known !== undefined) throw new ClawError('config_env_file', `${file}, line ${i + 1}: ${name} is there already as ${known}.`);
      env[name] = unquote(line.slice(at + 1).trim(), `${file}, line ${i + 1}`);
    });
  return env;
}

function unquote(value: string, where: string): string {
  const quote = value[0];
  if (quote !== '"' && quote !== "'") return value.replace(/\s+#.*$/, '');
  const end = quote === "'" ? value.indexOf("'", 1) : closing(value);
  if (end < 0 || !/^\s*(?:#.*)?$/.test(value.slice(end + 1))) throw new ClawError('config_env_file', `${where}: the quotes do not close.`);
  const inside = value.slice(1, end);
  return quote === "'" ? inside : inside.replace(/\\([\\"n])/g, (_, char: string) => (char === 'n' ? '\n' : char));
}

/** Index of the double quote that ends the value. */
function closing(value: string): number {
  for (let i = 1; i < value.length; i++) {
    if (value[i] === '\\') i++;
    else if (value[i] === '"') return i;
  }
  return -1;
}
