/** Completion scripts for three shells from one table: what may follow which command. Pure. */
import type { Shell } from './shell-block.ts';

/** Command path ("jobs add", '' for the first word) → what may follow. */
export type Words = Map<string, { word: string; about: string }[]>;

export function completionScript(shell: Shell, words: Words): string {
  if (shell === 'fish') return fish(words);
  return shell === 'zsh' ? zsh(words) : bash(words);
}

/** `case` arms: the longest path wins because the script tries two words, then one, then none. */
function arms(words: Words): string {
  return [...words].map(([path, follow]) => `    '${path}') echo "${follow.map(({ word }) => word).join(' ')}";;`).join('\n');
}

function bash(words: Words): string {
  return `# bash completion for clawtab
_clawtab_words() {
  case "$1" in
${arms(words)}
    *) return 1;;
  esac
}
_clawtab() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" i one="" two=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in --) return;; -*) continue;; esac
    if [ -z "$one" ]; then one="\${COMP_WORDS[i]}"; elif [ -z "$two" ]; then two="\${COMP_WORDS[i]}"; fi
  done
  local list
  list="$(_clawtab_words "$one $two" 2>/dev/null || _clawtab_words "$one")" || return
  COMPREPLY=($(compgen -W "$list" -- "$cur"))
}
complete -o default -F _clawtab clawtab`;
}

function zsh(words: Words): string {
  const described = [...words]
    .map(
      ([path, follow]) =>
        `    '${path}') reply=(${follow.map(({ word, about }) => zshQuote(`${word.replaceAll(':', '\\:')}:${about}`)).join(' ')});;`,
    )
    .join('\n');
  return `#compdef clawtab
_clawtab_words() {
  case "$1" in
${described}
    *) return 1;;
  esac
}
_clawtab() {
  local one="" two="" word
  local -a reply
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    case "$word" in --) return;; -*) continue;; esac
    if [[ -z "$one" ]]; then one="$word"; elif [[ -z "$two" ]]; then two="$word"; fi
  done
  _clawtab_words "$one $two" || _clawtab_words "$one" || { _files; return; }
  _describe 'clawtab' reply || _files
}
if [ "$funcstack[1]" = "_clawtab" ]; then _clawtab "$@"; else compdef _clawtab clawtab; fi`;
}

const zshQuote = (text: string): string => `'${text.replaceAll("'", '’').replace(/\n/g, ' ')}'`;

function fish(words: Words): string {
  const lines = [...words].flatMap(([path, follow]) => {
    const [one, two] = path.split(' ');
    const when =
      one === '' || one === undefined
        ? '__fish_use_subcommand'
        : two === undefined
          ? `__fish_seen_subcommand_from ${one}`
          : `__fish_seen_subcommand_from ${one}; and __fish_seen_subcommand_from ${two}`;
    return follow.map(({ word, about }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c clawtab -n '${when}' ${what} -d '${about.replaceAll("'", '’')}'`;
    });
  });
  return ['# fish completion for clawtab', 'complete -c clawtab -f', ...lines].join('\n');
}
