import { describe, expect, it } from 'vitest';
import type { Policy } from '../../shared/protocol.ts';
import type { ParsedQuestion } from '../../shared/question.ts';
import { decide } from './rules.ts';
import { certain, mentioned } from './shell.ts';

describe('what a shell line runs for certain', () => {
  const SURE: [string, string[][]][] = [
    ['git status', [['git', 'status']]],
    ['git  status --short', [['git', 'status', '--short']]],
    ['echo \'a b\' "c d"', [['echo', 'a b', 'c d']]],
    ['git add . && git commit -m "x y" | cat', [['git', 'add', '.'], ['git', 'commit', '-m', 'x y'], ['cat']]],
    ['ls; pwd', [['ls'], ['pwd']]],
    ['make 2>&1 >/dev/null', [['make']]],
    ['g\\it status', [['git', 'status']]],
  ];
  it.each(SURE)('%s', (line, commands) => {
    expect(certain(line)).toEqual(commands);
  });

  const UNSURE = [
    '',
    'git status $(rm -rf /)',
    'git status `rm -rf /`',
    'git status "$(rm x)"',
    'git status <(rm x)',
    'git $X',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is shell
    'git ${X:-rm}',
    'git status > /etc/passwd',
    'git status >> ~/.bashrc',
    'cat < /etc/shadow',
    'PATH=/evil git status',
    'X=1',
    'git status &',
    'git status & rm x',
    '(git status)',
    '{ git status; }',
    'if true; then git status; fi',
    'for i in 1; do git status; done',
    'f() { rm x; }; f',
    'git status *',
    'git add ~/x',
    'git add {a,b}',
    'cat <<EOF\n$(rm x)\nEOF',
    'git status "unclosed',
    'git status &&',
    "git status $'\\x3b'",
    '! git status',
    'time git status',
    'git status\\\n; echo "',
  ];
  it.each(UNSURE)('is not known of: %s', (line) => {
    expect(certain(line)).toBeNull();
  });
});

describe('what a shell line mentions', () => {
  const HIDDEN = [
    'rm -rf x',
    '/bin/rm -rf x',
    'ls && rm -rf x',
    'ls; rm -rf x',
    'echo $(rm -rf x)',
    'echo "`rm -rf x`"',
    'sudo rm -rf x',
    'sudo -u root rm -rf x',
    'env A=1 rm -rf x',
    'timeout 5 rm -rf x',
    'bash -c "rm -rf x"',
    "sh -lc 'cd y && rm -rf x'",
    'eval "rm -rf x"',
    'find . -exec rm -rf x \\;',
    'if true; then rm -rf x; fi',
    '(rm -rf x)',
    'f() { rm -rf x; }; f',
    'cat <(rm -rf x)',
    'rm -rf x > /dev/null &',
    'A=1 rm -rf x',
    'sudo bash -c "rm -rf x"',
    "timeout 5 sh -ec 'rm -rf x'",
    'env A=1 B=2 C=3 D=4 E=5 F=6 G=7 H=8 I=9 J=1 K=2 L=3 M=4 rm -rf x',
    "env -S 'rm -rf x'",
    "find . -exec sh -c 'rm -rf x' \\;",
    "ls | xargs sh -c 'rm -rf x'",
    'command eval "rm -rf x"',
    'nice sudo find . -execdir rm -rf x \\;',
    'busybox rm -rf x',
    "su me -c 'rm -rf x'",
    "ssh host 'rm -rf x'",
    "trap 'rm -rf x' EXIT",
    'bash <<EOF\nrm -rf x\nEOF',
    'bash <<< "rm -rf x"',
    "echo 'rm -rf x' | sh",
    "git -c alias.st='!rm -rf x' st",
    "git rebase --exec 'rm -rf x' main",
    "git submodule foreach 'rm -rf x'",
    'git bisect run rm -rf x',
  ];
  it.each(HIDDEN)('finds rm in: %s', (line) => {
    expect(mentioned(line).commands.some((words) => words[0] === 'rm' && words[1] === '-rf')).toBe(true);
  });

  it('does not take a word for a command', () => {
    expect(mentioned('echo rm -rf x').commands.some((words) => words[0] === 'rm')).toBe(false);
    expect(mentioned("git commit -m 'rm -rf x'").commands.some((words) => words[0] === 'rm')).toBe(false);
  });
});

const asked = (detail: string, change: Partial<ParsedQuestion> = {}): ParsedQuestion => ({
  kind: 'permission',
  title: 'Bash command',
  text: 'Do you want to proceed?',
  detail,
  detailKind: 'command',
  options: [
    { label: 'Yes', keys: ['1'] },
    { label: 'Yes, and don’t ask again for git', keys: ['2'], dangerous: true },
    { label: 'No', keys: ['3'] },
  ],
  dismiss: { keys: ['esc'], effect: 'denies' },
  source: 'hook',
  ...change,
});
const rule = (effect: Policy['effect'], change: Partial<Policy>): Policy => ({ id: 'r', effect, createdAt: 0, by: 'desk', ...change });
const inRun = (question: ParsedQuestion) => ({ question, agent: 'claude', job: null, run: 'r1', cwd: '/home/me/project' });
const status = rule('allow', { command: ['git', 'status'] });

