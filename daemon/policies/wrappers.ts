/**
 * Commands that run what their arguments name: `sudo rm`, `sh -c 'rm x'`, `find . -exec rm`, `git -c alias.x='!rm'`. By their names alone; what a program or a script of
 * one's own runs, nobody can read off a line. Pure.
 */
import type { Words } from './shell.ts';

const PREFIXES = new Set(
  (
    'sudo doas env nohup time nice command exec builtin xargs timeout stdbuf setsid watch parallel busybox toybox chroot ionice chrt taskset strace ltrace ' +
    'unshare nsenter flock setarch script su runuser pkexec systemd-run caffeinate unbuffer fakeroot prlimit ssh tmux screen npx bunx noglob nocorrect coproc'
  ).split(' '),
);
const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ksh', 'fish', 'ash']);
/** Options of a shell of which one is `-c`. */
const SCRIPT = /^-[a-zA-Z]*c[a-zA-Z]*$/;
/** Of `find` and `fd`: what follows is a command. */
const EXEC = /^-(?:exec|execdir|ok|okdir|x|X)$/;
/** Of git: what follows, or stands behind its `=`, may be a command. */
const GIT = /^(?:-c|-x|--exec|--config-env|--exec-path|--upload-pack|--receive-pack|--\w+-filter|run|foreach|config)$/;
/** Words of one command that are looked at. */
const MAX_WORDS = 64;

/** Name of a program without its folder. */
export const base = (word: string): string => word.split('/').pop() ?? word;
export const isShell = (word: string): boolean => SHELLS.has(base(word));
const isOption = (word: string): boolean => word.startsWith('-') || /^\w+\+?=/.test(word);

/** Index of the first word that names another command or holds its text; null where there is none, as far as the name tells. */
export function runsAnother(words: Words): number | null {
  const name = base(words[0]!);
  const behind = (fits: (word: string) => boolean): number | null => {
    const at = words.findIndex((word, i) => i > 0 && fits(word));
    return at < 0 ? null : at + 1;
  };
  if (words.length < 2) return null;
  if (name === 'eval' || name === 'trap' || name === 'source' || name === '.') return 1;
  if (SHELLS.has(name)) return behind((word) => SCRIPT.test(word));
  if (name === 'git') {
    const bang = words.findIndex((word) => word.startsWith('!'));
    return bang > 0 ? bang : behind((word) => GIT.test(word.split('=')[0]!));
  }
  if (!PREFIXES.has(name)) return behind((word) => EXEC.test(word));
  // Numbers and times belong to the wrapper (`nice -n 5`, `timeout 60s`).
  const at = words.findIndex((word, i) => i > 0 && !isOption(word) && !/^[\d.]+[smhd]?$/.test(word));
  return at < 0 ? words.length : at;
}

/** What a command would run in turn: other commands, and texts that a shell would read. Rather too much than too little. */
export interface Inner {
  commands: Words[];
  scripts: string[];
  /** False where there are more words than are looked at. */
  whole: boolean;
}

export function innerOf(words: Words): Inner {
  const name = base(words[0]!);
  const inner: Inner = { commands: [], scripts: [], whole: true };
  const from = runsAnother(words);
  if (from === null) return inner;
  if (name === 'eval') inner.scripts.push(words.slice(1).join(' '));
  else if (SHELLS.has(name) || name === 'trap') inner.scripts.push(...words.slice(from));
  else if (name === 'git') {
    for (const [i, word] of words.entries()) {
      if (i === 0) continue;
      const [option, ...value] = word.split('=');
      const given = GIT.test(words[i - 1]!) || word.startsWith('!') || (GIT.test(option!) && value.length > 0);
      if (given) inner.scripts.push(...[word, value.join('=')].map((text) => text.replace(/^!/, '')));
      // `git bisect run rm x`, `git submodule foreach rm x`.
      if (words[i - 1] === 'run' || words[i - 1] === 'foreach') inner.commands.push(words.slice(i));
    }
  } else if (PREFIXES.has(name)) {
    // Options and their values cannot be told apart for every wrapper: each word that could be the command is taken for one.
    inner.whole = words.length <= MAX_WORDS;
    for (const [i, word] of words.slice(0, MAX_WORDS).entries()) {
      if (i === 0) continue;
      if (!isOption(word)) inner.commands.push(words.slice(i, i + MAX_WORDS));
      // `su -c 'rm x'`, `ssh host 'rm x'`, `env -S'rm x'`.
      if (/\s/.test(word)) inner.scripts.push(word.replace(/^-+[a-zA-Z-]*=/, '').replace(/^-\w/, ''));
    }
  } else
    for (const [i, word] of words.entries()) if (EXEC.test(word) && words[i + 1] !== undefined) inner.commands.push(words.slice(i + 1));
  return inner;
}
