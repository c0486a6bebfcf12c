/** Commands at a real terminal (a pty): what they ask, what Ctrl-C does there, and how they leave it. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ownCommand } from '../own-command.ts';
import type { HolderClient } from '../runs/holder-client.ts';
import { follow, printed, TestRuns } from '../runs/test-run.ts';

const runs = new TestRuns();
afterAll(() => runs.remove());

/** `clawtab` with the state directory of `runs`, itself held by a pty; what it prints, and its exit code. */
async function atTerminal(args: readonly string[], type?: { after: string; keys: string }, more: NodeJS.ProcessEnv = {}) {
  const run = await runs.start([...ownCommand('cli'), ...args], { env: { ...runs.place.env, TERM: 'xterm-256color', ...more } });
  const client: HolderClient = await runs.connect(run);
  const heard = follow(client);
  if (type !== undefined) {
    await printed(client, type.after);
    await client.input(Buffer.from(type.keys));
  }
  const { bytes, exit } = await heard;
  return { text: bytes.toString('latin1'), code: exit?.code };
}

describe('Ctrl-C at a question of clawtab', () => {
  it('ends it with 130, on a line of its own', async () => {
    const { text, code } = await atTerminal(['login', '--relay', 'https://claw.example'], { after: 'E-mail: ', keys: '\x03' });
    expect(text).toMatch(/E-mail: \r?\n.*Interrupted; nothing was done\./s);
    expect(code).toBe(130);
  }, 60_000);

  it.each([
    ['Ctrl-C', '\x03'],
    ['an end of the input', '\x04'],
  ])(
    'is a no to editing again: %s leaves the job as it is, and says where the text lies',
    async (_name, keys) => {
      const file = path.join(runs.state.jobs, 'nightly.toml');
      const before = 'type = "command"\ncommand = ["true"]\ncwd = "/"\n';
      fs.writeFileSync(file, before, { mode: 0o600 });
      const { text, code } = await atTerminal(['jobs', 'edit', 'nightly'], { after: 'Edit again?', keys }, { EDITOR: 'sed -i s/cwd/cdw/' });
      expect(text).toContain('there is no setting');
      expect(text).toContain('The job is as it was.');
      const draft = /Your text is kept in (\S+\.toml)/.exec(text)![1]!;
      expect(fs.readFileSync(draft, 'utf8')).toContain('cdw');
      fs.rmSync(path.dirname(draft), { recursive: true });
      expect(fs.readFileSync(file, 'utf8')).toBe(before);
      expect(code).toBe(3);
    },
    60_000,
  );
});

describe('output that is shown again', () => {
  it('asks the terminal nothing, and leaves it as it was', async () => {
    const run = await runs.sh(String.raw`printf 'before\033[?1049h\033[?25l\033[?1000h\033[c\033[6n\033]52;c;aGk=\007inside'; sleep 100`);
    const client = await runs.connect(run, { role: 'viewer' });
    const inside = printed(client, 'inside');
    await client.subscribe(0);
    await inside;
    const { text, code } = await atTerminal(['jobs', 'logs', run.id]);
    expect(text).toContain('before');
    expect(text).toContain('inside');
    for (const asked of ['\x1b[c', '\x1b[6n', '\x1b]52']) expect(text).not.toContain(asked);
    for (const undone of ['\x1b[?1000l', '\x1b[?1049l', '\x1b[?25h']) expect(text).toContain(undone);
    expect(text).toContain(`try: clawtab attach ${run.id}`);
    expect(code).toBe(0);
    // Followed, Ctrl-C leaves it in the same way.
    const followed = await atTerminal(['jobs', 'logs', '-f', run.id], { after: 'inside', keys: '\x03' });
    expect(followed.text).toContain('\x1b[?1049l');
    expect(followed.code).toBe(130);
  }, 60_000);
});
