/**
 * What a shell line runs, as far as that can be known without running it. Two answers for two uses: `certain` for rules that allow (null as soon as
 * anything could run that is not written out), `mentioned` for rules that deny (everything that looks like a command, also inside). Pure.
 */
import { forEachChild, parse, type Redirection, type SyntaxNode, type Word } from 'unbash';
import { base, innerOf, isShell } from './wrappers.ts';

/** One simple command: its words as the shell would pass them. */
export type Words = readonly string[];

const LIMIT_CHARS = 64 * 1024;
const MAX_DEPTH = 6;
/** Commands found in a line above which nobody reads on. */
const MAX_FOUND = 2000;

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

/** What a line mentions. */
export interface Mentioned {
  commands: Words[];
  /** False where it could not be read to its end: there may be more. */
  whole: boolean;
}

/** Everything in the line that could be run, as far as words can be read: for refusing, where too much is better than too little. */
export function mentioned(line: string): Mentioned {
  const found: Mentioned = { commands: [], whole: true };
  read(line, found, 0);
  return found;
}

function read(line: string, found: Mentioned, depth: number): void {
  if (line.trim() === '') return;
  const script = line.length > LIMIT_CHARS || depth > MAX_DEPTH || found.commands.length > MAX_FOUND ? null : safeParse(line);
  // A word that only might be a script need not be one.
  if (depth === 0 && (script === null || (script.errors?.length ?? 0) > 0)) found.whole = false;
  if (depth > MAX_DEPTH || found.commands.length > MAX_FOUND) found.whole = false;
  if (script !== null) visit(script, found, depth);
}

const wordsOf = (node: SyntaxNode): string[] =>
  node.type === 'Command' && node.name !== undefined
    ? [node.name.value, ...node.args.map((arg) => (arg.type === 'Word' ? arg.value : arg.text))]
    : [];

function visit(node: SyntaxNode, found: Mentioned, depth: number): void {
  if (node.type === 'Command' && node.name !== undefined) {
    const words = wordsOf(node);
    note(words, found, depth);
    // What a shell reads from a here-document is its script.
    if (words.some(isShell))
      for (const redirect of node.redirects) {
        if (redirect.type === 'HereDoc') read(redirect.body.text, found, depth + 1);
        if (redirect.type === 'HereString') read(redirect.target?.value ?? '', found, depth + 1);
      }
  }
  if (node.type === 'Pipeline') piped(node.commands.map(wordsOf), found, depth);
  forEachChild(node, (child) => visit(child, found, depth));
}

/** `echo 'rm x' | sh`: what the commands before a shell are given may be its script. */
function piped(commands: readonly string[][], found: Mentioned, depth: number): void {
  const shell = commands.findLastIndex((words) => words.some(isShell));
  for (const words of commands.slice(0, Math.max(0, shell))) for (const word of words.slice(1)) read(word, found, depth + 1);
}

/** The command itself, and what it would run in turn, in any order and depth: `sudo sh -c 'find . -exec rm …'`. */
function note(words: Words, found: Mentioned, depth: number): void {
  found.commands.push([base(words[0]!), ...words.slice(1)]);
  if (depth > MAX_DEPTH || found.commands.length > MAX_FOUND) {
    found.whole = false;
    return;
  }
  const { commands, scripts, whole } = innerOf(words);
  if (!whole) found.whole = false;
  for (const command of commands) note(command, found, depth + 1);
  for (const script of scripts) read(script, found, depth + 1);
}
