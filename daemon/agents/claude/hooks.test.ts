/** Payloads that Claude Code 2.1.331 really sent, against questions as the screen shows them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { HookHint } from '../agent.ts';
import { fuse, withHooks } from './hooks.ts';

const hint = (name: string): HookHint => ({
  atMs: 0,
  event: 'PermissionRequest',
  payload: JSON.parse(readFileSync(join(import.meta.dirname, 'payloads', `${name}.json`), 'utf8')),
});
const shown = (more: Partial<ParsedQuestion>): ParsedQuestion => ({
  kind: 'permission',
  title: 'Bash command',
  text: 'Do you want to proceed?',
  detail: 'touch marker-bash.txt && echo\ncreated-marker',
  options: [{ label: 'Yes', keys: ['1'], default: true }],
  source: 'screen',
  ...more,
});

describe('what a hook adds', () => {
  it('is the exact command where the screen shows that command', () => {
    expect(fuse(shown({}), [hint('bash')])).toMatchObject({
      detail: 'touch marker-bash.txt && echo created-marker',
      note: 'Create a marker file',
      source: 'hook',
    });
  });

  it('is nothing where another command stands on the screen', () => {
    const other = shown({ detail: 'rm -rf build' });
    expect(fuse(other, [hint('bash')])).toBe(other);
  });

  describe('where the agent has asked for several things at once', () => {
    const of = (tool_name: string, tool_input: Record<string, unknown>): HookHint => ({
      atMs: 0,
      event: 'PermissionRequest',
      payload: { tool_name, tool_input },
    });
    const remove = of('Bash', { command: 'rm -rf x' });
    const harmless = of('Bash', { command: "echo 'never: rm -rf x'; true" });

    it('is the command on the screen, not a later one that only contains it', () => {
      const question = shown({ detail: 'rm -rf x' });
      expect(fuse(question, [remove, harmless]).detail).toBe('rm -rf x');
      expect(fuse(question, [harmless])).toBe(question);
      // A tall dialog has lost its title, and shows the end of its command.
      const tall = shown({ title: '', detail: 'two\nthree' });
      expect(fuse(tall, [of('Bash', { command: 'one\ntwo\nthree' })]).detail).toBe('one\ntwo\nthree');
      expect(fuse(tall, [of('Bash', { command: 'two\nthree\nfour' })])).toBe(tall);
    });

    it('is the change on the screen, not a later one of the same file', () => {
      const edit = (new_string: string) => of('Edit', { file_path: '/w/a.ts', old_string: 'const port = 1;', new_string });
      const question = shown({
        text: 'Do you want to make this edit to a.ts?',
        detail: ' 1 -const port = 1;\n 1 +const port = steal();',
        detailKind: 'diff',
      });
      const [evil, good] = [edit('const port = steal();'), edit('const port = 2;')];
      expect(fuse(question, [evil, good]).detail).toContain('+const port = steal();');
      expect(fuse(question, [good])).toBe(question);
    });
  });

  it('is nothing for a question that is no permission', () => {
    const trust = shown({ kind: 'trust' });
    expect(fuse(trust, [hint('bash')])).toBe(trust);
  });

  it('is the whole plan, also the part that is scrolled off', () => {
    const plan = fuse(shown({ kind: 'plan', detail: '3. Write one test' }), [hint('plan')]);
    expect(plan.detail).toMatch(/^# Plan: add a health endpoint[\s\S]*Questions\? None\.$/);
    expect(plan).toMatchObject({ detailKind: 'plan', source: 'hook' });
  });

  it('is full labels and descriptions where the screen cut them; a single choice stays one tap, not a form', () => {
    const cut = shown({
      kind: 'choice',
      text: 'Which database should the service use?',
      detail: '',
      options: [
        { label: 'Postgre…', keys: ['1'] },
        { label: 'Type something.', keys: ['4'], freeText: true },
      ],
    });
    const fused = fuse(cut, [hint('bash'), hint('single')]);
    expect(fused.options[0]).toMatchObject({
      label: 'PostgreSQL',
      description: 'Relational, already used by two other services',
      keys: ['1'],
    });
    expect(fused.options[1]).toEqual(cut.options[1]);
    expect(fused.form).toBeUndefined();
    expect(fused.source).toBe('hook');
  });

  it('is every page of a set of questions, also those that are not on the screen', () => {
    const page = {
      question: 'Which database?',
      header: 'Database',
      multiSelect: false,
      options: [{ label: 'PostgreSQL', description: 'Relational' }, { label: 'SQLite' }],
    };
    const payload = {
      tool_name: 'AskUserQuestion',
      tool_input: { questions: [page, { ...page, question: 'Which extras?', header: 'Extras', multiSelect: true }] },
    };
    const tabs = ['Database', 'Extras', 'Submit'].map((title, n) => ({ title, answered: false, current: n === 0 }));
    const fused = fuse(shown({ kind: 'choice', text: 'Which database?', detail: '', tabs }), [{ atMs: 0, event: 'PreToolUse', payload }]);
    expect(fused.form?.map(({ title, text, multi }) => [title, text, multi])).toEqual([
      ['Database', 'Which database?', false],
      ['Extras', 'Which extras?', true],
    ]);
  });

  it('is nothing where the payload is not what it should be', () => {
    const question = shown({});
    expect(
      fuse(question, [
        { atMs: 0, event: 'PermissionRequest', payload: { tool_name: 7 } },
        { atMs: 0, event: 'Stop', payload: null },
      ]),
    ).toBe(question);
  });
});

describe('withHooks', () => {
  it('puts inline settings behind the program and leaves its other words alone', () => {
    const { argv } = withHooks(['npx', 'claude', '--model', 'opus', '--', 'hi'], ['/opt/claw tab', 'hook']);
    expect(argv.slice(0, 3)).toEqual(['npx', 'claude', '--settings']);
    expect(argv.slice(4)).toEqual(['--model', 'opus', '--', 'hi']);
    const settings: { hooks: Record<string, { hooks: { command: string }[] }[]> } = JSON.parse(argv[3]!);
    expect(Object.keys(settings.hooks)).toContain('PermissionRequest');
    expect(settings.hooks.PermissionRequest![0]!.hooks[0]!.command).toBe("'/opt/claw tab' hook");
  });

  it("adds nothing to a run that brings settings of the user's own", () => {
    const argv = ['claude', '--settings', 'mine.json'];
    expect(withHooks(argv, ['hook']).argv).toEqual(argv);
  });
});
