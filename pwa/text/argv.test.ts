import { describe, expect, it } from 'vitest';
import { joinArgv, shellWords, splitArgv } from './argv.ts';

describe('argument lines', () => {
  it.each([
    ['npm test', ['npm', 'test']],
    ['  a   b ', ['a', 'b']],
    ['echo "a b" \'c d\'', ['echo', 'a b', 'c d']],
    ['echo "say \\"hi\\""', ['echo', 'say "hi"']],
    ["printf '%s\\n' x", ['printf', '%s\\n', 'x']],
    ['a\\ b', ['a b']],
    ['x ""', ['x', '']],
    ['echo $(rm -rf /) ; ls', ['echo', '$(rm', '-rf', '/)', ';', 'ls']],
  ])('%s', (line, argv) => {
    expect(splitArgv(line)).toEqual({ argv });
  });

  it.each([[['a b', "it's", '', '$x', 'ü', '--flag=1']], [['\\', '"', "'"]]])('come back as they went: %j', (argv) => {
    expect(splitArgv(joinArgv(argv))).toEqual({ argv });
  });

  it('names an open quote and an empty line', () => {
    expect(splitArgv('echo "a')).toEqual({ problem: 'A double quote is not closed.' });
    expect(splitArgv('   ')).toEqual({ problem: 'Type the command.' });
  });

  it('points at words that only a shell would act on', () => {
    expect(shellWords(['npm', 'test', '&&', 'echo', '$HOME'])).toEqual(['&&', '$HOME']);
    expect(shellWords(['grep', 'a.b', 'file'])).toEqual([]);
  });
});
