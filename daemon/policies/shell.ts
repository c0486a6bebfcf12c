/**
 * What a shell line runs, as far as that can be known without running it. Two answers for two uses: `certain` for rules that allow (null as soon as
 * anything could run that is not written out), `mentioned` for rules that deny (everything that looks like a command, also inside). Pure.
 */
import { forEachChild, parse, type Redirection, type SyntaxNode, type Word } from 'unbash';

/** One simple command: its words as the shell would pass them. */
export type Words = readonly string[];

const LIMIT_CHARS = 64 * 1024;
/** Commands that run another command given as their arguments. */
const WRAPPERS = new Set([
  'sudo',
  'doas',
  'env',
  'nohup',
  'time',
  'nice',
  'command',
  'exec',
  'builtin',
  'xargs',
  'timeout',
  'stdbuf',
  'setsid',
  'watch',
  'parallel',
]);
const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ksh', 'fish']);
const MAX_DEPTH = 4;

const base = (word: string): string => word.split('/').pop() ?? word;

/** The simple commands of the line, in order, or null where anything is expanded, substituted, redirected to a file, defined or put in the background. */
export function certain(line: string): Words[] | null {
  if (line.length > LIMIT_CHARS || line.trim() === '') return null;
  const script = safeParse(line);
  if (script === null || (script.errors?.length ?? 0) > 0) return null;
  const out: Words[] = [];
  for (const statement of script.commands) {
    if (statement.background === true || !collect(statement.command, out)) return null;
  }
  return out.length === 0 ? null : out;
}

function safeParse(line: string): ReturnType<typeof parse> | null {
  try {
    return parse(line);
  } catch {
    return null;
  }
}

function collect(node: SyntaxNode, out: Words[]): boolean {
  if (node.type === 'AndOr') return node.commands.every((command) => collect(command, out));
  if (node.type === 'Pipeline') return node.prefixes.length === 0 && node.commands.every((command) => collect(command, out));
  if (node.type !== 'Command' || node.name === undefined || node.prefix.some((part) => part.type === 'Assignment')) return false;
  if (!node.redirects.every(harmless)) return false;
  const words = [node.name, ...node.args];
  if (!words.every((word): word is Word => word.type === 'Word' && isLiteral(word))) return false;
  out.push(words.map((word) => word.value));
  return true;
}

/** Nothing in it is expanded: what is written is what is passed. */
function isLiteral(word: Word): boolean {
  if (word.parts === undefined) return !/[*?[\]{}~$`]/.test(word.text.replace(/\\./g, ''));
  return word.parts.every((part) => {
    if (part.type === 'Literal') return !/[*?[\]{}~]/.test(part.text.replace(/\\./g, ''));
    if (part.type === 'SingleQuoted') return true;
    return part.type === 'DoubleQuoted' && part.parts.every((inside) => inside.type === 'Literal');
  });
}

/** Writes no file: to /dev/null, or one descriptor onto another. */
function harmless(redirection: Redirection): boolean {
  if (redirection.type !== 'Redirect' || redirection.target === undefined) return false;
  const target = redirection.target.value;
  if (redirection.operator === '>&' || redirection.operator === '<&') return /^\d+$/.test(target);
  return target === '/dev/null' && isLiteral(redirection.target);
}

/** Everything in the line that could be run, as far as words can be read: for refusing, where too much is better than too little. */
export function mentioned(line: string, depth = 0): Words[] {
  if (line.length > LIMIT_CHARS || depth > MAX_DEPTH) return [];
  const script = safeParse(line);
  const out: Words[] = [];
  if (script !== null) visit(script, out, depth);
  return out;
}

function visit(node: SyntaxNode, out: Words[], depth: number): void {
  if (node.type === 'Command' && node.name !== undefined) {
    const words = [node.name.value, ...node.args.map((arg) => (arg.type === 'Word' ? arg.value : arg.text))];
    note(words, out, depth);
  }
  forEachChild(node, (child) => visit(child, out, depth));
}

/** The command itself, and what it would run in turn: `sudo rm x`, `sh -c 'rm x'`, `find . -exec rm`. */
function note(words: string[], out: Words[], depth: number): void {
  const name = base(words[0]!);
  out.push([name, ...words.slice(1)]);
  if (SHELLS.has(name) || name === 'eval') {
    const at = name === 'eval' ? 0 : words.findIndex((word) => /^-\w*c$/.test(word));
    const inner = name === 'eval' ? words.slice(1).join(' ') : at < 0 ? undefined : words[at + 1];
    if (inner !== undefined) out.push(...mentioned(inner, depth + 1));
    return;
  }
  if (WRAPPERS.has(name)) {
    // Options and their values cannot be told apart for every wrapper: each word that could be the command is taken for one.
    for (let i = 1; i < Math.min(words.length, 12); i++)
      if (!words[i]!.startsWith('-') && !/^\w+=/.test(words[i]!)) out.push([base(words[i]!), ...words.slice(i + 1)]);
    return;
  }
  words.forEach((word, i) => {
    if (/^-(?:exec|execdir|ok|okdir)$/.test(word) && words[i + 1] !== undefined) out.push([base(words[i + 1]!), ...words.slice(i + 2)]);
  });
}
