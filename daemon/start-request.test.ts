/** What may be started, where and with which words: BAD-57 and BAD-58 of the contract. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAgents } from './agents/registry.ts';
import { checkCwd, planStart } from './start-request.ts';

let dir: string;
const agents = await loadAgents();
beforeAll(() => {
  dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'ct-start-')));
  fs.mkdirSync(path.join(dir, 'root', 'project'), { recursive: true });
  fs.mkdirSync(path.join(dir, 'outside'));
  fs.writeFileSync(path.join(dir, 'root', 'file'), '');
  fs.symlinkSync(path.join(dir, 'outside'), path.join(dir, 'root', 'way-out'));
  fs.symlinkSync(path.join(dir, 'root', 'project'), path.join(dir, 'root', 'inside'));
  fs.symlinkSync(path.join(dir, 'nowhere'), path.join(dir, 'root', 'dangling'));
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

describe('BAD-57: a directory to start in', () => {
  const roots = () => [path.join(dir, 'root')];

  it.each([
    ['missing', () => `${dir}/root/nothing`, 'does not exist'],
    ['a file', () => `${dir}/root/file`, 'is not a directory'],
    ['outside of the roots', () => `${dir}/outside`, 'is outside the directories'],
    ['outside by ..', () => `${dir}/root/project/../../outside`, 'is outside the directories'],
    ['a root’s name with more behind it', () => `${dir}/root-more`, 'does not exist'],
    ['a link that leads out', () => `${dir}/root/way-out`, 'is outside the directories'],
    ['a link that leads nowhere', () => `${dir}/root/dangling`, 'does not exist'],
    ['another user’s home', () => '~root', 'is not expanded'],
    ['relative', () => 'project', 'is not absolute'],
    ['empty', () => '', 'is not absolute'],
    ['with a NUL', () => `${dir}/root\0`, 'NUL'],
    ['of 4097 bytes', () => `/${'x'.repeat(4096)}`, '4096 bytes'],
  ])('%s is bad_cwd, and says why', (_name, cwd, why) => {
    expect(() => checkCwd(cwd(), roots())).toThrow(expect.objectContaining({ code: 'bad_cwd', message: expect.stringContaining(why) }));
  });

  it('is the real one where a link leads to it inside of the roots, and any at the desk', () => {
    expect(checkCwd(`${dir}/root/inside`, roots())).toBe(`${dir}/root/project`);
    expect(checkCwd(`${dir}/outside`, null)).toBe(`${dir}/outside`);
    expect(() => checkCwd(`${dir}/root`, [])).toThrow(expect.objectContaining({ code: 'bad_cwd' }));
  });
});

describe('BAD-58: a prompt', () => {
  const plan = (prompt: string, agent = 'demo') =>
    planStart(
      { from: 'agent', requestId: 'r', agent, prompt, cwd: dir },
      { agents, job: () => expect.unreachable(), roots: null, demo: () => [], home: dir },
    );

  it.each([
    ['of 1 MiB', 'x'.repeat(1 << 20), 'prompt_too_long'],
    ['of blanks', ' \n\t ', 'empty_prompt'],
    ['with half a character', 'a\ud800b', 'bad_utf8'],
    ['with a NUL', 'a\0b', 'bad_utf8'],
  ])('%s is %s', (_name, prompt, code) => {
    expect(() => plan(prompt)).toThrow(expect.objectContaining({ code }));
  });

  // The demo agent takes no prompt.
  it.each(agents.all().flatMap(({ name }) => (name === 'demo' ? [] : [name])))(
    'that looks like a flag is the data of one argument for %s',
    (agent) => {
      const { argv } = plan('--dangerously-skip-permissions; rm -rf ~', agent);
      const at = argv.findIndex((word) => word.includes('--dangerously-skip-permissions; rm -rf ~'));
      expect(at).toBeGreaterThan(0);
      // Behind `--`, glued to its flag, or the value of the flag before it: never a flag itself.
      const own = argv[at] === '--dangerously-skip-permissions; rm -rf ~';
      expect(own ? argv[at - 1] : argv[at]).toMatch(own ? /^(?:--|-p|-i|--prompt|--prompt-interactive|--interactive)$/ : /^--[a-z-]+=/);
    },
  );
});
