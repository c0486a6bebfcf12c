import { describe, expect, it } from 'vitest';
import { parseEnv } from './env-file.ts';

const parse = (text: string) => parseEnv(text, 'f');

describe('an environment file', () => {
  it('is read as people write them', () => {
    expect(
      parse(`\uFEFF# tokens\nA=1\n export B = two words # a note\r\nC="a \\"quoted\\" #1\\nline"\nD='raw \\n $HOME'\nE=\nF=a#b\n`),
    ).toEqual({ A: '1', B: 'two words', C: 'a "quoted" #1\nline', D: 'raw \\n $HOME', E: '', F: 'a#b' });
  });

  const WRONG: [string, string, string][] = [
    ['no value', 'JUSTANAME', 'config_env_file'],
    ['no name', '=x', 'config_env_file'],
    ['a name with =', 'A B=x', 'config_env_file'],
    ['an open quote', 'A="x', 'config_env_file'],
    ['text behind the quote', "A='x'y", 'config_env_file'],
    ['the same name twice, in another case', 'Path_A=1\nPATH_a=2', 'config_env_file'],
    ['LD_PRELOAD', 'LD_PRELOAD=/x.so', 'env_not_allowed'],
    ['node_options', 'node_options=--require x', 'env_not_allowed'],
    ['a variable of clawtab', 'CLAWTAB_STATE=/x', 'env_not_allowed'],
  ];
  it.each(WRONG)('refuses %s, naming the line and never the value', (_name, text, code) => {
    expect(() => parse(`# first\n${text}`)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(/line [23]/) }));
  });
});
