/** `clawtab jobs edit`: the job's file in $EDITOR, checked before it takes the old one's place. A job that cannot be is offered again, never lost. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { ClawError } from '../../shared/errors.ts';
import { JobFiles, parseJob } from '../jobs/job-files.ts';
import { openState, writeFileAtomic } from '../state.ts';
import { ask } from './ask.ts';
import { say } from './print.ts';

export async function editJob(name: string): Promise<void> {
  const files = new JobFiles(openState().jobs);
  const file = files.file(name);
  if (!fs.existsSync(file)) throw new ClawError('not_found', `There is no job “${name}”.`, { hint: `Make it: clawtab jobs add ${name} …` });
  const before = fs.readFileSync(file, 'utf8');
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'clawtab-edit-'));
  const draft = path.join(directory, `${name}.toml`);
  fs.writeFileSync(draft, before, { mode: 0o600 });
  for (;;) {
    try {
      openEditor(draft);
    } catch (error) {
      if (fs.readFileSync(draft, 'utf8') === before) fs.rmSync(directory, { recursive: true });
      throw error;
    }
    const text = fs.readFileSync(draft, 'utf8');
    if (text === before) {
      fs.rmSync(directory, { recursive: true });
      return say('Nothing changed.');
    }
    try {
      parseJob(text, name, draft);
      writeFileAtomic(file, text);
      fs.rmSync(directory, { recursive: true });
      return say(`Saved job ${name}.`);
    } catch (error) {
      if (!(error instanceof ClawError)) throw error;
      if (!process.stdin.isTTY) throw new ClawError(error.code, error.message, { hint: `Your text is kept in ${draft}.` });
      say(error.message);
      if (!(await again())) throw new ClawError(error.code, 'The job is as it was.', { hint: `Your text is kept in ${draft}.` });
    }
  }
}

function openEditor(draft: string): void {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi';
  // As git does: the variable may hold a command with flags.
  const ran = spawnSync('/bin/sh', ['-c', `${editor} "$@"`, editor, draft], { stdio: 'inherit' });
  if (ran.status !== 0)
    throw new ClawError('usage', `The editor “${editor}” ended with ${ran.status ?? ran.signal}; nothing was changed.`, {
      hint: 'Set EDITOR to one you have.',
    });
}

/** Ctrl-C and an end of the input are a no. */
async function again(): Promise<boolean> {
  return !/^n/i.test(await ask('Edit again? [Y/n] ').catch(() => 'n'));
}
