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
  ];
  it.each(HIDDEN)('finds rm in: %s', (line) => {
    expect(mentioned(line).some((words) => words[0] === 'rm' && words[1] === '-rf')).toBe(true);
  });

  it('does not take a word for a command', () => {
    expect(mentioned('echo rm -rf x').some((words) => words[0] === 'rm')).toBe(false);
    expect(mentioned("git commit -m 'rm -rf x'").some((words) => words[0] === 'rm')).toBe(false);
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