describe('rules', () => {
  it('allow a command with the plain yes, never with one that widens rights', () => {
    expect(decide(inRun(asked('git status --short')), [status], 0)).toMatchObject({
      effect: 'allow',
      choice: { type: 'option', index: 0 },
    });
    const widening = asked('git status', {
      options: [
        { label: 'Yes, always', keys: ['1'], dangerous: true },
        { label: 'No', keys: ['2'] },
      ],
    });
    expect(decide(inRun(widening), [status], 0)).toBeNull();
  });

  it('allow a line only where each of its commands is allowed', () => {
    const add = rule('allow', { command: ['git', 'add'] });
    expect(decide(inRun(asked('git add . && git status')), [status], 0)).toBeNull();
    expect(decide(inRun(asked('git add . && git status')), [status, add], 0)).not.toBeNull();
    expect(decide(inRun(asked('git status && rm -rf /')), [status, add], 0)).toBeNull();
    expect(decide(inRun(asked('git status $(rm -rf /)')), [status], 0)).toBeNull();
    expect(decide(inRun(asked('./git status')), [status], 0)).toBeNull();
  });

  it('let deny win, however the command is wrapped', () => {
    const never = rule('deny', { command: ['rm'] });
    const all = rule('allow', { command: ['bash'] });
    expect(decide(inRun(asked('bash -c "rm x"')), [all, never], 0)).toMatchObject({ effect: 'deny', choice: { type: 'option', index: 2 } });
    const { options: _options, ...rest } = asked('rm x');
    expect(decide(inRun({ ...rest, options: [{ label: 'Yes', keys: ['1'] }] }), [never], 0)).toMatchObject({ choice: { type: 'dismiss' } });
  });

  it('allow no command that another one would run, unless the rule names it', () => {
    const fits = (pattern: string[], line: string) => decide(inRun(asked(line)), [rule('allow', { command: pattern })], 0) !== null;
    expect(fits(['find'], 'find . -name x')).toBe(true);
    expect(fits(['find'], "find . -exec rm x ';'")).toBe(false);
    expect(fits(['git'], 'git log --oneline')).toBe(true);
    expect(fits(['git'], "git -c alias.st='!rm x' st")).toBe(false);
    expect(fits(['git'], "git config alias.st '!rm x'")).toBe(false);
    expect(fits(['bash'], "bash -c 'rm x'")).toBe(false);
    expect(fits(['xargs'], 'xargs rm x')).toBe(false);
    expect(fits(['timeout', '60'], 'timeout 60 rm x')).toBe(false);
    expect(fits(['timeout', '60', 'npm', 'test'], 'timeout 60 npm test')).toBe(true);
    expect(fits(['env'], "env -S'rm x'")).toBe(false);
    expect(fits(['eval'], 'eval rm x')).toBe(false);
  });

  it('leave to a person what may be the denied command in another spelling, or cannot be known', () => {
    const told = (deny: string[], allow: Partial<Policy>, line: string) =>
      decide(inRun(asked(line)), [rule('deny', { command: deny }), rule('allow', allow)], 0)?.effect ?? null;
    const all = { tool: 'Bash command' };
    for (const line of [
      'git -C /x push',
      'git --git-dir=/x push origin',
      'x=push; git $x',
      'git "$@"',
      `git status${' '.repeat(70_000)}# x`,
    ])
      expect(told(['git', 'push'], all, line), line.slice(0, 40)).toBe(null);
    expect(told(['git', 'push'], all, 'git push')).toBe('deny');
    expect(told(['git', 'push'], all, 'git status')).toBe('allow');
    for (const line of ['rm -fr x', 'rm -r -f x', 'rm --recursive --force x'])
      expect(told(['rm', '-rf'], { command: ['rm'] }, line)).toBe(null);
    expect(told(['rm', '-rf'], { command: ['rm'] }, 'rm x')).toBe('allow');
    expect(told(['rm', '-rf'], { command: ['rm'] }, 'rm -rf x')).toBe('deny');
    expect(told(['rm'], all, 'ls $(printf r)m')).toBe(null);
  });

  it('leave to a person what the screen may not show whole', () => {
    expect(decide(inRun(asked('git status', { source: 'screen' })), [status], 0)).not.toBeNull();
    expect(decide(inRun(asked('git status\nrm -rf /', { source: 'screen' })), [status], 0)).toBeNull();
    expect(decide(inRun(asked('git status …', { source: 'screen' })), [status], 0)).toBeNull();
    expect(decide(inRun(asked('ls\nrm -rf /', { source: 'screen' })), [rule('deny', { command: ['rm'] })], 0)).toMatchObject({
      effect: 'deny',
    });
  });

  it('speak only of what they name', () => {
    const cases: [Partial<Policy>, boolean][] = [
      [{ agent: 'claude' }, true],
      [{ agent: 'codex' }, false],
      [{ job: 'nightly' }, false],
      [{ run: 'r1' }, true],
      [{ run: 'r2' }, false],
      [{ tool: 'bash COMMAND' }, true],
      [{ tool: 'Edit file' }, false],
      [{ directory: '/home/me' }, true],
      [{ directory: '/home/me/project' }, true],
      [{ directory: '/home/me/proj' }, false],
      [{ until: 10 }, true],
      [{ until: -1 }, false],
    ];
    for (const [change, speaks] of cases)
      expect(decide(inRun(asked('git status')), [{ ...status, ...change }], 0) !== null, JSON.stringify(change)).toBe(speaks);
  });

  it('match words exactly: star for one word, dollar for the end', () => {
    const fits = (pattern: string[], line: string) => decide(inRun(asked(line)), [rule('allow', { command: pattern })], 0) !== null;
    expect(fits(['npm', 'run', '*'], 'npm run test')).toBe(true);
    expect(fits(['npm', 'run', '*', '$'], 'npm run test -- --fix')).toBe(false);
    expect(fits(['npm', 'run', '*', '$'], 'npm run test')).toBe(true);
    expect(fits(['npm', 'run', '*'], 'npm run')).toBe(false);
    expect(fits(['git', 'stat'], 'git status')).toBe(false);
  });

  it('never answer anything but permission questions', () => {
    expect(decide(inRun(asked('git status', { kind: 'choice' })), [status], 0)).toBeNull();
  });
});
