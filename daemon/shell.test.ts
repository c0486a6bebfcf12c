/** What is put into people's shells, run by those shells where they are installed. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completionScript, type Words } from './completion.ts';
import { aliasedIn, installBlock, removeBlock, shellBlock, shellFile, shellOf } from './shell-block.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-shell-'));
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

describe('the block in a shell’s start file', () => {
  const block = shellBlock('bash', ['claude', 'codex'], ['clawtab']);

  it('goes in once, takes the place of an older one, and comes out without a trace', () => {
    const file = path.join(dir, '.bashrc');
    fs.writeFileSync(file, 'export A=1\nalias x=y', { mode: 0o600 });
    expect(installBlock(file, block)).toBe(true);
    expect(installBlock(file, block)).toBe(false);
    expect(installBlock(file, shellBlock('bash', ['claude'], ['clawtab']))).toBe(true);
    expect(fs.readFileSync(file, 'utf8').match(/>>> clawtab/g)).toHaveLength(1);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(removeBlock(file)).toBe(true);
    expect(fs.readFileSync(file, 'utf8')).toBe('export A=1\nalias x=y\n');
    expect(removeBlock(file)).toBe(false);
  });

  it('keeps a start file that is a link', () => {
    const real = path.join(dir, 'dotfiles-bashrc');
    fs.writeFileSync(real, '');
    fs.symlinkSync(real, path.join(dir, '.bashrc'));
    installBlock(path.join(dir, '.bashrc'), block);
    expect(fs.lstatSync(path.join(dir, '.bashrc')).isSymbolicLink()).toBe(true);
    expect(fs.readFileSync(real, 'utf8')).toContain('function claude {');
  });

  it('leaves scripts and pipes alone, and passes words on as they are', () => {
    const bin = path.join(dir, 'bin');
    fs.mkdirSync(bin);
    fs.writeFileSync(path.join(bin, 'claude'), '#!/bin/sh\nfor a in "$@"; do echo "[$a]"; done\nexit 3\n', { mode: 0o755 });
    const ran = spawnSync('bash', ['-c', `${block}\nclaude "a b" '$x' | cat; claude; echo rc=$?`], {
      env: { PATH: `${bin}:${process.env.PATH}` },
      encoding: 'utf8',
    });
    expect(ran.stdout).toBe('[a b]\n[$x]\nrc=3\n');
  });

  it('does not break a start file that has an alias of that name, and the alias is told', () => {
    const file = path.join(dir, '.bashrc');
    fs.writeFileSync(file, "alias claude='/home/me/.claude/local/claude'\n");
    installBlock(file, block);
    const ran = spawnSync('bash', ['--norc', '-O', 'expand_aliases', '-c', `. '${file}'; alias claude; declare -F`], { encoding: 'utf8' });
    // zsh ends the file at \`claude()\` where claude is an alias; bash would define another function.
    expect(block).not.toMatch(/^\w+\(\)/m);
    expect(ran.stdout).toContain('declare -f claude\ndeclare -f codex');
    expect(aliasedIn(file, ['claude', 'codex'])).toEqual(['claude']);
  });

  it('knows where each shell looks, and which it does not know', () => {
    expect(shellFile('zsh', '/h', { ZDOTDIR: '/z' })).toBe('/z/.zshrc');
    expect(shellFile('fish', '/h', {})).toBe('/h/.config/fish/conf.d/clawtab.fish');
    expect(shellOf('/usr/bin/zsh', 'x')).toBe('zsh');
    expect(() => shellOf('/bin/tcsh', 'clawtab completion')).toThrow(
      expect.objectContaining({ code: 'usage', hint: 'clawtab completion bash' }),
    );
  });
});

describe('completion', () => {
  const words: Words = new Map([
    [
      '',
      [
        { word: 'jobs', about: 'jobs' },
        { word: 'daemon', about: "the daemon's" },
      ],
    ],
    [
      'jobs',
      [
        { word: 'add', about: '' },
        { word: 'ls', about: '' },
        { word: '--json', about: '' },
      ],
    ],
    [
      'jobs add',
      [
        { word: '--agent', about: '' },
        { word: '--cron', about: '' },
      ],
    ],
    ['daemon', [{ word: 'start', about: '' }]],
  ]);

  it('completes in bash', () => {
    const complete = (line: string[]): string[] => {
      const script = `${completionScript('bash', words)}\nCOMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}; _clawtab; echo "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim().split(/\s+/);
    };
    expect(complete(['clawtab', ''])).toEqual(['jobs', 'daemon']);
    expect(complete(['clawtab', 'da'])).toEqual(['daemon']);
    expect(complete(['clawtab', 'jobs', ''])).toEqual(['add', 'ls', '--json']);
    expect(complete(['clawtab', 'jobs', 'add', '--c'])).toEqual(['--cron']);
    expect(complete(['clawtab', 'jobs', 'add', 'name', '--a'])).toEqual(['--agent']);
  });

  it('is made for zsh and fish too', () => {
    expect(completionScript('zsh', words)).toContain('#compdef clawtab');
    expect(completionScript('fish', words)).toContain("-n '__fish_seen_subcommand_from jobs; and __fish_seen_subcommand_from add' -l cron");
    expect(completionScript('fish', words)).toContain('the daemon’s');
  });
});
