/** Finds a command as the shell would, so that a missing agent is one clear sentence instead of a dead pty. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { ClawError } from '../../shared/errors.ts';

/** Absolute path of `command`. @throws agent_not_found naming the PATH searched, agent_not_executable */
export function findExecutable(command: string, searchPath: string | undefined, cwd: string): string {
  if (command === '' || command.includes('\0')) throw new ClawError('usage', 'The command is empty or holds a NUL byte.');
  if (command.includes('/')) {
    const file = path.resolve(cwd, command);
    const found = look(file);
    if (found === 'executable') return file;
    throw found === 'missing' ? new ClawError('agent_not_found', `There is no file ${file}.`) : notExecutable(file);
  }
  const dirs = (searchPath ?? '').split(':').map((dir) => path.resolve(cwd, dir === '' ? '.' : dir));
  let refused: string | undefined;
  for (const dir of searchPath === undefined || searchPath === '' ? [] : dirs) {
    const file = path.join(dir, command);
    const found = look(file);
    if (found === 'executable') return file;
    if (found === 'plain') refused ??= file;
  }
  if (refused !== undefined) throw notExecutable(refused);
  throw new ClawError(
    'agent_not_found',
    `"${command}" was not found; PATH searched: ${searchPath === undefined || searchPath === '' ? '(empty)' : searchPath}`,
    {
      hint: 'Install it, or give its whole path.',
    },
  );
}

function look(file: string): 'executable' | 'plain' | 'missing' {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return 'missing';
  if (!stat.isFile()) return stat.isDirectory() ? 'missing' : 'plain';
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return 'executable';
  } catch {
    return 'plain';
  }
}

function notExecutable(file: string): ClawError {
  return new ClawError('agent_not_executable', `${file} may not be executed.`, { hint: `Run: chmod +x '${file}'` });
}
